"""Peak memory of one stylization in a process of its own, under a hard limit."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from dataclasses import dataclass

import torch

from scumble_models.bench.network import peak_bytes, photo
from scumble_models.registry import load_model
from scumble_models.stylize import encode_style, stylize

#: Address space of a measured process; past it an allocation fails instead of the whole machine.
LIMIT_BYTES = 14 << 30


@dataclass(frozen=True)
class Peak:
    """Peak memory in bytes of a job and of the same process before it; None when it did not fit."""

    bytes: int | None
    before: int


def peak_memory(engine: str, side: int, tiling: str, patch: int = 512, limit: int = LIMIT_BYTES) -> Peak:
    """Stylize a square picture of ``side`` pixels by one ``tiling`` and report the peak.

    Picture and result (6 bytes per pixel together) are held in memory in every case and count.
    """
    arguments = [engine, str(side), tiling, str(patch), str(limit)]
    command = [sys.executable, "-m", "scumble_models.bench.memory", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    before = json.loads(lines[0])["before"] if lines else 0
    return Peak(json.loads(lines[1])["peak"] if len(lines) > 1 else None, before)


def _main(engine: str, side: int, tiling: str, patch: int, limit: int) -> None:
    model = load_model(engine)
    signals = encode_style(model, photo(256, 256, 2), "RGB")
    content = photo(side, side, 1)
    _say({"before": peak_bytes(torch.device("cpu"))})
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    # No second try with smaller patches here: what is asked for is what this tiling needs.
    stylize(model, content, "RGB", [(signals, 1.0)], tiling=tiling, patch=side if tiling == "full" else patch)
    _say({"peak": peak_bytes(torch.device("cpu"))})


def _say(values: dict[str, int]) -> None:
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    engine, side, tiling, patch, limit = sys.argv[1:]
    _main(engine, int(side), tiling, int(patch), int(limit))
