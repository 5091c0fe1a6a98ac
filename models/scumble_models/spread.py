"""One layer computed in parts, each part anywhere: by any process that can read the pixels.

What a part needs of the whole is gathered first, in passes over all parts (one for each point of
normalisation), and is a few kilobytes. With it the parts equal the layer computed in one place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from scumble_models.fast.choice import stages_of
from scumble_models.look import Look
from scumble_models.pixels import NetworkView, PixelArray
from scumble_models.registry import StyleModel
from scumble_models.runner import PATCH, SMALLEST_SIDE, THUMBNAIL
from scumble_models.signals import StyleSignals
from scumble_models.stylize import Shared, finish_for, layer_signals, signals_of, stylize
from scumble_models.tiling.box import Box
from scumble_models.tiling.executor import feature_statistics, feature_tiles, full_statistics
from scumble_models.tiling.file_array import Array
from scumble_models.tiling.statistics import RunningStatistics, Statistics


@dataclass(frozen=True)
class Spread:
    """A layer and what is done to it, the same in every process that computes a part of it.

    Attributes:
        values, channels, styles, weight, mask, tiling, patch, look: as for
            :func:`scumble_models.stylize.stylize`; the look's stroke size is 1, and at least
            :data:`~scumble_models.runner.SMALLEST_SIDE` pixels are on a side.
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
        """What one look at the whole layer tells; the statistics are still to come, unless of a thumbnail."""
        view = NetworkView(PixelArray(self.values, self.channels, self.model.device))
        own = signals_of(self.model, view) if self.weight < 1.0 else None
        signals = layer_signals(self.model, own, self.styles, self.weight, [None] * len(self.styles))
        finish = finish_for(self.look, self.model, [view], signals)
        statistics: Sequence[Statistics] = ()
        if self.tiling == "thumbnail":
            stages = stages_of(self.model)
            statistics = full_statistics(stages, signals, view.thumbnail(THUMBNAIL))
        return Shared(tuple(statistics), own, finish, view.backdrop)

    def is_ready(self, shared: Shared) -> bool:
        """Whether the statistics at all points of normalisation are known."""
        return len(shared.statistics) == len(self.model.network.stages()) - 1

    def tiles(self, shared: Shared) -> list[Box]:
        """The patches of features whose statistics are wanted next."""
        stages = stages_of(self.model)
        return feature_tiles(stages, len(shared.statistics), self._box, self.patch or PATCH)

    def statistics(
        self, shared: Shared, first: int, last: int, cancelled: Callable[[], bool] | None = None
    ) -> RunningStatistics:
        """What the tiles from `first` to before `last` add to the statistics that are wanted next."""
        model = self.model
        view = NetworkView(PixelArray(self.values, self.channels, model.device), shared.backdrop)
        return feature_statistics(
            stages_of(model),
            layer_signals(model, shared.own, self.styles, self.weight, [None] * len(self.styles)),
            shared.statistics,
            view.read,
            view.box,
            self.tiles(shared)[first:last],
            cancelled=cancelled,
        )

    def with_statistics(self, shared: Shared, parts: Sequence[RunningStatistics]) -> Shared:
        """One point of normalisation more, from all parts in the order of their tiles."""
        whole = RunningStatistics()
        for part in parts:
            whole.merge(part)
        return replace(shared, statistics=(*shared.statistics, whole.result(self.model.device)))

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

    @property
    def _box(self) -> Box:
        return Box(0, 0, self.values.shape[1], self.values.shape[0])


def can_spread(width: int, height: int, look: Look) -> bool:
    """Whether a layer of that size and look can be computed in parts by :class:`Spread`."""
    return min(width, height) >= SMALLEST_SIDE and look.stroke_size == 1.0
