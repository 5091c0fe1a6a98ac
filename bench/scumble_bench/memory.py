"""Peak memory of one stylization in a process of its own, under a hard limit."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import torch

from scumble_bench.contender import in_one_pass, peak_bytes, say
from scumble_bench.pictures import photo
from scumble_models.allocation import keep_freed_memory
from scumble_models.registry import load_model
from scumble_models.stylize import encode_style, stylize
from scumble_models.tiling.budget import Budget
from scumble_models.tiling.file_array import Array, FileArray

#: Address space of a measured process; past it an allocation fails instead of the whole machine.
LIMIT_BYTES = 14 << 30
#: Rows that are made at once; a multiple of the 64 after which they repeat.
STRIP = 256


@dataclass(frozen=True)
class Peak:
    """Peak memory in bytes of a job and of the same process before it; None when it did not fit."""

    bytes: int | None
    before: int


def peak_memory(engine: str, side: int, tiling: str, patch: int = 0, limit: int = LIMIT_BYTES) -> Peak:
    """Stylize a square picture of ``side`` pixels by one ``tiling`` and report the peak.

    `full` holds picture and result (6 bytes per pixel together) in memory. In patches they and the
    features between two passes lie in files, as they do in the daemon for large layers. A `patch` of 0 is the
    engine's own.
    """
    arguments = [engine, str(side), tiling, str(patch), str(limit)]
    command = [sys.executable, "-m", "scumble_bench.memory", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    before = json.loads(lines[0])["before"] if lines else 0
    return Peak(json.loads(lines[1])["peak"] if len(lines) > 1 else None, before)


def _main(engine: str, side: int, tiling: str, patch: int, limit: int) -> None:
    keep_freed_memory()  # as the daemon's worker does
    model = load_model(engine)
    if tiling == "full":
        model = in_one_pass(model)  # coarse to fine begins with a second run, of a small copy
    signals = encode_style(model, photo(256, 256, 2), "RGB")
    content: Array = photo(side, side, 1) if tiling == "full" else photo_in_file(side)
    out = None if tiling == "full" else FileArray.temporary(content.shape, content.dtype)
    say(json.dumps({"before": peak_bytes(torch.device("cpu"))}))
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    patch = side if tiling == "full" else patch or model.traits.patch
    on_disk = Budget(memory=0, disk=1 << 50)
    stages = len(model.network.stages())

    def no_second_try(_done: int, total: int, _stage: str) -> None:
        if tiling == "full" and total > stages:
            raise SystemExit("The full frame did not fit: smaller patches were begun.")

    stylize(
        model,
        content,
        "RGB",
        [(signals, 1.0)],
        tiling=tiling,
        patch=patch,
        out=out,
        budget=on_disk,
        on_progress=no_second_try,
    )
    say(json.dumps({"peak": peak_bytes(torch.device("cpu"))}))


def photo_in_file(side: int) -> FileArray:
    """Made strip by strip: the whole of it is never in this process."""
    array = FileArray.temporary((side, side, 3), np.uint8)
    strip = photo(side, min(side, STRIP), 1)
    for top in range(0, side, STRIP):
        rows = min(STRIP, side - top)
        array[top : top + rows, 0:side] = strip[:rows]
    return array


if __name__ == "__main__":
    engine, side, tiling, patch, limit = sys.argv[1:]
    _main(engine, int(side), tiling, int(patch), int(limit))
