"""``scumble batch`` beside painting alone: what reading and writing the files adds."""

from __future__ import annotations

import contextlib
import io
import re
import shutil
import statistics
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from scumble import Client, Extent, Job, PixelFormat, Pixels, StyleSource, StyleWeight, StylizeRequest
from scumble.errors import ScumbleError
from scumble_bench.pictures import STYLE_SIDE, photo

#: Jobs that are on their way when painting alone is measured: the daemon always has a next one.
AHEAD = 2
#: Pictures of a round that does not count.
WARM_UP = 3
_DONE = re.compile(r"job \S+ done in ([0-9.]+) s")


@dataclass(frozen=True)
class BatchRate:
    """Medians over rounds taken in turn.

    Attributes:
        suffix: of the files, which says their format.
        painted: pictures per second whose pixels are in memory before and stay there.
        rate: the same of ``scumble batch``, from file to file.
        ratio: median of the batch's rate by that of the painting beside it.
        computing: share of the batch's time in which the worker computed, as the daemon's log has it: where
            it is near 1, reading and writing happen meanwhile, and what they cost is the processor's.
    """

    width: int
    height: int
    suffix: str
    pictures: int
    painted: float
    rate: float
    ratio: float
    computing: float


def measure_batch(
    client: Client, folder: Path, width: int, height: int, pictures: int, repeats: int, suffix: str = ".jpg"
) -> BatchRate:
    """Both ways over as many pictures, in turn, through the same daemon; files go into `folder`,
    which is its place (`own_place`).

    Raises:
        ScumbleError: the batch failed.
    """
    source, target, style = folder / "photos", folder / "styled", folder / "style.png"
    Image.fromarray(photo(STYLE_SIDE, STYLE_SIDE, 2)).save(style)
    layers = [_pixels(width, height, number) for number in range(pictures)]
    painting: list[float] = []
    batches: list[float] = []
    shares: list[float] = []
    for turn in range(repeats + 1):
        count = pictures if turn else min(pictures, WARM_UP)
        for place in (source, target):
            shutil.rmtree(place, ignore_errors=True)
        source.mkdir()
        for number in range(count):  # others each time, or the daemon would have them already
            picture = Image.fromarray(photo(width, height, (turn + 1) * 1000 + number))
            picture.save(source / f"{number:04}{suffix}", quality=90)
        painting.append(_paint(client, layers[:count], style))
        before = _computed(folder)
        batches.append(_batch(source, style, target))
        shares.append((_computed(folder) - before) / batches[-1])
    return BatchRate(
        width,
        height,
        suffix,
        pictures,
        pictures / statistics.median(painting[1:]),
        pictures / statistics.median(batches[1:]),
        statistics.median(alone / whole for alone, whole in zip(painting[1:], batches[1:], strict=True)),
        statistics.median(shares[1:]),
    )


def _pixels(width: int, height: int, seed: int) -> Pixels:
    return Pixels(Extent(width, height), PixelFormat("u8", "RGB"), photo(width, height, seed).tobytes())


def _paint(client: Client, layers: list[Pixels], style: Path) -> float:
    """Seconds for all layers; the daemon has them from the first round on."""
    styles = (StyleWeight(StyleSource(file=style.read_bytes())),)
    running: deque[Job] = deque()
    started = time.perf_counter()
    for layer in layers:
        if len(running) == AHEAD:
            running.popleft().result()
        running.append(client.submit(StylizeRequest(layer, styles)))
    for job in running:
        job.result()
    return time.perf_counter() - started


def _computed(folder: Path) -> float:
    """Seconds that the worker of the daemon in `folder` has computed so far."""
    return sum(float(found[1]) for found in _DONE.finditer((folder / "log" / "daemon.log").read_text()))


def _batch(source: Path, style: Path, target: Path) -> float:
    """Seconds of the whole command, but for the start of Python."""
    from scumble_daemon import cli

    said = io.StringIO()
    started = time.perf_counter()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = cli.run(["batch", str(source), "--style", str(style), "-o", str(target)])
    seconds = time.perf_counter() - started
    if code:
        raise ScumbleError("unexpected", "The batch failed: {reason}", reason=said.getvalue().strip()[-200:])
    return seconds
