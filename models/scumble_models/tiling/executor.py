"""Runs a network patch by patch, with statistics of the whole (``exact``) or of a thumbnail (TIN)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from scumble_models.errors import Cancelled
from scumble_models.signals import LayerSignals
from scumble_models.tiling.box import Box
from scumble_models.tiling.budget import Budget
from scumble_models.tiling.stage import Stage
from scumble_models.tiling.statistics import RunningStatistics, Statistics, running
from scumble_models.tiling.store import FeatureStore, bytes_needed

#: Reads the content at a box: ``(1, 3, H, W)`` float32 in 0..1 on the network's device.
Source = Callable[[Box], Tensor]
#: Takes the result at a box of the content: ``(1, 3, H, W)``, not clamped.
Sink = Callable[[Box, Tensor], None]
#: Patches done, patches in all, name of the stage.
OnPatch = Callable[[int, int, str], None]


@dataclass
class _Level:
    """The features before a stage: the content itself, a store, or the recipe to compute them."""

    grid: Box
    read: Callable[[Box], Tensor]


class Progress:
    """Counts patches and stops the work between two of them when asked."""

    def __init__(self, total: int, on_patch: OnPatch | None, cancelled: Callable[[], bool] | None) -> None:
        self._done, self._total = 0, total
        self._on_patch, self._cancelled = on_patch, cancelled

    def check(self) -> None:
        """Raise :class:`Cancelled` when the job was cancelled."""
        if self._cancelled and self._cancelled():
            raise Cancelled

    def advance(self, stage: str) -> None:
        """One patch of ``stage`` is done."""
        self._done += 1
        if self._on_patch:
            self._on_patch(self._done, self._total, stage)


@torch.inference_mode()
def run_exact(
    stages: Sequence[Stage],
    signals: LayerSignals,
    source: Source,
    content: Box,
    sink: Sink,
    *,
    region: Box,
    patch: int,
    budget: Budget,
    device: torch.device,
    on_patch: OnPatch | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> list[Statistics]:
    """Equal to the full frame up to rounding: one streaming pass per point of normalisation.

    Pass ``k`` computes the features before stage ``k + 1`` everywhere, patch by patch, and their
    statistics. They are kept in memory or on disk as the budget allows, else computed again by the
    next pass. The last pass covers only ``region``.

    Args:
        source, content: reads the content, whose whole box is ``content``.
        sink: receives the result, patch by patch, at boxes that cover ``region`` exactly.
        patch: side of a patch in content pixels.

    Returns:
        The statistics at each point of normalisation.

    Raises:
        Cancelled: ``cancelled`` returned True between two patches.
    """
    total = statistics_patches(stages, content, patch) + region.count_tiles(patch)
    progress = Progress(total, on_patch, cancelled)
    level = _Level(content, source)
    statistics: list[Statistics] = []
    for point in range(len(stages) - 1):
        tiles = feature_tiles(stages, point, content, patch)
        level = _statistics_pass(
            stages[point : point + 2], level, tiles, statistics, signals, budget, device, progress, keep=True
        )
    before = statistics[-1] if statistics else None
    _last_pass(stages[-1], level, before, signals, sink, region, patch, progress)
    return statistics


@torch.inference_mode()
def exact_statistics(
    stages: Sequence[Stage],
    signals: LayerSignals,
    source: Source,
    content: Box,
    *,
    patch: int,
    budget: Budget,
    device: torch.device,
    on_patch: OnPatch | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> list[Statistics]:
    """The statistics that :func:`run_exact` gathers, without its last pass. Arguments as there."""
    progress = Progress(statistics_patches(stages, content, patch), on_patch, cancelled)
    level = _Level(content, source)
    statistics: list[Statistics] = []
    points = len(stages) - 1
    for point in range(points):
        tiles = feature_tiles(stages, point, content, patch)
        keep = point < points - 1  # nobody reads the last features
        level = _statistics_pass(
            stages[point : point + 2], level, tiles, statistics, signals, budget, device, progress, keep=keep
        )
    return statistics


@torch.inference_mode()
def run_with_statistics(
    stages: Sequence[Stage],
    signals: LayerSignals,
    statistics: Sequence[Statistics],
    source: Source,
    content: Box,
    sink: Sink,
    *,
    region: Box,
    patch: int,
    on_patch: OnPatch | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> None:
    """One pass over ``region`` with given statistics, one per point of normalisation.

    With those of a thumbnail this is URST's Thumbnail Instance Normalization (Eq. 2). Arguments as
    for :func:`run_exact`.
    """
    level, before = _computed_level(stages[:-1], signals, statistics, source, content)
    progress = Progress(region.count_tiles(patch), on_patch, cancelled)
    _last_pass(stages[-1], level, before, signals, sink, region, patch, progress)


def feature_tiles(stages: Sequence[Stage], point: int, content: Box, patch: int) -> list[Box]:
    """The patches of the features at one point of normalisation (0 is the first), row by row.

    None where the stage after it gathers nothing: nobody has to see them all.

    Args:
        patch: side of a patch in content pixels.
    """
    if stages[point + 1].gathers == "nothing":
        return []
    grid = content
    for stage in stages[: point + 1]:
        grid = stage.output_box(grid)
    return list(grid.tiles(max(1, patch * grid.width // content.width)))


def statistics_patches(stages: Sequence[Stage], content: Box, patch: int) -> int:
    """How many patches the passes for the statistics have in all."""
    return sum(len(feature_tiles(stages, point, content, patch)) for point in range(len(stages) - 1))


@torch.inference_mode()
def feature_statistics(
    stages: Sequence[Stage],
    signals: LayerSignals,
    statistics: Sequence[Statistics],
    source: Source,
    content: Box,
    tiles: Iterable[Box],
    *,
    cancelled: Callable[[], bool] | None = None,
) -> RunningStatistics:
    """What some tiles add to the statistics at the next point of normalisation, given those before it.

    Features are computed from the pixels, with nothing kept in between, so that any share of the
    tiles can be computed anywhere. Tiles are those of :func:`feature_tiles` at the point
    ``len(statistics)``.

    Raises:
        Cancelled: ``cancelled`` returned True between two tiles.
    """
    point = len(statistics)
    level, before = _computed_level(stages[:point], signals, statistics, source, content)
    progress = Progress(0, None, cancelled)
    found = running(stages[point + 1].gathers)
    for tile in tiles:
        progress.check()
        found.update(_apply(stages[point], level, tile, before, signals))
    return found


@torch.inference_mode()
def full_statistics(stages: Sequence[Stage], signals: LayerSignals, image: Tensor) -> list[Statistics]:
    """The statistics at each point of normalisation of one image ``(1, 3, H, W)``, computed at once."""
    found: list[Statistics] = []
    x, statistics = image, None
    for stage, following in pairwise(stages):
        whole = Box(0, 0, x.shape[3], x.shape[2])
        x, _ = stage.run_patch(x, whole, whole, statistics, signals)
        gathered = running(following.gathers)
        gathered.update(x)
        statistics = gathered.result(image.device)
        found.append(statistics)
    return found


def _computed_level(
    stages: Sequence[Stage],
    signals: LayerSignals,
    statistics: Sequence[Statistics],
    source: Source,
    content: Box,
) -> tuple[_Level, Statistics | None]:
    """The features after these stages, computed where they are read; and the last of the statistics."""
    level, before = _Level(content, source), None
    for stage, following in zip(stages, statistics, strict=True):
        grid = stage.output_box(level.grid)
        level = _next_level(stage, level, grid, before, signals, None)
        before = following
    return level, before


def _statistics_pass(
    pair: Sequence[Stage],
    level: _Level,
    tiles: Sequence[Box],
    statistics: list[Statistics],
    signals: LayerSignals,
    budget: Budget,
    device: torch.device,
    progress: Progress,
    *,
    keep: bool,
) -> _Level:
    """Compute the features between two stages everywhere; what the second gathers joins the list.

    Where it gathers nothing, there are no tiles, and they are computed where they are read.
    """
    stage, following = pair
    grid, before = stage.output_box(level.grid), statistics[-1] if statistics else None
    keep = keep and following.gathers != "nothing"
    place = budget.place(bytes_needed(stage.channels, grid)) if keep else "recompute"
    store = None
    if place != "recompute":
        store = FeatureStore(stage.channels, grid, place, device)
    gathered = running(following.gathers)
    for tile in tiles:
        progress.check()
        core = _apply(stage, level, tile, before, signals)
        gathered.update(core)
        if store:
            store.write(tile, core)
        progress.advance(stage.name)
    statistics.append(gathered.result(device))
    return _next_level(stage, level, grid, before, signals, store)


def _apply(
    stage: Stage, level: _Level, outputs: Box, statistics: Statistics | None, signals: LayerSignals
) -> Tensor:
    """The stage's outputs at a box, computed from a patch with the exact halo."""
    inputs = stage.input_box(outputs, level.grid)
    result, box = stage.run_patch(level.read(inputs), inputs, level.grid, statistics, signals)
    return stage.picked(result, box, outputs)


def _next_level(
    stage: Stage,
    level: _Level,
    grid: Box,
    statistics: Statistics | None,
    signals: LayerSignals,
    store: FeatureStore | None,
) -> _Level:
    if store is not None:
        return _Level(grid, store.read)
    return _Level(grid, lambda box: _apply(stage, level, box, statistics, signals))


def _last_pass(
    stage: Stage,
    level: _Level,
    statistics: Statistics | None,
    signals: LayerSignals,
    sink: Sink,
    region: Box,
    patch: int,
    progress: Progress,
) -> None:
    for tile in region.tiles(patch):
        progress.check()
        sink(tile, _apply(stage, level, tile, statistics, signals))
        progress.advance(stage.name)
