"""All frames of an animated layer, painted one after another with one set of statistics: nothing flickers."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Callable, Dict, List, Optional, Tuple

from scumble import Pixels, Progress, ScumbleError, StylizeRequest
from scumble.editing import Effect, JobEvent
from scumble.editing.texts import fraction

from ..i18n import TEXTS, _
from .editor import Clip
from .kinds import Image
from .many_jobs import Jobs, ManyJobs

LOOK_SHARE = 0.1
"""Of the whole, for finding out which frames differ."""
LOOK_S = 0.05
"""So long the interface stands still at once, but for a frame that takes longer."""
REFERENCES = 4
"""Frames, spread over the animation, that decide about what is taken from a whole picture."""
AHEAD = 2
"""Frames on their way at once: one is read while another is painted."""


@dataclass
class _Frames(Jobs[int]):
    clip: Clip
    effect: Effect
    looks: List[int]
    waiting: Optional[List[int]] = None  # None until all frames were looked at
    count: int = 0
    references: Tuple[Pixels, ...] = ()
    layers: Dict[str, Pixels] = field(default_factory=dict)
    began: float = 0.0
    done: int = 0


class AllFrames(ManyJobs[_Frames]):
    """Paints them; `painted` comes when all of it is there. Whatever goes wrong ends the whole."""

    def start(self, effect: Effect) -> None:
        """Paint all frames of the active layer. Raises ScumbleError where there are none to paint."""
        self.status.emit(_("Looking at the frames…"))
        clip = self._editor.clip(effect)
        self._begin(_Frames(clip, effect, list(clip.times)))

    def _cancelled(self, jobs: _Frames) -> str:
        return _("Cancelled. Nothing was changed.")

    def _let_go(self, jobs: _Frames) -> None:
        jobs.clip.close()

    def _step(self, jobs: _Frames) -> None:
        """Look at some frames, or send those that can be sent."""
        if jobs.waiting is None:
            until = time.monotonic() + LOOK_S
            total = len(jobs.clip.times)
            while jobs.looks:
                jobs.clip.look(jobs.looks.pop(0))
                if time.monotonic() > until:
                    break
            self.progress.emit(LOOK_SHARE * (1.0 - len(jobs.looks) / total))
            if not jobs.looks:
                jobs.waiting = list(jobs.clip.distinct())
                jobs.count, jobs.began = len(jobs.waiting), time.monotonic()
        elif not jobs.references:
            jobs.references = tuple(jobs.clip.read(at).pixels for at in _spread(jobs.waiting, REFERENCES))
        elif jobs.waiting and len(jobs.tickets) < AHEAD:
            at = jobs.waiting.pop(0)
            jobs.tickets[self._controller.apply(self._request(jobs, at))] = at
        else:
            return  # an event goes on with it
        self._next.start(0)

    def _request(self, jobs: _Frames, at: int) -> StylizeRequest:
        work = jobs.clip.read(at)

        def layer_pixels(value: str) -> Pixels:
            if value not in jobs.layers:
                jobs.layers[value] = self._editor.layer_pixels(value)
            return jobs.layers[value]

        return jobs.effect.request(
            work.pixels,
            work.region,
            layer_pixels,
            lambda mask: self._editor.coverage(work, mask),
            references=jobs.references,
        )

    def _take(self, jobs: _Frames, event: JobEvent) -> None:
        if event.progress is not None:
            if event.ticket == min(jobs.tickets):
                self._tell(jobs, fraction(event.progress))
            return
        at = jobs.tickets.pop(event.ticket)
        if event.error is not None:
            raise event.error
        assert event.result is not None
        jobs.clip.put(at, event.result)
        jobs.done += 1
        if jobs.done < jobs.count:
            self._tell(jobs, 0.0)
            self._next.start(0)
            return
        self.status.emit(_("Opening the painted frames…"))
        picture: Optional[Image] = jobs.clip.finish()
        self._end()
        self.status.emit(_("Painted {count} frames in a copy").format(count=jobs.count))
        self.painted.emit(jobs.effect, jobs.clip.layer, picture)

    def _tell(self, jobs: _Frames, part: float) -> None:
        share = (jobs.done + part) / jobs.count
        self.progress.emit(LOOK_SHARE + (1.0 - LOOK_SHARE) * share)
        left = (time.monotonic() - jobs.began) * (1.0 - share) / share if jobs.done else 0.0
        doing = TEXTS.progress(Progress(jobs.done, jobs.count, "frames", left))
        text = _("Frame {number} of {count}: {doing}")
        self.status.emit(text.format(number=jobs.done + 1, count=jobs.count, doing=doing))


def check_learned(effect: Effect, progress: Callable[[Tuple[str, str]], Optional[float]]) -> None:
    """Raise ScumbleError `busy` where a style is being learned: frames before and after would differ."""
    for style in effect.styles:
        if progress(style.key) is not None:
            raise ScumbleError(
                "busy",
                _("The strokes of {style} are still being learned: frames of now and later would differ."),
                hint=_("Paint all frames when the bar on its picture is gone."),
                style=style.label,
            )


def _spread(times: List[int], most: int) -> List[int]:
    """Up to so many of them, evenly spread."""
    count = min(most, len(times))
    return [times[int((index + 0.5) * len(times) / count)] for index in range(count)]
