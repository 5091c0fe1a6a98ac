"""A clip on its way: which frame is next, what has come, and how long the rest will take."""

from __future__ import annotations

import time
from typing import Callable, List

from scumble import Pixels, StylizeRequest
from scumble.editing import Effect

from .editor import Clip

REFERENCES = 8
"""So many frames decide about the statistics of all, as in `scumble video`: without that a clip flickers."""


class Painting:
    """One job after the other, all with the same effect and the same references."""

    def __init__(self, clip: Clip, effect: Effect, layer_pixels: Callable[[str], Pixels]) -> None:
        self.clip = clip
        self.results: List[Pixels] = []
        self._effect, self._layer_pixels = effect, layer_pixels
        self._references = sample(clip.frames, REFERENCES)
        self._began = time.monotonic()

    @property
    def count(self) -> int:
        """How many frames there are."""
        return len(self.clip.frames)

    @property
    def number(self) -> int:
        """The number of the frame that is being painted, from 1 on."""
        return min(self.count, len(self.results) + 1)

    def next_request(self) -> StylizeRequest:
        """The job for the next frame. Raises as `Effect.request`."""
        frame = self.clip.frames[len(self.results)]
        return self._effect.request(frame, self.clip.region, self._layer_pixels, self._references)

    def take(self, result: Pixels) -> bool:
        """Keep a result; True when it was the last one."""
        self.results.append(result)
        return len(self.results) == self.count

    def done(self, frame_done: float) -> float:
        """How much of all frames is done, 0 to 1."""
        return (len(self.results) + frame_done) / self.count

    def seconds_left(self, done: float) -> float:
        """A guess from the time so far; 0 before there is one."""
        return (time.monotonic() - self._began) * (1.0 - done) / done if self.results and done > 0 else 0.0


def sample(frames: "tuple[Pixels, ...]", count: int) -> "tuple[Pixels, ...]":
    """At most `count` of the frames, evenly spread."""
    count = min(count, len(frames))
    return tuple(frames[int((index + 0.5) * len(frames) / count)] for index in range(count))
