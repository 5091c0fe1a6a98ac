"""What was painted in one document, in every other one that is open too."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import List

from scumble import ScumbleError
from scumble.editing import Effect, JobEvent
from scumble.editing.texts import fraction

from ..i18n import TEXTS, _
from .editor import Other, Work
from .guard import show
from .job_view import CONNECTION
from .many_jobs import Jobs, ManyJobs


@dataclass
class _Documents(Jobs[Work]):
    effect: Effect
    waiting: List[Other]
    total: int
    painted: int = 0
    told: List[str] = field(default_factory=list)
    name: str = ""

    @property
    def number(self) -> int:
        """Of the document that is being painted, from 1."""
        return self.total - len(self.waiting)


class OpenDocuments(ManyJobs[_Documents]):
    """Paints one after another; `painted` comes for each document.

    A document that cannot be painted does not stop the others: in the end it is told, with why.
    """

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
        documents = _Documents(effect.everywhere, others, len(others))
        if effect.everywhere != effect:
            documents.told.append(_("Masks belong to one image: in the others every style is everywhere."))
        self._begin(documents)

    def _cancelled(self, jobs: _Documents) -> str:
        kept = _("Cancelled. The layers that are painted stay.")
        return kept if jobs.painted else _("Cancelled. Nothing was changed.")

    def _failed(self, jobs: _Documents, error: ScumbleError) -> None:
        """It is told of this document, and the next one comes."""
        jobs.tickets.clear()
        if error.code in CONNECTION:  # it would come for every other document as well
            super()._failed(jobs, error)
            return
        jobs.told.append("{}: {}".format(jobs.name, TEXTS.error(error)))
        self._next.start(0)

    def _step(self, jobs: _Documents) -> None:
        """Send the next document, or say what came of all."""
        if not jobs.waiting:
            self._end()
            text = _("{painted} of {count} images were painted.")
            self.status.emit(text.format(painted=jobs.painted, count=jobs.total))
            if jobs.told:
                show(self, ScumbleError("told", "\n".join(jobs.told)))
            return
        other = jobs.waiting.pop(0)
        jobs.name = other.name
        self._tell(jobs, 0.0, _("Reading the layer…"))
        work = other.read(lambda _done: None)
        request = jobs.effect.request(work.pixels, work.region, self._editor.layer_pixels)
        jobs.tickets[self._controller.apply(request)] = work
        self._tell(jobs, 0.0, _("Waiting for the daemon…"))

    def _take(self, jobs: _Documents, event: JobEvent) -> None:
        if event.progress is not None:
            self._tell(jobs, fraction(event.progress), TEXTS.progress(event.progress))
            return
        work = jobs.tickets.pop(event.ticket)
        if event.error is not None:
            raise event.error
        assert event.result is not None
        name = TEXTS.layer_name(jobs.effect, work.layer)
        picture = self._editor.insert(work, event.result, name, jobs.effect)
        jobs.painted += 1
        if work.note is not None:
            jobs.told.append("{}: {}".format(jobs.name, TEXTS.error(work.note)))
        self.painted.emit(jobs.effect, work.layer, picture)
        self._next.start(0)

    def _tell(self, jobs: _Documents, part: float, doing: str) -> None:
        self.progress.emit((jobs.number - 1 + part) / jobs.total)
        text = _("{image} ({number} of {count}): {doing}")
        text = text.format(image=jobs.name, number=jobs.number, count=jobs.total, doing=doing)
        self.status.emit(text)
