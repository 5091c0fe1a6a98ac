"""Layers as they were before their style: of each that is selected a new one, above it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, NamedTuple

from scumble import StylizeRequest
from scumble.editing import JobEvent
from scumble.editing.reversals import after_unstyling, check_reversible, unstyling
from scumble.editing.texts import fraction

from ..i18n import TEXTS, _
from .editor import Painted, Work
from .many_jobs import Jobs, ManyJobs


class _Sent(NamedTuple):
    layer: Painted
    work: Work
    request: StylizeRequest


@dataclass
class _Layers(Jobs[_Sent]):
    waiting: List[Painted]
    device: str
    total: int
    done: int = 0


class Unstyling(ManyJobs[_Layers]):
    """Does one after another. `painted` does not come: nothing of it is for the history."""

    def start(self, device: str) -> None:
        """Take the style that was put on last off the selected layers.

        Raises ScumbleError where one of them cannot be rid of it.
        """
        layers = list(self._editor.painted())
        for layer in layers:
            check_reversible(layer.reversals)
        if layers:
            self._begin(_Layers(layers, device, len(layers)))

    def _step(self, jobs: _Layers) -> None:
        """Send the next layer."""
        layer = jobs.waiting.pop(0)
        self._tell(jobs, 0.0, _("Reading the layer…"))
        work = layer.read(lambda _done: None)
        request = unstyling(work.pixels, layer.reversals, work.region, jobs.device)
        jobs.tickets[self._controller.apply(request)] = _Sent(layer, work, request)
        self._tell(jobs, 0.0, _("Waiting for the daemon…"))

    def _take(self, jobs: _Layers, event: JobEvent) -> None:
        if event.progress is not None:
            self._tell(jobs, fraction(event.progress), TEXTS.progress(event.progress))
            return
        sent = jobs.tickets.pop(event.ticket)
        if event.error is not None:
            raise event.error
        assert event.result is not None
        name = TEXTS.unstyled_name(sent.layer.name)
        left = after_unstyling(sent.request, sent.layer.reversals)
        self._editor.insert_unstyled(sent.work, event.result, name, left)
        jobs.done += 1
        if jobs.waiting:
            self._next.start(0)
        else:
            self._end()
            self.status.emit(_("Style taken off: {layer}").format(layer=sent.layer.name))

    def _cancelled(self, jobs: _Layers) -> str:
        kept = _("Cancelled. The layers that are painted stay.")
        return kept if jobs.done else _("Cancelled. Nothing was changed.")

    def _tell(self, jobs: _Layers, part: float, doing: str) -> None:
        self.progress.emit((jobs.done + part) / jobs.total)
        self.status.emit(doing)
