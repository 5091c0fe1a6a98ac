"""Times of several ways to do a thing, taken by turns, so that a busy machine slows all of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Hashable, Mapping
from typing import TypeVar

Name = TypeVar("Name", bound=Hashable)


def medians(ways: Mapping[Name, Callable[[], object]], runs: int) -> dict[Name, float]:
    """The median seconds of each way; a first round, which warms up, does not count."""
    found: dict[Name, list[float]] = {name: [] for name in ways}
    for _ in range(runs + 1):
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            found[name].append(time.perf_counter() - started)
    return {name: statistics.median(times[1:]) for name, times in found.items()}
