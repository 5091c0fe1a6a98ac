"""One layer computed in parts, each part anywhere: by any process that can read the pixels.

What a part needs of the whole is gathered first, in passes over all parts (one for each level and point of
normalisation), and is a few kilobytes. With it the parts equal the layer computed in one place. What a part
needs of the coarser levels it paints for itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from scumble_models.blend import Blend, needs_own, one_painter
from scumble_models.cascade.climb import Cascade, Climb, inputs_of, union
from scumble_models.cascade.grids import enlargement
from scumble_models.cascade.painting import LevelStatistics, grids_for, shared_levels
from scumble_models.engine import Engine
from scumble_models.look import Look
from scumble_models.margins import SMALLEST_SIDE, padded_box, padded_content, within
from scumble_models.pixels import NetworkView, PixelArray
from scumble_models.runner import Way
from scumble_models.signals import LayerSignals, StyleSignals
from scumble_models.stylize import Shared, finish_for, signals_of, stylize
from scumble_models.tiling.box import Box
from scumble_models.tiling.budget import Budget
from scumble_models.tiling.executor import feature_statistics, feature_tiles
from scumble_models.tiling.file_array import Array
from scumble_models.tiling.statistics import RunningStatistics, Statistics, running

#: Coarse levels of at most so many pixels are not worth a pass over all machines.
SMALL_LEVEL = 1 << 21


@dataclass(frozen=True)
class Spread:
    """A layer and what is done to it, the same in every process that computes a part of it.

    Attributes:
        values, channels, styles, weight, mask, tiling, patch, look: as for
            :func:`scumble_models.stylize.stylize`, of a size for which :func:`can_spread` is true.
    """

    model: Engine
    values: Array
    channels: str
    styles: Sequence[tuple[StyleSignals, float]]
    weight: float = 1.0
    mask: Array | None = None
    tiling: str = "auto"
    patch: int | None = None
    look: Look = field(default_factory=Look)

    def begin(self) -> Shared:
        """What one look at the whole layer tells.

        The statistics are those of small levels, or of thumbnails; the others are still to come.
        """
        view = NetworkView(PixelArray(self.values, self.channels, self.model.device))
        own = signals_of(self.model, view) if needs_own(self.model.traits, self.weight) else None
        model, signals = self._painter(own)
        finish = finish_for(self.look, self.model, [view], signals)
        thumbnail = self.tiling == "thumbnail"
        small = [grid for grid in self._grids[:-1] if grid.area <= SMALL_LEVEL]
        found = shared_levels(
            model,
            signals,
            [(view, self._grids)],
            self.patch or self.model.traits.patch,
            levels=len(self._grids) if thumbnail else len(small),
            thumbnail=thumbnail,
        )
        return Shared(
            self._completed([tuple(level) for level in found]), own, finish, view.backdrop, view.top
        )

    def is_ready(self, shared: Shared) -> bool:
        """Whether the statistics of all levels at all points of normalisation are known."""
        return self._wanted(shared)[0] == len(self._grids)

    def wanted(self, shared: Shared) -> str:
        """For progress: which statistics are wanted next."""
        level, known = self._wanted(shared)
        return f"statistics {len(known) + 1} of level {level + 1} of {len(self._grids)}"

    def tiles(self, shared: Shared) -> list[Box]:
        """The patches of features whose statistics are wanted next."""
        level, known = self._wanted(shared)
        whole = padded_box(self._grids[level], self.model.traits.size_multiple)
        return feature_tiles(self.model.stages(), len(known), whole, self.patch or self.model.traits.patch)

    @torch.inference_mode()
    def statistics(
        self, shared: Shared, first: int, last: int, cancelled: Callable[[], bool] | None = None
    ) -> RunningStatistics:
        """What the tiles from `first` to before `last` add to the statistics that are wanted next."""
        (model, signals), (level, known) = self._painter(shared.own), self._wanted(shared)
        stages, tiles = model.stages(), self.tiles(shared)[first:last]
        grid, inputs, multiple = self._grids[level], Box(0, 0, 0, 0), model.traits.size_multiple
        whole = padded_box(grid, multiple)
        for tile in tiles:
            inputs = union(inputs, within(inputs_of(stages[: len(known) + 1], whole, tile), grid))
        view = NetworkView(PixelArray(self.values, self.channels, model.device), shared.backdrop, shared.top)
        climb = self._climbed(shared, view, model, signals, level, inputs, cancelled)
        read = padded_content(climb.content, multiple).read
        return feature_statistics(stages, signals, known, read, whole, tiles, cancelled=cancelled)

    def with_statistics(self, shared: Shared, parts: Sequence[RunningStatistics]) -> Shared:
        """One point of normalisation more, from all parts in the order of their tiles."""
        level, known = self._wanted(shared)
        whole = running(self.model.stages()[len(known) + 1].gathers)
        for part in parts:
            whole.merge(part)
        found = (*known, whole.result(self.model.device))
        return replace(shared, statistics=self._completed([*map(tuple, shared.statistics[:level]), found]))

    def paint(self, shared: Shared, region: Box, cancelled: Callable[[], bool] | None = None) -> np.ndarray:
        """The result at a region, ``(h, w, C)`` of the layer's own type."""
        result = stylize(
            self.model,
            self.values,
            self.channels,
            self.styles,
            weight=self.weight,
            region=(region.left, region.top, region.width, region.height),
            mask=self.mask,
            patch=self.patch,
            look=self.look,
            shared=shared,
            cancelled=cancelled,
        )
        assert isinstance(result, np.ndarray)
        return result

    def _painter(self, own: StyleSignals | None) -> tuple[Engine, LayerSignals]:
        """The model that paints, with the decoder of the styles, and their signals."""
        signals = Blend(self.styles, self.weight, [None] * len(self.styles), own).signals(self.model)
        return one_painter(self.model, signals), signals

    def _wanted(self, shared: Shared) -> tuple[int, tuple[Statistics, ...]]:
        """The level whose statistics are wanted next, and those of its points that are known."""
        points = len(self.model.stages()) - 1
        for level, known in enumerate(shared.statistics):
            if len(known) < points:
                return level, tuple(known)
        return len(shared.statistics), ()

    def _completed(self, statistics: Sequence[tuple[Statistics, ...]]) -> LevelStatistics:
        """The statistics of levels, and nothing for points where nothing is gathered."""
        kinds, found = [stage.gathers for stage in self.model.stages()[1:]], []
        for level in range(len(self._grids)):
            known = statistics[level] if level < len(statistics) else ()
            while len(known) < len(kinds) and kinds[len(known)] == "nothing":
                known = (*known, ())
            if known or not kinds:
                found.append(known)
            if len(known) < len(kinds):
                break
        return tuple(found)

    def _climbed(
        self,
        shared: Shared,
        view: NetworkView,
        model: Engine,
        signals: LayerSignals,
        level: int,
        inputs: Box,
        cancelled: Callable[[], bool] | None,
    ) -> Climb:
        """The cascade up to a level, of which a part of the input is needed."""
        cascade = Cascade(model, self._grids)
        needs = cascade.needs(level, inputs, [True] * level)
        budget = Budget.of_this_machine(self.model.device)
        climb = Climb(cascade, signals, view, needs, inputs, budget, cancelled)
        for known in shared.statistics[:level]:
            climb.paint(Way(patch=self.patch, cancelled=cancelled, statistics=known))
        return climb

    @property
    def _grids(self) -> tuple[Box, ...]:
        whole = Box(0, 0, self.values.shape[1], self.values.shape[0])
        return grids_for(self.model, whole, self.look.stroke_size)


def can_spread(width: int, height: int, look: Look) -> bool:
    """Whether a layer of that size and look can be computed in parts by :class:`Spread`.

    Not what is smaller than its strokes want it to be: :mod:`scumble_models.enlarged`.
    """
    whole = Box(0, 0, width, height)
    return min(width, height) >= SMALLEST_SIDE and enlargement(whole, look.stroke_size) == 1.0
