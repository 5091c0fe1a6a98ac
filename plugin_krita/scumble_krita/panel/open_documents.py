"""What was painted in one document, in every other one that is open too."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, List, Optional

from scumble import ScumbleError
from scumble.editing import Effect, JobController, JobEvent
from scumble.editing.texts import fraction

from ..i18n import TEXTS, _
from ..qt import QtCore, Signal
from .editor import Editor, Other, Work
from .guard import as_error, show, slot
from .job_view import CONNECTION
from .kinds import Object


@dataclass
class _Run:
    effect: Effect
    waiting: List[Other]
    total: int
    painted: int = 0
    told: List[str] = field(default_factory=list)
    name: str = ""
    work: Optional[Work] = None
    ticket: int = 0

    @property
    def number(self) -> int:
        """Of the document that is being painted, from 1."""
        return self.total - len(self.waiting)


class OpenDocuments(QtCore.QObject):
    """Paints one after another. Signals are those of `AllFrames`; `painted` comes for each document.

    A document that cannot be painted does not stop the others: in the end it is told, with why.
    """

    changed = Signal()
    status = Signal(str)
    progress = Signal(float)
    painted = Signal(object, str, object)

    def __init__(self, editor: Editor, controller: JobController, parent: Object) -> None:
        super().__init__(parent)
        self._editor, self._controller = editor, controller
        self._run: Optional[_Run] = None
        self._next = QtCore.QTimer(self)
        self._next.setSingleShot(True)
        self._next.timeout.connect(slot(self, lambda: self._go(self._step)))

    @property
    def running(self) -> bool:
        """Whether documents are being painted."""
        return self._run is not None

    def start(self, effect: Effect) -> None:
        """Paint the active layers of all documents but the one in front.

        Places of styles are left out: masks are of one document. Raises ScumbleError without others.
        """
        if not effect.styles:
            raise ScumbleError(
                "no-style",
                _("Nothing was painted yet."),
                hint=_("Paint a layer first, then the other images."),
            )
        others = list(self._editor.others())
        if not others:
            raise ScumbleError(
                "no-image", _("No other image is open."), hint=_("Open those that are to be painted, too.")
            )
        self._run = _Run(effect.everywhere, others, len(others))
        if effect.everywhere != effect:
            self._run.told.append(_("Masks belong to one image: in the others every style is everywhere."))
        self._next.start(0)
        self.changed.emit()

    def cancel(self) -> None:
        """End it; what is painted stays."""
        run = self._run
        if run is not None:
            self._end()
            text = _("Cancelled. The layers that are painted stay.")
            self.status.emit(text if run.painted else _("Cancelled. Nothing was changed."))

    def close(self) -> None:
        """End it without a word: the editor may be ending."""
        self._next.stop()
        self._run = None

    def expects(self, ticket: int) -> bool:
        """Whether an event of that ticket is for this."""
        return self._run is not None and self._run.work is not None and self._run.ticket == ticket

    def read_event(self, event: JobEvent) -> None:
        """Take an event of a document's job from the controller."""
        self._go(lambda run: self._take(run, event))

    def _go(self, step: Callable[[_Run], Any]) -> None:
        """Take a step; what goes wrong in it is told of this document, and the next one comes."""
        run = self._run
        if run is None:
            return
        try:
            step(run)
        except Exception as raised:
            error = as_error(raised)
            run.work = None
            if error.code in CONNECTION:  # it would come for every other document as well
                self._end()
                self.status.emit("")
                show(self, error)
                return
            run.told.append("{}: {}".format(run.name, TEXTS.error(error)))
            self._next.start(0)

    def _end(self) -> None:
        run = self._run
        self.close()
        if run is not None and run.work is not None:
            self._controller.cancel(run.ticket)
        self.changed.emit()

    def _step(self, run: _Run) -> None:
        """Send the next document, or say what came of all."""
        if not run.waiting:
            self._end()
            text = _("{painted} of {count} images were painted.")
            self.status.emit(text.format(painted=run.painted, count=run.total))
            if run.told:
                show(self, ScumbleError("told", "\n".join(run.told)))
            return
        other = run.waiting.pop(0)
        run.name = other.name
        self._tell(run, 0.0, _("Reading the layer…"))
        work = other.read(lambda _done: None)
        request = run.effect.request(work.pixels, work.region, self._editor.layer_pixels)
        run.ticket, run.work = self._controller.apply(request), work
        self._tell(run, 0.0, _("Waiting for the daemon…"))

    def _take(self, run: _Run, event: JobEvent) -> None:
        if event.progress is not None:
            self._tell(run, fraction(event.progress), TEXTS.progress(event.progress))
            return
        work, run.work = run.work, None
        if event.error is not None:
            raise event.error
        assert event.result is not None
        assert work is not None
        name = TEXTS.layer_name(run.effect, work.layer)
        picture = self._editor.insert(work, event.result, name, run.effect)
        run.painted += 1
        if work.note is not None:
            run.told.append("{}: {}".format(run.name, TEXTS.error(work.note)))
        self.painted.emit(run.effect, work.layer, picture)
        self._next.start(0)

    def _tell(self, run: _Run, part: float, doing: str) -> None:
        self.progress.emit((run.number - 1 + part) / run.total)
        text = _("{image} ({number} of {count}): {doing}")
        text = text.format(image=run.name, number=run.number, count=run.total, doing=doing)
        self.status.emit(text)
