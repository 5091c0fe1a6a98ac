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

from scumble_models.cascade.climb import Cascade, Climb, inputs_of, union
from scumble_models.cascade.grids import enlargement
from scumble_models.cascade.painting import grids_for, shared_levels
from scumble_models.fast.choice import stages_of
from scumble_models.learned import painting_model
from scumble_models.look import Look
from scumble_models.pixels import NetworkView, PixelArray
from scumble_models.registry import StyleModel
from scumble_models.runner import PATCH, SMALLEST_SIDE, Way
from scumble_models.signals import LayerSignals, StyleSignals
from scumble_models.stylize import Shared, finish_for, layer_signals, signals_of, stylize
from scumble_models.tiling.box import Box
from scumble_models.tiling.budget import Budget
from scumble_models.tiling.executor import feature_statistics, feature_tiles
from scumble_models.tiling.file_array import Array
from scumble_models.tiling.statistics import RunningStatistics, Statistics

#: Coarse levels of at most so many pixels are not worth a pass over all machines.
SMALL_LEVEL = 1 << 21


@dataclass(frozen=True)
class Spread:
    """A layer and what is done to it, the same in every process that computes a part of it.

    Attributes:
        values, channels, styles, weight, mask, tiling, patch, look: as for
            :func:`scumble_models.stylize.stylize`, of a size for which :func:`can_spread` is true.
    """

    model: StyleModel
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
        own = signals_of(self.model, view) if self.weight < 1.0 else None
        model, signals = self._painter(own)
        finish = finish_for(self.look, model, [view], signals)
        thumbnail = self.tiling == "thumbnail"
        small = [grid for grid in self._grids[:-1] if grid.area <= SMALL_LEVEL]
        found = shared_levels(
            model,
            signals,
            [(view, self._grids)],
            self.patch or PATCH,
            levels=len(self._grids) if thumbnail else len(small),
            thumbnail=thumbnail,
        )
        return Shared(tuple(tuple(level) for level in found), own, finish, view.backdrop)

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
        return feature_tiles(stages_of(self.model), len(known), self._grids[level], self.patch or PATCH)

    @torch.inference_mode()
    def statistics(
        self, shared: Shared, first: int, last: int, cancelled: Callable[[], bool] | None = None
    ) -> RunningStatistics:
        """What the tiles from `first` to before `last` add to the statistics that are wanted next."""
        (model, signals), (level, known) = self._painter(shared.own), self._wanted(shared)
        stages, tiles = stages_of(model), self.tiles(shared)[first:last]
        grid, inputs = self._grids[level], Box(0, 0, 0, 0)
        for tile in tiles:
            inputs = union(inputs, inputs_of(stages[: len(known) + 1], grid, tile))
        view = NetworkView(PixelArray(self.values, self.channels, model.device), shared.backdrop)
        content = self._climbed(shared, view, model, signals, level, inputs, cancelled).content
        return feature_statistics(stages, signals, known, content.read, grid, tiles, cancelled=cancelled)

    def with_statistics(self, shared: Shared, parts: Sequence[RunningStatistics]) -> Shared:
        """One point of normalisation more, from all parts in the order of their tiles."""
        whole = RunningStatistics()
        for part in parts:
            whole.merge(part)
        level, known = self._wanted(shared)
        found = (*known, whole.result(self.model.device))
        return replace(shared, statistics=(*shared.statistics[:level], found))

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

    def _painter(self, own: StyleSignals | None) -> tuple[StyleModel, LayerSignals]:
        """The model that paints, with the decoder of the styles, and their signals."""
        signals = layer_signals(self.model, own, self.styles, self.weight, [None] * len(self.styles))
        return painting_model(self.model, signals), signals

    def _wanted(self, shared: Shared) -> tuple[int, tuple[Statistics, ...]]:
        """The level whose statistics are wanted next, and those of its points that are known."""
        points = len(self.model.network.stages()) - 1
        for level, known in enumerate(shared.statistics):
            if len(known) < points:
                return level, tuple(known)
        return len(shared.statistics), ()

    def _climbed(
        self,
        shared: Shared,
        view: NetworkView,
        model: StyleModel,
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
