"""Live mode: a small preview in the document that follows the settings and the canvas; the newest wins."""

from __future__ import annotations

import time
from typing import Any, Callable, Optional, Tuple

from scumble import ScumbleError
from scumble.editing import Effect, JobController, JobEvent
from scumble.editing.estimate import preview_side

from ..i18n import TEXTS, _
from ..qt import Qt, QtCore, QtGui, QtWidgets, Signal
from .editor import Editor, Work, uses_selection
from .guard import as_error, show, slot
from .kinds import Object

DEBOUNCE_MS = 200
LOOK_MS = 400
LOOK_SHARE = 0.1
"""How much of the interface's time may go into looking at the canvas."""


class Live(QtCore.QObject):
    """Asks for previews while it is on. `changed` is emitted when it goes on or off, `status(text)` for
    what it does."""

    changed = Signal()
    status = Signal(str)

    def __init__(
        self, editor: Editor, controller: JobController, effect: Callable[[], Effect], parent: Object
    ) -> None:
        super().__init__(parent)
        self._editor, self._controller, self._effect = editor, controller, effect
        self.on = self._paused = False
        self._ticket = 0
        self._work: Optional[Work] = None
        self._done: Optional[JobEvent] = None
        self._seen: Tuple[Any, ...] = ()
        self._problem = ""
        self._debounce = QtCore.QTimer(self)
        self._debounce.setSingleShot(True)
        self._debounce.setInterval(DEBOUNCE_MS)
        self._debounce.timeout.connect(slot(self, self._paint))
        self._wait = QtCore.QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(DEBOUNCE_MS)
        self._wait.timeout.connect(slot(self, self._show))
        self._moved = QtCore.QTimer(self)
        self._moved.setSingleShot(True)
        self._moved.timeout.connect(slot(self, self._move))
        self._look = QtCore.QTimer(self)
        self._look.setSingleShot(True)
        self._look.timeout.connect(slot(self, self._look_at_canvas))

    def set_on(self, on: bool) -> None:
        """Start or end; ending takes the preview away. Raises ScumbleError where there is nothing to show."""
        if on == self.on:
            return
        if on:
            self._editor.glance(1)  # without a document: says so
        self.on, self._seen, self._problem = on, (), ""
        if on:
            self.soon()
        else:
            self._stop()
            self._work = self._done = None  # editors do not like it when parts of closed images are held
            self._editor.remove_preview()
        self.changed.emit()

    def close(self) -> None:
        """End without a word, and without touching the document."""
        self.on = False
        self._stop()
        self._work = self._done = None

    def soon(self) -> None:
        """Paint again, once nothing has changed for a moment."""
        if self.on and not self._paused:
            self._debounce.start()

    def canvas_changed(self) -> None:
        """Another document came to the front: the preview goes there; without one this ends."""
        if self.on:
            self._stop()
            # Not now: the one before may be in the middle of closing, and touching it would be a crash.
            self._moved.start()

    def _move(self) -> None:
        if not self.on:
            return
        self._editor.remove_preview()
        self._seen = ()
        self.soon()

    def pause(self, paused: bool) -> None:
        """Leave the daemon to a job for the document; the preview stays as it is."""
        self._paused = paused
        if paused:
            self._stop()
        else:
            self.soon()

    def read_event(self, event: JobEvent) -> None:
        """Take an event of a preview from the controller."""
        if event.ticket != self._ticket or not self.on:
            return
        if event.kind == "done":
            self._done = event
            self._show()
        elif event.kind == "failed" and event.error is not None and event.error.code != "cancelled":
            show(self, as_error(event.error))
            self._look_later(0.0)

    def _show(self) -> None:
        event, work = self._done, self._work
        if not self.on or self._paused or event is None or work is None or event.ticket != self._ticket:
            return
        if _is_painting(self.parent()):
            self._wait.start()
            return
        self._done = None
        name = TEXTS.layer_name(self._effect(), work.layer)
        if event.result is not None:
            self._editor.show_preview(work, event.result, name)
            self.status.emit(_("Preview, at low resolution"))
        self._look_later(0.0)

    def _stop(self) -> None:
        for timer in (self._debounce, self._look, self._wait, self._moved):
            timer.stop()
        if self._ticket:
            self._controller.cancel(self._ticket)
            self._ticket = 0

    def _paint(self) -> None:
        effect = self._effect()
        if not self.on or self._paused or not effect.styles:
            return
        work = self._glance()
        if work is None:
            return
        self._seen, self._work, self._done = self._stamp(work), work, None
        request = effect.request(
            work.pixels,
            work.region,
            self._editor.layer_pixels,
            lambda mask: self._editor.coverage(work, mask),
        )
        self._ticket = self._controller.preview(request)
        self.status.emit(_("Painting the preview…"))

    def _glance(self) -> Optional[Work]:
        """The layer, small; without one the sentence why, but not again and again.

        When the last document is closed, which Krita tells nobody, this ends without a word.
        """
        if not self._editor.is_open():
            self.set_on(False)
            return None
        try:
            effect = self._effect()
            work = self._editor.glance(preview_side(effect.stroke_size), whole=uses_selection(effect))
        except ScumbleError as error:
            if error.code != self._problem:
                self._problem = error.code
                show(self, error)
            self._look_later(0.0)
            return None
        self._problem = ""
        return work

    def _stamp(self, work: Work) -> Tuple[Any, ...]:
        """What the preview depends on besides the settings."""
        covered = [self._editor.coverage(work, mask) for mask in self._effect().masks]
        return (work.layer, work.region, work.pixels.extent, bytes(work.pixels.view()), *covered)

    def _look_later(self, took: float) -> None:
        if self.on and not self._paused:
            self._look.start(max(LOOK_MS, int(1000 * took / LOOK_SHARE)))

    def _look_at_canvas(self) -> None:
        """Krita tells nobody that something was painted, so look now and then."""
        if not self.on or self._paused:
            return
        began = time.monotonic()
        if not _is_painting(self.parent()):
            work = self._glance()
            if work is not None and self._stamp(work) != self._seen:
                self.soon()
        self._look_later(time.monotonic() - began)


def _is_painting(panel: Any) -> bool:
    """Whether a button of the mouse is down outside of the panel: a stroke must not stutter."""
    if QtWidgets.QApplication.mouseButtons() == Qt.MouseButton.NoButton:
        return False
    under = QtWidgets.QApplication.widgetAt(QtGui.QCursor.pos())
    return not (isinstance(panel, QtWidgets.QWidget) and (under is panel or panel.isAncestorOf(under)))
