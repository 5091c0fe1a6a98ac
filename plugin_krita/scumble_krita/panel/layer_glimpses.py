"""The artist's layer in the styles of the gallery, small; nobody waits for it."""

from __future__ import annotations

import time
from typing import Any, Callable, Optional, Sequence, Tuple

from scumble import ScumbleError
from scumble.editing import Effect, Glimpses, JobController, JobEvent, StyleChoice
from scumble.editing.glimpses import SIDE

from ..qt import QtCore, Signal
from .editor import Editor
from .kinds import Object
from .pictures import Pictures

LOOK_S = 3.0
"""How old the layer may be before it is read again: Krita tells nobody that something was painted."""


class LayerGlimpses(QtCore.QObject):
    """Keeps `layers`, pictures of the layer by style. `stale` is emitted when a style has changed."""

    stale = Signal()

    def __init__(
        self,
        editor: Editor,
        controller: JobController,
        engine_for: Callable[[StyleChoice, str], str],
        parent: Object,
    ) -> None:
        super().__init__(parent)
        self.layers = Pictures(self)
        self._editor = editor
        self._glimpses = Glimpses(controller, editor.layer_pixels, engine_for)
        self._seen: Optional[Tuple[Any, ...]] = None
        self._read_at = float("-inf")

    def want(self, choices: Sequence[StyleChoice], effect: Effect) -> None:
        """Have the layer painted in these styles; without a layer nothing happens."""
        if time.monotonic() - self._read_at > LOOK_S:
            self._read_layer(effect)
        if self._glimpses.has_layer:
            self._glimpses.want(choices)

    def forget(self, key: Tuple[str, str]) -> None:
        """A style looks different since it was learned."""
        self._glimpses.forget(key)
        self.layers.forget(key)
        self.stale.emit()

    def read_event(self, event: JobEvent) -> None:
        """Take an event of the controller."""
        key = self._glimpses.read(event)
        pixels = self._glimpses.of(StyleChoice(*key)) if key is not None else None
        if key is not None and pixels is not None:
            self.layers.put_pixels(*key, pixels)

    def _read_layer(self, effect: Effect) -> None:
        work = None
        if self._editor.is_open():
            try:
                work = self._editor.glance(SIDE)
            except ScumbleError:
                work = None  # a layer that cannot be painted: Apply says why
        self._read_at = time.monotonic()
        seen = None
        if work is not None:
            seen = (work.layer, bytes(work.pixels.view()), effect.engine, effect.device)
        if seen != self._seen:
            self._seen = seen
            self.layers.forget()
            self._glimpses.set_layer(work.pixels if work is not None else None, effect)
