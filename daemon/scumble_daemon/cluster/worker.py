"""What runs in the workers' processes: one model in each, whatever the number of tasks."""

from __future__ import annotations

import functools
import os
import platform
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from scumble.errors import ScumbleError
from scumble.pixels.disk import mapped
from scumble.pixels.geometry import Bounds, Extent
from scumble.pixels.pixels import PixelFormat, Pixels
from scumble_models.allocation import keep_freed_memory
from scumble_models.look import Look
from scumble_models.registry import StyleModel, find_model, load_model
from scumble_models.signals import StyleSignals
from scumble_models.spread import Spread
from scumble_models.stylize import Shared, stylize
from scumble_models.tiling.box import Box
from scumble_models.tiling.file_array import FileArray
from scumble_models.tiling.statistics import RunningStatistics

from ..images import large, read_image, read_mask, write_image
from ..images.masks import read_free_mask
from ..storage.batch_journal import job_key
from ..worker.stylizer import Stylizer, as_array
from .plan import Plan, other_weights

T = TypeVar("T")
#: A worker with several threads computes one task at a time: torch uses the processor's cores by itself.
_COMPUTING = threading.Lock()


@dataclass(frozen=True)
class Layer:
    """A picture's pixels, and its mask, in raw files that all workers can read."""

    path: Path
    extent: Extent
    format: PixelFormat
    mask: Path | None = None


def paint_file(
    plan: Plan, fingerprint: Mapping[str, Any], source: Path, target: Path, done: str | None
) -> dict[str, Any]:
    """Stylize one file into another, unless it was `done` by a job of this key already.

    Returns ``status``, the ``key`` of the job and, for what was computed, ``size``, ``seconds`` and
    ``notes``. Raises ScumbleError.
    """
    return _explained(functools.partial(_paint_file, plan, fingerprint, source, target, done))


def gather(plan: Plan, layer: Layer, shared: Shared, first: int, last: int) -> RunningStatistics:
    """`Spread.statistics`. Raises ScumbleError."""
    return _explained(lambda: _spread(plan, layer).statistics(shared.to(_model(plan).device), first, last))


def paint_part(plan: Plan, layer: Layer, shared: Shared, region: Box) -> np.ndarray:
    """`Spread.paint`. Raises ScumbleError."""
    return _explained(lambda: _spread(plan, layer).paint(shared.to(_model(plan).device), region))


def spread_of(model: StyleModel, plan: Plan, layer: Layer) -> Spread:
    """The layer and the plan, as this process reads them."""
    shape = (layer.extent.height, layer.extent.width, layer.format.channel_count)
    return Spread(
        model,
        FileArray.open(layer.path, shape, layer.format.typestr),
        layer.format.channels,
        _styles(plan),
        weight=plan.settings["weight"],
        mask=None if layer.mask is None else FileArray.open(layer.mask, shape[:2], "u1"),
        tiling=plan.settings["tiling"],
        patch=plan.settings["patch"],
        look=look_of(plan),
    )


def look_of(plan: Plan) -> Look:
    """The look that the settings of a plan ask for."""
    return Look.of(plan.settings)


def _paint_file(
    plan: Plan, fingerprint: Mapping[str, Any], source: Path, target: Path, done: str | None
) -> dict[str, Any]:
    started = time.monotonic()
    try:
        key = job_key(fingerprint, source)
    except OSError:
        read_image(source)  # says it better
        raise ScumbleError("cannot-read", "{file} cannot be read.", file=source) from None
    if key == done and target.is_file():
        return {"status": "skipped", "key": key}
    extent, notes = _paint(plan, source, target)
    seconds = time.monotonic() - started
    return {"status": "done", "key": key, "size": tuple(extent), "seconds": seconds, "notes": notes}


def _paint(plan: Plan, source: Path, target: Path) -> tuple[Extent, tuple[str, ...]]:
    """Read, stylize, write: in memory, or in files for a picture that is too large for that."""
    in_file = large.is_large(source) and large.is_available()
    if not in_file and not plan.pyramid:
        picture = read_image(source)
        values = _stylize(plan, picture.pixels, in_file)
        extent = Extent(values.shape[1], values.shape[0])
        result = Pixels(extent, picture.pixels.format, values.tobytes(), picture.pixels.profile)
        return extent, (*picture.notes, *write_image(target, result, like=picture))
    pixels, notes = large.read_large(source)
    bounds: Bounds = plan.settings.get("region") or Bounds.of(pixels.extent)
    size = pixels.format.byte_count(bounds.extent)
    shape = (*bounds.extent[::-1], pixels.format.channel_count)
    with tempfile.TemporaryFile(prefix="scumble-", buffering=0) as file:
        file.truncate(size)
        _stylize(plan, pixels, in_file, FileArray(file, shape, pixels.format.typestr))
        result = Pixels(bounds.extent, pixels.format, mapped(file, size), pixels.profile)
    written = large.write_large(target, result, source, pyramid=plan.pyramid)
    return bounds.extent, (*notes, *written)


def _stylize(plan: Plan, pixels: Pixels, in_file: bool, out: Any = None) -> Any:
    settings, extent = plan.settings, pixels.extent

    def coverage(data: Any) -> np.ndarray:
        return np.frombuffer(data, np.uint8).reshape(extent.height, extent.width)

    mask = None
    if plan.mask is not None:
        mask = coverage((large.read_large_mask if in_file else read_mask)(plan.mask, extent))
    masks: list[np.ndarray | None] = []
    for style in plan.styles:
        painted = None if style.mask is None else read_free_mask(style.mask)
        fitted = painted and (painted.fitted_in_file(extent) if in_file else painted.fitted(extent))
        masks.append(None if fitted is None else coverage(fitted))
    return stylize(
        _model(plan),
        as_array(pixels),
        pixels.format.channels,
        _styles(plan),
        weight=settings["weight"],
        region=settings.get("region"),
        mask=mask,
        style_masks=masks,
        tiling=settings["tiling"],
        patch=settings["patch"],
        look=look_of(plan),
        out=out,
    )


def _spread(plan: Plan, layer: Layer) -> Spread:
    return spread_of(_model(plan), plan, layer)


def _styles(plan: Plan) -> list[tuple[StyleSignals, float]]:
    info = find_model(plan.engine)
    return [(info.read_style(style.signals), style.share) for style in plan.styles]


def _model(plan: Plan) -> StyleModel:
    if find_model(plan.engine).sha256 != plan.weights:
        raise other_weights(plan.engine, platform.node())
    return _load(plan.engine, plan.weights, plan.settings["device"])


@functools.lru_cache(maxsize=1)
def _load(engine: str, weights: str, device: str) -> StyleModel:
    del weights  # part of what is remembered: new ones are loaded
    keep_freed_memory()
    return load_model(engine, device)


def _explained(task: Callable[[], T]) -> T:
    """Run a task; whatever it raises becomes one ScumbleError, which says where that was."""
    with _COMPUTING:
        try:
            return task()
        except ScumbleError:
            raise
        except Exception as error:
            explained = Stylizer("cpu").explain(error)
            explained.detail = f"{platform.node()} ({os.getpid()}): {explained.detail or error}"[:500]
            raise explained from error
