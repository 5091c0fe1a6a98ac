"""The network's own speed: our engine beside the published way of running it, alternating in one run."""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from scumble_models.allocation import keep_freed_memory
from scumble_models.bench.rates import synchronise
from scumble_models.bench.reference import load_reference
from scumble_models.errors import ModelError
from scumble_models.registry import load_model
from scumble_models.stylize import encode_style, stylize

#: Side of the style image, as in the paper's table.
STYLE_SIDE = 512


@dataclass(frozen=True)
class Measurement:
    """One size, one way of running.

    Attributes:
        way: ``scumble`` or ``reference``.
        seconds: median over the repeats of one stylization, style known (but see ``with_style``).
        with_style: the same with the style encoded each time, as the published code does.
        style_seconds: encoding the style alone.
        peak_bytes: largest resident memory of the process, or memory taken on the GPU.
    """

    way: str
    width: int
    height: int
    seconds: float
    with_style: float
    style_seconds: float
    peak_bytes: int


def measure(
    way: str,
    width: int,
    height: int,
    *,
    engine: str = "microast",
    device: str = "cpu",
    tiling: str = "auto",
    patch: int | None = None,
    repeats: int = 3,
    reference: Path | None = None,
) -> Measurement:
    """Measure in a process of its own, so that peak memory is that of this job alone.

    Raises:
        ModelError: the process failed; its last line is the message.
    """
    arguments = [way, str(width), str(height), engine, device, tiling, str(patch or 0), str(repeats)]
    arguments.append(str(reference or ""))
    command = [sys.executable, "-m", "scumble_models.bench.network", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ModelError(f"Measuring {way} at {width}x{height} failed: {last}")
    return Measurement(**json.loads(done.stdout.splitlines()[-1]))


def _measure_here(
    way: str,
    width: int,
    height: int,
    engine: str,
    device: str,
    tiling: str,
    patch: int,
    repeats: int,
    reference: str,
) -> Measurement:
    content, style = photo(width, height, 1), photo(STYLE_SIDE, STYLE_SIDE, 2)
    model = load_model(engine, device)
    encode: Callable[[], Any]
    run: Callable[[Any], object]
    if way == "reference":
        published = load_reference(Path(reference) if reference else None, model)
        encode, run = published.encode(style), published.run(content)
    else:
        keep_freed_memory()  # as the daemon's worker does
        encode = lambda: encode_style(model, style, "RGB")  # noqa: E731
        run = lambda signals: stylize(  # noqa: E731
            model, content, "RGB", [(signals, 1.0)], tiling=tiling, patch=patch or None
        )
    signals = encode()
    run(signals)  # the first call allocates and chooses kernels
    style_seconds = _median(encode, repeats, model.device)
    seconds = _median(lambda: run(signals), repeats, model.device)
    with_style = _median(lambda: run(encode()), repeats, model.device)
    return Measurement(way, width, height, seconds, with_style, style_seconds, peak_bytes(model.device))


def _median(work: Callable[[], object], repeats: int, device: torch.device) -> float:
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        synchronise(device)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def peak_bytes(device: torch.device) -> int:
    """Largest resident memory of this process so far, or memory taken on the GPU."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    status = Path("/proc/self/status")
    if status.exists():
        # getrusage would also count what the parent held when it started this process.
        lines = status.read_text(encoding="ascii", errors="replace").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def photo(width: int, height: int, seed: int) -> np.ndarray:
    """A picture with smooth and busy parts; speed does not depend on what it shows."""
    random = np.random.default_rng(seed)
    tile = random.integers(0, 256, (64, 64, 3), np.uint8)
    repeated = np.tile(tile, (-(-height // 64), -(-width // 64), 1))[:height, :width]
    ramp = np.linspace(0, 255, width, dtype=np.uint8)[None, :, None]
    return np.ascontiguousarray(repeated // 4 + ramp // 2)


if __name__ == "__main__":
    way, width, height, engine, device, tiling, patch, repeats, reference = sys.argv[1:]
    measured = _measure_here(
        way, int(width), int(height), engine, device, tiling, int(patch), int(repeats), reference
    )
    sys.stdout.write(json.dumps(asdict(measured)) + "\n")
