"""The first picture when no daemon runs yet, as somebody at the command line meets it."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from scumble_bench.pictures import STYLE_SIDE, photo

from .place import stop_daemon

WIDTH, HEIGHT = 600, 400
_COMMAND = [sys.executable, "-c", "from scumble_daemon.cli import main; main()", "stylize"]


@dataclass(frozen=True)
class Start:
    """Medians in seconds of ``scumble stylize`` on a small photo: no daemon runs yet, and one does."""

    cold: float
    warm: float


def measure_start(folder: Path, repeats: int) -> Start:
    """Run the command with a daemon that must be started first, and once more. Files go into `folder`."""
    photo_file, style_file = folder / "photo.png", folder / "style.png"
    Image.fromarray(photo(WIDTH, HEIGHT, 1)).save(photo_file)
    Image.fromarray(photo(STYLE_SIDE, STYLE_SIDE, 2)).save(style_file)
    command = [*_COMMAND, str(photo_file), "--style", str(style_file), "-o", str(folder / "out.png")]
    cold, warm = [], []
    for _ in range(repeats):
        stop_daemon()
        for times in (cold, warm):
            started = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            times.append(time.perf_counter() - started)
    return Start(statistics.median(cold), statistics.median(warm))
