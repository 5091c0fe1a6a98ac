"""Small pictures of the artist's own layer in the styles of a gallery, made while nothing else is to be done.

glimpses = Glimpses(controller)
glimpses.set_layer(small_pixels)     # another layer: what was made of the one before goes
glimpses.want([choice, ...])         # those in sight; takes the place of what was wanted before
glimpses.read(event)                 # for each event of the controller; the style that has come
glimpses.of(choice)                  # its picture, or None
"""

from __future__ import annotations

from collections import deque
from typing import Callable, Deque, Dict, Optional, Sequence, Set, Tuple

from ..errors import ScumbleError
from ..pixels.pixels import Pixels
from .effect import Effect, StyleChoice
from .jobs import GLIMPSE, JobController, JobEvent

Key = Tuple[str, str]
SIDE = 160
"""Longest side of the layer that is painted: as large as a picture of a gallery, and a few hundredths of a
second."""


class Glimpses:
    """At most one job waits in the controller, so that all else goes before within that one's time.

    `layer_pixels` gives the pixels of a style of kind ``layer``, `engine_for` the engine of a style
    where one is set (`Gallery.engine_for`). For one thread.
    """

    def __init__(
        self,
        controller: JobController,
        layer_pixels: Optional[Callable[[str], Pixels]] = None,
        engine_for: Callable[[StyleChoice, str], str] = lambda _choice, engine: engine,
    ) -> None:
        self._controller, self._layer_pixels = controller, layer_pixels
        self._engine_for = engine_for
        self._layer: Optional[Pixels] = None
        self._effect = Effect()
        self._made: Dict[Key, Pixels] = {}
        self._failed: Set[Key] = set()
        self._wanted: Deque[StyleChoice] = deque()
        self._running: Optional[Tuple[int, Key]] = None

    @property
    def has_layer(self) -> bool:
        """Whether there is something to paint."""
        return self._layer is not None

    def set_layer(self, layer: Optional[Pixels], effect: Optional[Effect] = None) -> None:
        """Take another layer, no larger than `SIDE`, and the engine and device of `effect`.

        What was made before is forgotten.
        """
        self._layer, self._effect = layer, effect or Effect()
        self._wanted.clear()
        self._made.clear()
        self._failed.clear()
        if self._running is not None:
            self._controller.cancel(self._running[0])
            self._running = None

    def forget(self, key: Key) -> None:
        """A style looks different now: it was learned."""
        self._made.pop(key, None)
        self._failed.discard(key)

    def of(self, choice: StyleChoice) -> Optional[Pixels]:
        """The layer in that style, if it has been made."""
        return self._made.get(choice.key)

    def want(self, choices: Sequence[StyleChoice]) -> None:
        """Make these, in this order; what was wanted before and is not made yet is wanted no more."""
        self._wanted = deque(choice for choice in choices if self._lacks(choice.key))
        self._next()

    def read(self, event: JobEvent) -> Optional[Key]:
        """Take an event of the controller; the key of the style whose picture has come with it."""
        if event.task != GLIMPSE or self._running is None or event.ticket != self._running[0]:
            return None
        if event.kind == "progress":
            return None
        key, self._running = self._running[1], None
        if event.result is not None:
            self._made[key] = event.result
        else:
            # The gallery is no place for sentences: choosing the style tells what is wrong with it.
            self._failed.add(key)
        self._next()
        return key if event.result is not None else None

    def _lacks(self, key: Key) -> bool:
        running = self._running is not None and self._running[1] == key
        return key not in self._made and key not in self._failed and not running

    def _next(self) -> None:
        while self._layer is not None and self._running is None and self._wanted:
            choice = self._wanted.popleft()
            engine = self._engine_for(choice, self._effect.engine)
            effect = Effect((choice,), engine=engine, device=self._effect.device)
            try:
                request = effect.request(self._layer, None, self._layer_pixels)
                self._running = (self._controller.glimpse(request), choice.key)
            except ScumbleError:
                self._failed.add(choice.key)
