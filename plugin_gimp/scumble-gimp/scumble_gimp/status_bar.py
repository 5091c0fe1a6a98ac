"""Painting without a dialog: how far it is stands in GIMP's own progress bar."""

from __future__ import annotations

from typing import Any, Callable, NamedTuple, Optional, Tuple

from gi.repository import Gimp

from scumble import Client, Pixels, StylizeRequest
from scumble.editing import EditorSettings, Effect, Gallery, JobController
from scumble.editing.texts import fraction

from .i18n import LANGUAGE, _
from .layers import Transfer
from .painting import READ_SHARE, Edited, insert, make_request, titled
from .reporting import TEXTS

POLL_S = 0.25


class Computed(NamedTuple):
    """How a layer's pixels travel, what was asked of the daemon, and what came of it."""

    transfer: Transfer
    request: StylizeRequest
    result: Pixels


class StatusBar:
    """The bar for so many layers, and one connection for all of them. Used in a `with`.

    GIMP's Cancel beside the bar ends this process, and with it the job.
    """

    def __init__(self, count: int) -> None:
        self._count, self._done = count, 0
        self._doing = ""
        self._controller = JobController()
        self._gallery: Optional[Gallery] = None
        Gimp.progress_init(_("Scumble: reading the layer"))

    def __enter__(self) -> StatusBar:
        return self

    def __exit__(self, *_error: object) -> None:
        self._controller.close()
        Gimp.progress_end()

    def paint(
        self, image, layer, config, effect: Effect, edited: Optional[Edited] = None, doing: str = ""
    ) -> Callable[[], Gimp.Layer]:
        """Paint a layer, and give what then inserts the result: as `insert`, and returning the new layer.

        `doing` goes before what the bar says. Raises ScumbleError for what went wrong.
        """
        self._doing = doing
        transfer, request, result = self.compute(
            lambda on_strip: make_request(image, layer, config, effect, on_strip, edited)
        )
        titled = self._titled(effect)
        return lambda: insert(image, layer, config, titled, transfer, request, result, edited)

    def compute(self, make: Callable[[Callable[[float], None]], Tuple[Transfer, StylizeRequest]]) -> Computed:
        """Run a job for a layer: `make` reads that and gives the request, and tells how much it has read.

        Returns what `make` gave, and the result. Raises ScumbleError for what went wrong.
        """
        self._say(_("Scumble: reading the layer"))
        try:
            transfer, request = make(lambda done: self._show(READ_SHARE * done))
            self._say(_("Scumble: waiting for the daemon"))
            result = self._wait(self._controller.apply(request))
        finally:
            self._done += 1
        self._show(0.0)
        return Computed(transfer, request, result)

    def _titled(self, effect: Effect) -> Effect:
        if all(style.kind != "library" for style in effect.styles):
            return effect
        if self._gallery is None:
            gallery = Gallery(EditorSettings(), LANGUAGE, TEXTS)
            gallery.set_library(self._wait(self._controller.ask(Client.styles)))
            self._gallery = gallery
        return titled(effect, self._gallery)

    def _wait(self, ticket: int) -> Any:
        """The result or answer of a job; GIMP sees its progress."""
        while True:
            event = self._controller.wait(POLL_S)
            if event is None or event.ticket != ticket:
                continue
            if event.error is not None:
                raise event.error
            if event.kind == "done":
                return event.answer if event.result is None else event.result
            if event.progress is not None:
                self._show(READ_SHARE + (1.0 - READ_SHARE) * fraction(event.progress))
                self._say(TEXTS.progress(event.progress))

    def _show(self, part: float) -> None:
        """How far it is, of the layer that is being painted."""
        Gimp.progress_update(min(1.0, (self._done + part) / self._count))

    def _say(self, text: str) -> None:
        Gimp.progress_set_text("{}: {}".format(self._doing, text) if self._doing else text)
