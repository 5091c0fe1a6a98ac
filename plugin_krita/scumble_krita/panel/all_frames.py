"""All frames of an animated layer, painted one after another with one set of statistics: nothing flickers."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Callable, Dict, List, Optional, Tuple

from scumble import Pixels, Progress, ScumbleError, StylizeRequest
from scumble.editing import Effect, JobController, JobEvent
from scumble.editing.texts import fraction

from ..i18n import TEXTS, _
from ..qt import QtCore, Signal
from .editor import Clip, Editor
from .guard import as_error, show, slot
from .kinds import Image, Object

LOOK_SHARE = 0.1
"""Of the whole, for finding out which frames differ."""
LOOK_S = 0.05
"""So long the interface stands still at once, but for a frame that takes longer."""
REFERENCES = 4
"""Frames, spread over the animation, that decide about what is taken from a whole picture."""
AHEAD = 2
"""Frames on their way at once: one is read while another is painted."""


@dataclass
class _Run:
    clip: Clip
    effect: Effect
    looks: List[int]
    waiting: Optional[List[int]] = None  # None until all frames were looked at
    count: int = 0
    references: Tuple[Pixels, ...] = ()
    tickets: Dict[int, int] = field(default_factory=dict)
    layers: Dict[str, Pixels] = field(default_factory=dict)
    began: float = 0.0
    done: int = 0


class AllFrames(QtCore.QObject):
    """Paints them. `changed` is emitted at begin and end, `status(text)` and `progress(share)` between, and
    `painted(effect, layer, picture)` when all of it is there. Errors reach the artist by `guard.show`."""

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
        """Whether frames are being painted."""
        return self._run is not None

    def start(self, effect: Effect) -> None:
        """Paint all frames of the active layer. Raises ScumbleError where there are none to paint."""
        self.status.emit(_("Looking at the frames…"))
        clip = self._editor.clip(effect)
        self._run = _Run(clip, effect, list(clip.times))
        self._next.start(0)
        self.changed.emit()

    def cancel(self) -> None:
        """End it; nothing of it stays."""
        if self._run is not None:
            self._end()
            self.status.emit(_("Cancelled. Nothing was changed."))

    def close(self) -> None:
        """End it without a word: the editor may be ending."""
        self._next.stop()
        run, self._run = self._run, None
        if run is not None:
            run.clip.close()

    def expects(self, ticket: int) -> bool:
        """Whether an event of that ticket is for this."""
        return self._run is not None and ticket in self._run.tickets

    def read_event(self, event: JobEvent) -> None:
        """Take an event of a frame from the controller."""
        self._go(lambda run: self._take(run, event))

    def _go(self, step: Callable[[_Run], None]) -> None:
        """Take a step; whatever goes wrong in it ends the whole."""
        run = self._run
        if run is None:
            return
        try:
            step(run)
        except Exception as error:
            self._end()
            self.status.emit("")
            show(self, as_error(error))

    def _end(self) -> None:
        run = self._run
        tickets = list(run.tickets) if run is not None else []
        self.close()
        for ticket in tickets:
            self._controller.cancel(ticket)
        self.changed.emit()

    def _step(self, run: _Run) -> None:
        """Look at some frames, or send those that can be sent."""
        if run.waiting is None:
            until = time.monotonic() + LOOK_S
            total = len(run.clip.times)
            while run.looks:
                run.clip.look(run.looks.pop(0))
                if time.monotonic() > until:
                    break
            self.progress.emit(LOOK_SHARE * (1.0 - len(run.looks) / total))
            if not run.looks:
                run.waiting = list(run.clip.distinct())
                run.count, run.began = len(run.waiting), time.monotonic()
        elif not run.references:
            run.references = tuple(run.clip.read(at).pixels for at in _spread(run.waiting, REFERENCES))
        elif run.waiting and len(run.tickets) < AHEAD:
            at = run.waiting.pop(0)
            run.tickets[self._controller.apply(self._request(run, at))] = at
        else:
            return  # an event goes on with it
        self._next.start(0)

    def _request(self, run: _Run, at: int) -> StylizeRequest:
        work = run.clip.read(at)

        def layer_pixels(value: str) -> Pixels:
            if value not in run.layers:
                run.layers[value] = self._editor.layer_pixels(value)
            return run.layers[value]

        return run.effect.request(
            work.pixels,
            work.region,
            layer_pixels,
            lambda mask: self._editor.coverage(work, mask),
            references=run.references,
        )

    def _take(self, run: _Run, event: JobEvent) -> None:
        if event.progress is not None:
            if event.ticket == min(run.tickets):
                self._tell(run, fraction(event.progress))
            return
        at = run.tickets.pop(event.ticket)
        if event.error is not None:
            raise event.error
        assert event.result is not None
        run.clip.put(at, event.result)
        run.done += 1
        if run.done < run.count:
            self._tell(run, 0.0)
            self._next.start(0)
            return
        self.status.emit(_("Opening the painted frames…"))
        picture: Optional[Image] = run.clip.finish()
        self._end()
        self.status.emit(_("Painted {count} frames in a copy").format(count=run.count))
        self.painted.emit(run.effect, run.clip.layer, picture)

    def _tell(self, run: _Run, part: float) -> None:
        share = (run.done + part) / run.count
        self.progress.emit(LOOK_SHARE + (1.0 - LOOK_SHARE) * share)
        left = (time.monotonic() - run.began) * (1.0 - share) / share if run.done else 0.0
        doing = TEXTS.progress(Progress(run.done, run.count, "frames", left))
        text = _("Frame {number} of {count}: {doing}")
        self.status.emit(text.format(number=run.done + 1, count=run.count, doing=doing))


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
