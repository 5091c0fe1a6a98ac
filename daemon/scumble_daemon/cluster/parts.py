"""One picture on many machines: statistics and result in parts, put together here."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from scumble.errors import ScumbleError
from scumble.job import Progress
from scumble.pixels.disk import mapped, pieces
from scumble.pixels.geometry import Bounds, Extent
from scumble.pixels.pixels import BytesLike, Pixels
from scumble_models.registry import load_model
from scumble_models.spread import can_spread
from scumble_models.stylize import Shared
from scumble_models.tiling.box import Box
from scumble_models.tiling.file_array import FileArray
from scumble_models.tiling.statistics import RunningStatistics

from .connect import explained, worker_count
from .plan import Plan
from .tasks import completed
from .worker import Layer, gather, look_of, paint_file, paint_part, spread_of

#: Tasks per worker in each pass: enough that the last ones to finish are few among many.
TASKS_PER_WORKER = 4
#: A task has at most so many patches (8 by 8 of them for the result): some seconds on one core.
MOST_PATCHES = 64

OnProgress = Callable[[Progress], None]


def why_whole(plan: Plan, extent: Extent | None = None) -> str:
    """What keeps a picture (of that size, once it is known) from being computed in parts; else empty."""
    if any(style.mask for style in plan.styles):
        return "its styles have masks"
    return "" if extent is None or can_spread(*extent, look_of(plan)) else "it is small"


def paint_whole(
    client: Any, plan: Plan, source: Path, target: Path, cancel: threading.Event | None = None
) -> tuple[Extent, tuple[str, ...]]:
    """Have one worker stylize a file into another; returns the result's size, and notes.

    Raises ScumbleError.
    """
    task = (paint_file, plan, {}, source.resolve(), target.resolve(), None)
    for _, future in completed(client, [task], cancel):
        try:
            ended = future.result()
        except Exception as error:
            raise explained(error, source.name) from error
        return Extent(*ended["size"]), tuple(ended["notes"])
    raise AssertionError("one task ends once")


def paint_spread(
    client: Any,
    plan: Plan,
    pixels: Pixels,
    mask: BytesLike | None,
    shared_folder: Path,
    on_progress: OnProgress | None = None,
    cancel: threading.Event | None = None,
) -> Pixels:
    """Stylize one picture by the workers of `client`; the result is mapped from a temporary file.

    The pixels lie in `shared_folder`, which all workers see under the same path, while it is done.
    A part that a lost worker had is done by another one. Not for what `why_whole` has a reason for.
    Raises ScumbleError.
    """
    with _in_files(pixels, mask, shared_folder) as layer:
        spread = spread_of(load_model(plan.engine, "cpu"), plan, layer)
        run = _Run(client, on_progress, cancel)
        patch = plan.settings["patch"] or spread.model.traits.patch
        region = _box(plan.settings.get("region") or Bounds.of(pixels.extent))
        blocks = list(region.tiles(_block_side(region, patch, worker_count(client))))
        shared = spread.begin()
        while not spread.is_ready(shared):
            cuts = _cuts(len(spread.tiles(shared)), worker_count(client))
            found: list[RunningStatistics] = [RunningStatistics()] * len(cuts)
            tasks = [(gather, plan, layer, shared, *cut) for cut in cuts]
            for index, part in run.all(tasks, spread.wanted(shared)):
                found[index] = part
            shared = spread.with_statistics(shared, found)
        return _painted(run, plan, layer, shared, pixels, region, blocks)


def _painted(
    run: _Run, plan: Plan, layer: Layer, shared: Shared, pixels: Pixels, region: Box, blocks: Sequence[Box]
) -> Pixels:
    extent = Bounds(0, 0, region.width, region.height).extent
    size = pixels.format.byte_count(extent)
    shape = (extent.height, extent.width, pixels.format.channel_count)
    with tempfile.TemporaryFile(prefix="scumble-", buffering=0) as file:
        file.truncate(size)
        out = FileArray(file, shape, pixels.format.typestr)
        for index, values in run.all([(paint_part, plan, layer, shared, b) for b in blocks], "paint"):
            out[blocks[index].relative_to(region).slices()] = values
        return Pixels(extent, pixels.format, mapped(file, size), pixels.profile)


class _Run:
    """Tasks of one picture, with progress."""

    def __init__(self, client: Any, on_progress: OnProgress | None, cancel: threading.Event | None) -> None:
        self._client, self._on_progress, self._cancel = client, on_progress, cancel

    def all(self, tasks: Sequence[tuple[Any, ...]], stage: str) -> Iterator[tuple[int, Any]]:
        """Index and result of each task, as they come. Raises ScumbleError."""
        started = time.monotonic()
        for done, (index, future) in enumerate(completed(self._client, tasks, self._cancel), 1):
            try:
                result = future.result()
            except Exception as error:
                raise explained(error, f"a part of the picture ({stage})") from error
            yield index, result
            if self._on_progress is not None:
                left = (time.monotonic() - started) / done * (len(tasks) - done)
                self._on_progress(Progress(done, len(tasks), stage, left))


@contextlib.contextmanager
def _in_files(pixels: Pixels, mask: BytesLike | None, folder: Path) -> Iterator[Layer]:
    """Pixels and mask as raw files in a folder of their own, which goes with the block."""
    try:
        place = Path(tempfile.mkdtemp(prefix=".scumble-", dir=folder))
    except OSError as error:
        raise ScumbleError(
            "cannot-write", "{file} cannot be written: {reason}.", file=folder, reason=error.strerror
        ) from error
    try:
        place.chmod(0o755)  # workers may run as somebody else
        _write(place / "pixels", pixels.view())
        if mask is not None:
            _write(place / "mask", mask)
        path = place.resolve()
        yield Layer(path / "pixels", pixels.extent, pixels.format, None if mask is None else path / "mask")
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _write(path: Path, content: BytesLike) -> None:
    try:
        with path.open("wb") as file:
            for piece in pieces(content, 8 << 20):
                file.write(piece)
    except OSError as error:
        raise ScumbleError(
            "disk-full", "{folder} has no room for the picture: {reason}.", folder=path.parent, reason=error
        ) from error


def _cuts(count: int, workers: int) -> list[tuple[int, int]]:
    """`count` tiles in runs: a few for each worker, none longer than `MOST_PATCHES`."""
    run = max(1, min(MOST_PATCHES, -(-count // (TASKS_PER_WORKER * workers))))
    return [(first, min(first + run, count)) for first in range(0, count, run)]


def _block_side(region: Box, patch: int, workers: int) -> int:
    """A multiple of the patch's side, so that patches are those of one machine."""
    side = patch * int(MOST_PATCHES**0.5)
    while side > patch and region.count_tiles(side) < TASKS_PER_WORKER * workers:
        side -= patch
    return side


def _box(bounds: Bounds) -> Box:
    return Box(bounds.x, bounds.y, bounds.right, bounds.bottom)
