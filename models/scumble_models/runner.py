"""Runs a network over a content in one of three ways, with smaller patches when memory does not suffice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from scumble_models.devices import is_out_of_memory
from scumble_models.engine import Engine
from scumble_models.errors import OutOfMemoryError
from scumble_models.margins import SMALLEST_SIDE, Content, padded, padded_box, padded_content
from scumble_models.signals import LayerSignals
from scumble_models.tiling.box import Box
from scumble_models.tiling.budget import SHARE, Budget, free_memory, has_own_memory
from scumble_models.tiling.executor import (
    OnPatch,
    Sink,
    Source,
    exact_statistics,
    feature_statistics,
    feature_tiles,
    full_statistics,
    run_exact,
    run_with_statistics,
    statistics_patches,
)
from scumble_models.tiling.stage import Join, Stage
from scumble_models.tiling.statistics import Statistics, running, whole_statistics

TILINGS = ("auto", "full", "thumbnail", "exact")
#: Side of a patch on a graphics card, which is idle between small ones; halved where memory is short, to no
#: less than the other.
PATCH_ON_CARD, LEAST_ON_CARD = 4096, 512
#: What a network needs for each pixel of a patch: the published way took 2.1 GB for 2048x2048.
BYTES_PER_PIXEL = 512
SMALLEST_PATCH = 64
#: A region of at most one in this many of the content's pixels is computed apart from the statistics.
SMALL_REGION = 2
#: Short side of the thumbnail that gives TIN its statistics (URST, section 3.2).
THUMBNAIL = 1024


@dataclass
class KeptStatistics:
    """The statistics of one content, once they are known: of each of its levels, by exact and thumbnail."""

    exact: dict[int, Sequence[Statistics]] = field(default_factory=dict)
    thumbnail: dict[int, Sequence[Statistics]] = field(default_factory=dict)


@dataclass(frozen=True)
class Way:
    """How a network is run.

    Attributes:
        tiling: ``full`` at once, ``exact`` the same in patches, ``thumbnail`` in patches with a thumbnail's
            statistics (URST). ``auto`` is ``exact``, which is one patch where one suffices.
        patch: side of a patch in pixels; None for :func:`default_patch`.
        budget: memory and disk for features between two passes; None for a share of this machine's.
        on_patch: called after each patch with patches done, patches in all, and the stage.
        cancelled: asked between patches.
        statistics: those at each point of normalisation, where they are not the content's own; the
            ``tiling`` is then of no matter.
        join: what is done to the network's outputs, see :class:`Stage`.
    """

    tiling: str = "auto"
    patch: int | None = None
    budget: Budget | None = None
    on_patch: OnPatch | None = None
    cancelled: Callable[[], bool] | None = None
    statistics: Sequence[Statistics] | None = None
    join: Join | None = None


def run(
    model: Engine, signals: LayerSignals, content: Content, region: Box, sink: Sink, way: Way
) -> Sequence[Statistics]:
    """Run ``model`` over ``region`` of ``content``; the sink gets every pixel of it, in patches.

    When memory does not suffice the work begins again with patches of half the side, whose result is
    the same.

    Returns:
        The statistics at each point of normalisation; none of a content under :data:`SMALLEST_SIDE`.

    Raises:
        Cancelled: ``way.cancelled`` returned True.
        OutOfMemoryError: even patches of :data:`SMALLEST_PATCH` pixels do not fit.
    """
    if min(content.box.width, content.box.height) < SMALLEST_SIDE:
        rows, columns = region.slices()
        whole = run_at_once(model, signals, content.read(content.box), way.statistics)
        sink(region, whole[:, :, rows, columns])
        if way.on_patch:
            way.on_patch(1, 1, "stylize")
        return way.statistics or ()
    content = padded_content(content, model.traits.size_multiple)
    side = max(content.box.width, content.box.height)
    patch = _patch(model, content.box, way)
    tried: list[int] = []
    while True:
        tried.append(patch)
        try:
            return _run_once(model, signals, content, region, sink, way, patch)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            patch = min(patch, side) // 2
            if patch < SMALLEST_PATCH or model.traits.reach == "global":
                sizes = ", ".join(str(p) for p in tried)
                raise OutOfMemoryError(
                    "There is not enough memory for this layer (patches of {sizes} pixels were tried).",
                    hint="Close other programs, or choose the device cpu.",
                    sizes=sizes,
                ) from error
        if model.device.type == "cuda":
            torch.cuda.empty_cache()


def is_small(region: Box, whole: Box) -> bool:
    """Whether a region is computed apart from the statistics of all."""
    return SMALL_REGION * region.area <= whole.area


def count_patches(model: Engine, whole: Box, region: Box, way: Way) -> int:
    """How many patches :func:`run` computes over a region of a content."""
    if min(whole.width, whole.height) < SMALLEST_SIDE:
        return 1
    whole = padded_box(whole, model.traits.size_multiple)
    patch, last = _patch(model, whole, way), region.count_tiles(_patch(model, whole, way))
    known = way.statistics is not None or way.tiling == "thumbnail"
    return last if known else last + statistics_patches(model.stages(), whole, patch)


def _patch(model: Engine, whole: Box, way: Way) -> int:
    if way.tiling == "full" or model.traits.reach == "global":
        return max(whole.width, whole.height)
    return way.patch or default_patch(model)


def joined(stages: Sequence[Stage], join: Join | None) -> Sequence[Stage]:
    """The stages, with something done to the last one's outputs."""
    return stages if join is None else (*stages[:-1], replace(stages[-1], join=join))


def default_patch(model: Engine) -> int:
    """Side of a patch in pixels that suits an engine, its device, and the memory that is free there."""
    if not has_own_memory(model.device):
        return model.traits.patch
    patch, room = PATCH_ON_CARD, free_memory(model.device) * SHARE
    while patch > LEAST_ON_CARD and patch * patch * BYTES_PER_PIXEL > room:
        patch //= 2
    return patch


@torch.inference_mode()
def run_at_once(
    model: Engine,
    signals: LayerSignals,
    image: Tensor,
    given: Sequence[Statistics] | None = None,
) -> Tensor:
    """The full frame, for images of any size from 1x1; same size out, not clamped.

    With its own statistics, or with those `given` at each point of normalisation.
    """
    x, statistics = padded(image, model.traits.size_multiple), None
    stages = model.stages()
    for point, stage in enumerate(stages):
        whole = Box(0, 0, x.shape[3], x.shape[2])
        x, _ = stage.run_patch(x, whole, whole, statistics, signals)
        if point < len(stages) - 1:
            gathers = stages[point + 1].gathers
            statistics = whole_statistics(x, gathers) if given is None else given[point]
    return x[:, :, : image.shape[2], : image.shape[3]]


def shared_statistics(
    model: Engine,
    signals: LayerSignals,
    contents: Sequence[Content],
    patch: int,
    cancelled: Callable[[], bool] | None = None,
) -> list[Statistics]:
    """The statistics at each point of normalisation, of all contents as if they were one picture.

    Raises:
        Cancelled: ``cancelled`` returned True between two patches.
    """
    stages, found = model.stages(), []
    sources = [_readable(content, model.traits.size_multiple) for content in contents]
    for point in range(len(stages) - 1):
        gathered = running(stages[point + 1].gathers)
        for read, box in sources:
            gathered.merge(
                feature_statistics(
                    stages,
                    signals,
                    found,
                    read,
                    box,
                    feature_tiles(stages, point, box, patch),
                    cancelled=cancelled,
                )
            )
        found.append(gathered.result(model.device))
    return found


def _readable(content: Content, multiple: int) -> tuple[Source, Box]:
    """How a content is read, and its box; as it is padded where it has to be."""
    if min(content.box.width, content.box.height) >= SMALLEST_SIDE:
        content = padded_content(content, multiple)
        return content.read, content.box
    image = padded(content.read(content.box), multiple)

    def read(box: Box) -> Tensor:
        rows, columns = box.slices()
        return image[:, :, rows, columns]

    return read, Box(0, 0, image.shape[3], image.shape[2])


def _run_once(
    model: Engine,
    signals: LayerSignals,
    content: Content,
    region: Box,
    sink: Sink,
    way: Way,
    patch: int,
) -> Sequence[Statistics]:
    stages, device = joined(model.stages(), way.join), model.device
    statistics, on_patch = way.statistics, way.on_patch
    if statistics is None and way.tiling == "thumbnail":
        small = padded(content.thumbnail(THUMBNAIL), model.traits.size_multiple)
        statistics = full_statistics(stages, signals, small)
    # A copy: placing features takes from it, and there may be a second try.
    budget = replace(way.budget) if way.budget else Budget.of_this_machine(device)
    if statistics is None and is_small(region, content.box):
        # Found apart even for the first such region, so that the next one has the same bits.
        last, passed = region.count_tiles(patch), statistics_patches(stages, content.box, patch)
        statistics = exact_statistics(
            stages,
            signals,
            content.read,
            content.box,
            patch=patch,
            budget=budget,
            device=device,
            on_patch=shifted(on_patch, 0, last),
            cancelled=way.cancelled,
        )
        on_patch = shifted(on_patch, passed, 0)
    if statistics is not None:
        run_with_statistics(
            stages,
            signals,
            statistics,
            content.read,
            content.box,
            sink,
            region=region,
            patch=patch,
            on_patch=on_patch,
            cancelled=way.cancelled,
        )
        return statistics
    return run_exact(
        stages,
        signals,
        content.read,
        content.box,
        sink,
        region=region,
        patch=patch,
        budget=budget,
        device=device,
        on_patch=on_patch,
        cancelled=way.cancelled,
    )


def shifted(on_patch: OnPatch | None, before: int, after: int) -> OnPatch | None:
    """Progress of one part of the work as that of all, with so many patches before and after it."""
    if on_patch is None:
        return None
    return lambda done, total, stage: on_patch(done + before, total + before + after, stage)
