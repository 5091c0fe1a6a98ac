"""A content painted coarse to fine, with progress over all levels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch

from scumble_models.cascade.climb import Cascade, Climb
from scumble_models.cascade.contents import Picture
from scumble_models.cascade.grids import level_grids
from scumble_models.engine import Engine
from scumble_models.margins import Content, padded
from scumble_models.runner import (
    THUMBNAIL,
    KeptStatistics,
    Way,
    count_patches,
    default_patch,
    is_small,
    run,
    shared_statistics,
    shifted,
)
from scumble_models.signals import LayerSignals
from scumble_models.tiling.box import Box
from scumble_models.tiling.budget import Budget
from scumble_models.tiling.executor import Sink, full_statistics
from scumble_models.tiling.statistics import Statistics

#: A coarse level of so many times a patch's pixels is one patch: a second one would be mostly halo.
ONE_PIECE = 1.5
#: Of each level, the coarsest first, the statistics at each point of normalisation.
LevelStatistics = Sequence[Sequence[Statistics]]
#: Takes the coarsest level's content and result, once that is painted.
OnCoarsest = Callable[[Content, Picture], None]


def grids_for(model: Engine, whole: Box, stroke_size: float) -> tuple[Box, ...]:
    """The grids on which a network paints a content, the coarsest first."""
    return level_grids(whole, stroke_size) if model.traits.cascades else (whole,)


@torch.inference_mode()
def paint(
    model: Engine,
    signals: LayerSignals,
    content: Content,
    grids: Sequence[Box],
    region: Box,
    sink: Sink,
    way: Way,
    *,
    given: LevelStatistics | None = None,
    kept: KeptStatistics | None = None,
    on_coarsest: OnCoarsest | None = None,
) -> None:
    """Paint a region of a content; the sink gets every pixel of the finest level, not clamped.

    Args:
        grids: of all levels, the coarsest first; see :func:`grids_for`.
        way: how each level's network is run; its statistics and join are of no matter.
        given: statistics in place of the content's own; the last ones count for finer levels.
        kept: takes statistics as they are found. A small region has them from there: it then costs its
            own area, and the parts of the coarser levels under it.
        on_coarsest: called where there is more than one level.

    Raises:
        Cancelled, OutOfMemoryError: as :func:`scumble_models.runner.run`.
    """
    cascade = Cascade(model, grids)
    top = len(cascade.grids) - 1
    found = {} if kept is None else kept.thumbnail if way.tiling == "thumbnail" else kept.exact
    statistics: list[Sequence[Statistics] | None] = [None] * (top + 1)
    if given is not None:
        statistics = [given[min(level, len(given) - 1)] for level in range(top + 1)]
    elif is_small(region, content.box):
        statistics = [found.get(level) for level in range(top + 1)]
    known = [value is not None for value in statistics]
    inputs = cascade.inputs_for(top, region) if known[top] else content.box
    needs = cascade.needs(top, inputs, known)
    parts = [*(need.result for need in needs), region]
    ways = [replace(way, statistics=value) for value in statistics]
    side = default_patch(model.device)
    for level, grid in enumerate(cascade.grids[:-1]):
        if way.patch is None and grid.area <= ONE_PIECE * side * side:
            ways[level] = replace(ways[level], patch=max(grid.width, grid.height))
    counts = [count_patches(model, *one) for one in zip(cascade.grids, parts, ways, strict=True)]
    for level in range(top + 1):
        passed, coming = sum(counts[:level]), sum(counts[level + 1 :])
        ways[level] = replace(ways[level], on_patch=shifted(way.on_patch, passed, coming))
    if not top:
        values = run(model, signals, content, region, sink, ways[0])
    else:
        budget = replace(way.budget) if way.budget else Budget.of_this_machine(model.device)
        climb = Climb(cascade, signals, content, needs, inputs, budget, way.cancelled)
        coarsest = climb.content
        for level in range(top):
            result, values = climb.paint(ways[level])
            if given is None:
                found[level] = values
            if level == 0 and on_coarsest is not None:
                on_coarsest(coarsest, result)
        last = replace(ways[top], join=climb.join, budget=budget)
        values = run(model, signals, climb.content, region, sink, last)
    if given is None and values:
        found[top] = values


@torch.inference_mode()
def shared_levels(
    model: Engine,
    signals: LayerSignals,
    contents: Sequence[tuple[Content, Sequence[Box]]],
    patch: int,
    cancelled: Callable[[], bool] | None = None,
    *,
    levels: int | None = None,
    thumbnail: bool = False,
) -> list[list[Statistics]]:
    """The statistics of each level, of all contents (with their grids) as if they were one picture.

    Contents of different sizes share the levels that they have, counted from the coarsest.

    Args:
        levels: how many of them; None for all.
        thumbnail: take those of the first content's thumbnails.

    Raises:
        Cancelled: ``cancelled`` returned True between two patches.
    """
    if levels == 0:
        return []
    budget, climbs = Budget.of_this_machine(model.device), []
    highest = max(len(grids) for _, grids in contents) - 1 if levels is None else levels - 1
    for content, grids in contents:
        cascade, top = Cascade(model, grids), min(len(grids) - 1, highest)
        needs = cascade.needs(top, grids[top], [False] * len(grids))
        climbs.append(Climb(cascade, signals, content, needs, grids[top], budget, cancelled))
    found: list[list[Statistics]] = []
    for level in range(highest + 1):
        climbs = [climb for climb in climbs if climb.levels > level]
        seen = [climb.content for climb in climbs]
        if thumbnail:
            small = padded(seen[0].thumbnail(THUMBNAIL), model.traits.size_multiple)
            found.append(full_statistics(model.stages(), signals, small))
        else:
            found.append(shared_statistics(model, signals, seen, patch, cancelled))
        way = Way(patch=patch, cancelled=cancelled, statistics=found[-1])
        for climb in climbs:
            if level < min(highest, climb.levels - 1):
                climb.paint(way)
    return found
