"""Time and memory of one picture of any size, painted as the daemon does it, in a process of its own."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass

import numpy as np
import torch

from scumble_bench.contender import peak_bytes, say
from scumble_bench.memory import photo_in_file
from scumble_bench.pictures import STYLE_SIDE, photo
from scumble_bench.rates import synchronise
from scumble_daemon.settings import Limits
from scumble_models.allocation import keep_freed_memory
from scumble_models.errors import ModelError
from scumble_models.registry import load_model
from scumble_models.stylize import encode_style, stylize
from scumble_models.tiling.file_array import Array, FileArray

#: A picture is painted again until so many seconds have gone by, and at most so often.
ENOUGH_S, MOST_RUNS = 6.0, 7
CHANNELS = 3


@dataclass(frozen=True)
class Cost:
    """One size.

    Attributes:
        side: of the square, in pixels.
        seconds: median of the runs, or of the only one, style known; the first of several does not count.
        peak: largest resident memory of the process, in bytes; all of it, Python and torch too.
        before: the same before the picture was there.
        card_peak: memory taken on the GPU; None without one.
        in_files: whether picture and result lay in files, as layers over the daemon's `spool_over` do.
    """

    side: int
    seconds: float
    peak: int
    before: int
    card_peak: int | None
    in_files: bool

    @property
    def megapixels(self) -> float:
        """Millions of pixels."""
        return self.side**2 / 1e6

    @property
    def seconds_per_megapixel(self) -> float:
        """Time for each million pixels."""
        return self.seconds / self.megapixels

    @property
    def megabytes_per_megapixel(self) -> float:
        """Memory for each million pixels, all of the process counted."""
        return self.peak / 1e6 / self.megapixels


def measure_cost(engine: str, side: int, device: str = "cpu") -> Cost:
    """Paint a square picture of `side` pixels, coarse to fine where the engine does.

    Raises:
        ModelError: it failed; the last line of the process is the message.
    """
    command = [sys.executable, "-m", "scumble_bench.curve", engine, str(side), device]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ModelError("Measuring {way} failed: {reason}", way=f"{side}x{side}", reason=last)
    return Cost(**json.loads(done.stdout))


def _main(engine: str, side: int, device: str) -> None:
    keep_freed_memory()  # as the daemon's worker does
    model = load_model(engine, device)
    signals = encode_style(model, photo(STYLE_SIDE, STYLE_SIDE, 2), "RGB")
    cpu, in_files = torch.device("cpu"), side * side * CHANNELS > Limits().spool_over
    before = peak_bytes(cpu)
    content: Array = photo_in_file(side) if in_files else photo(side, side, 1)
    out: Array | None = FileArray.temporary((side, side, CHANNELS), np.uint8) if in_files else None
    found: list[float] = []
    while not found or (sum(found) < ENOUGH_S and len(found) < MOST_RUNS):
        started = time.perf_counter()
        stylize(model, content, "RGB", [(signals, 1.0)], out=out)
        synchronise(model.device)
        found.append(time.perf_counter() - started)
    seconds = statistics.median(found[1:] or found)
    card = peak_bytes(model.device) if model.device.type == "cuda" else None
    say(json.dumps({"side": side, "seconds": seconds, "peak": peak_bytes(cpu), "before": before,
                    "card_peak": card, "in_files": in_files}))  # fmt: skip


if __name__ == "__main__":
    engine, side, device = sys.argv[1:]
    _main(engine, int(side), device)
