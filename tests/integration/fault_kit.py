"""What the fault tests share: how often, who is hurt when, and what must hold afterwards."""

from __future__ import annotations

import collections
import contextlib
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from daemon_process import alive, noise

from scumble import Client, ScumbleError, StyleSource, StyleWeight, StylizeRequest
from scumble.conversion import as_pixels

STYLE = StyleWeight(StyleSource(pixels=as_pixels(noise(64, 64, seed=1))))
DEADLINE_S = 90.0
"""By which a job has ended, in its result or in an error."""
SEED = int(os.environ.get("SCUMBLE_FAULT_SEED", "1"))


def tries(few: int, full: int) -> int:
    """How often a fault is tried: few times, or ``SCUMBLE_FAULT_TRIES`` (`all` for the full number)."""
    chosen = os.environ.get("SCUMBLE_FAULT_TRIES", "")
    return full if chosen == "all" else int(chosen) if chosen else few


def requests(count: int = 3) -> list[StylizeRequest]:
    """Layers of several sizes, in patches, so that there are points to be hurt at."""
    sizes = [(96, 128), (160, 96), (128, 192)]
    return [StylizeRequest(as_pixels(noise(*sizes[i % 3], seed=i)), (STYLE,), patch=64) for i in range(count)]


class Tally:
    """Counts how jobs ended, and holds each result against that of an undisturbed run."""

    def __init__(self, client: Client, wanted: list[StylizeRequest]) -> None:
        self.requests = wanted
        self.expected, self.seconds = [], 0.0
        for request in wanted:
            started = time.monotonic()
            self.expected.append(client.submit(request).result(DEADLINE_S))
            self.seconds = time.monotonic() - started
        self.ends: collections.Counter[str] = collections.Counter()

    def run(self, client: Client, number: int, allowed: tuple[str, ...]) -> str:
        """One job to its end within the deadline; its result must be right, its error allowed."""
        index = number % len(self.requests)
        try:
            found = client.submit(self.requests[index]).result(DEADLINE_S)
        except ScumbleError as error:
            if error.code not in allowed:
                raise
            end = error.code
        else:
            assert found == self.expected[index]
            end = "result"
        self.ends[end] += 1
        return end

    def __str__(self) -> str:
        parts = [f"{count} {'bit-equal results' if end == 'result' else end}" for end, count in
                 sorted(self.ends.items(), key=lambda item: (item[0] != "result", item[0]))]  # fmt: skip
        return ", ".join(parts)


@contextlib.contextmanager
def after(seconds: float, hurt: Callable[[], object]) -> Iterator[None]:
    """Do `hurt` that long after the block has begun, be it over or not; the block's end waits for it."""
    thread = threading.Timer(seconds, hurt)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def signal_to(pid: int, number: int) -> bool:
    """Send a signal; False when the process is gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def random_points(count: int, longest: float) -> Iterator[tuple[int, float]]:
    """Numbers and delays in seconds, the same ones for the same seed."""
    chance = random.Random(SEED)
    for number in range(count):
        yield number, chance.uniform(0.0, longest)


def worker_of(client: Client) -> int:
    """Process id of the worker; 0 between two."""
    return (client.status(timeout=30)["worker"] or {"pid": 0})["pid"]


def children(pid: int) -> list[int]:
    """Processes that this one has started and that still run."""
    found = []
    for folder in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(text) for text in folder.read_text().split()]
    return [child for child in found if alive(child)]


def files_under(folder: Path) -> list[Path]:
    """Everything in a folder that is not a folder."""
    return [path for path in folder.rglob("*") if not path.is_dir()]
