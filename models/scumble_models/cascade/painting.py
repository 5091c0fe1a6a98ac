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


def grids_for(model: Engine, whole: Box, stroke_size: float) -> tuple[Box, ...]:
    """The grids on which a network paints a content, the coarsest first."""
    return level_grids(whole, stroke_size) if model.traits.cascades else (whole,)


class Painting:
    """A region of a content that is being painted, coarse to fine, by one network.

    Attributes:
        patches: how many there are of each level.
    """

    def __init__(
        self,
        model: Engine,
        signals: LayerSignals,
        content: Content,
        grids: Sequence[Box],
        region: Box,
        way: Way,
        *,
        given: LevelStatistics | None = None,
        kept: KeptStatistics | None = None,
    ) -> None:
        """Find out what is to be done.

        Args:
            grids: of all levels, the coarsest first; see :func:`grids_for`.
            way: how each level's network is run; its statistics and join are of no matter. Pictures of
                levels take their place from its budget, which several paintings may share.
            given: statistics in place of the content's own; the last ones count for finer levels.
            kept: takes statistics as they are found. A small region has them from there: it then costs its
                own area, and the parts of the coarser levels under it.
        """
        self._model, self._signals, self._content, self._region = model, signals, content, region
        self._cascade, self._given, self._way = Cascade(model, grids), given, way
        self._budget = way.budget or Budget.of_this_machine(model.device)
        self._top = len(self._cascade.grids) - 1
        self._found: dict[int, Sequence[Statistics]] = {}
        if kept is not None:
            self._found = kept.thumbnail if way.tiling == "thumbnail" else kept.exact
        self._statistics = self._known_statistics()
        known = [value is not None for value in self._statistics]
        self._inputs = self._cascade.inputs_for(self._top, region) if known[-1] else content.box
        self._needs = self._cascade.needs(self._top, self._inputs, known)
        self._ways = self._ways_of_levels()
        parts = [*(need.result for need in self._needs), region]
        counted = zip(self._cascade.grids, parts, self._ways, strict=True)
        self.patches = [count_patches(model, *one) for one in counted]
        self._climb: Climb | None = None

    @torch.inference_mode()
    def coarsest(self, before: int = 0, after: int = 0) -> tuple[Content, Picture] | None:
        """Paint the coarsest level, for :meth:`finish` and to be shown; None where there is only one.

        Args:
            before, after: patches of other work that is done and to come, for progress.

        Returns:
            What the network saw, and the result.

        Raises:
            Cancelled, OutOfMemoryError: as :func:`scumble_models.runner.run`.
        """
        if not self._top:
            return None
        climb = Climb(
            self._cascade,
            self._signals,
            self._content,
            self._needs,
            self._inputs,
            self._budget,
            self._way.cancelled,
        )
        content = climb.content
        result, values = climb.paint(self._way_of(0, before, after + sum(self.patches[1:])))
        self._keep(0, values)
        self._climb = climb
        return content, result

    @torch.inference_mode()
    def finish(self, sink: Sink, before: int = 0, after: int = 0) -> None:
        """Paint all levels that are not; the sink gets every pixel of the region, not clamped.

        Arguments and errors are those of :meth:`coarsest`.
        """
        if self._top and self._climb is None:
            self.coarsest(before, after)
        climb = self._climb
        first = 0 if climb is None else climb.level
        for level in range(first, self._top + 1):
            passed, coming = sum(self.patches[first:level]), sum(self.patches[level + 1 :])
            way = self._way_of(level, before + passed, after + coming)
            if climb is not None and level < self._top:
                _, values = climb.paint(way)
            else:
                way = replace(way, join=None if climb is None else climb.join, budget=self._budget)
                content = self._content if climb is None else climb.content
                values = run(self._model, self._signals, content, self._region, sink, way)
            self._keep(level, values)
        self._climb = None

    def _known_statistics(self) -> list[Sequence[Statistics] | None]:
        levels = range(self._top + 1)
        if self._given is not None:
            return [self._given[min(level, len(self._given) - 1)] for level in levels]
        if is_small(self._region, self._content.box):
            return [self._found.get(level) for level in levels]
        return [None for _ in levels]

    def _ways_of_levels(self) -> list[Way]:
        ways = [replace(self._way, statistics=value) for value in self._statistics]
        side = default_patch(self._model)
        for level, grid in enumerate(self._cascade.grids[:-1]):
            if self._way.patch is None and grid.area <= ONE_PIECE * side * side:
                ways[level] = replace(ways[level], patch=max(grid.width, grid.height))
        return ways

    def _way_of(self, level: int, before: int, after: int) -> Way:
        return replace(self._ways[level], on_patch=shifted(self._way.on_patch, before, after))

    def _keep(self, level: int, values: Sequence[Statistics]) -> None:
        if self._given is None and values:
            self._found[level] = values


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
