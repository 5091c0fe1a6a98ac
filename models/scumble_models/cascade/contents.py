"""What each level of a cascade reads: the content's own scales, and what the network sees of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from scumble_models.cascade.scales import Scale
from scumble_models.colour import luminance
from scumble_models.errors import Cancelled
from scumble_models.margins import Content
from scumble_models.pixels import PIECE, thumbnail_of
from scumble_models.tiling.box import Box
from scumble_models.tiling.budget import Budget
from scumble_models.tiling.store import FeatureStore, bytes_needed

#: How much of the content's own finer band of luminance a level's input gets. 1 is all of it.
BETA = 0.8


class Picture:
    """Three channels in 0..1 at a part of a grid, kept in 16 bits where the budget has room.

    Args:
        grid: all of it.
        part: what is kept; nothing else may be read.
    """

    def __init__(self, grid: Box, part: Box, budget: Budget, device: torch.device) -> None:
        self.box, self.part = grid, part
        place = budget.place(bytes_needed(3, part, picture=True))
        # A picture cannot be computed again piece by piece: without room the disk says so.
        place = "disk" if place == "recompute" else place
        self._store = FeatureStore(3, part, place, device, picture=True)

    def write(self, box: Box, image: Tensor) -> None:
        """Keep ``(1, 3, h, w)``, clamped, at a box of the grid."""
        self._store.write(box.relative_to(self.part), image.clamp(0.0, 1.0))

    def read(self, box: Box) -> Tensor:
        """``(1, 3, h, w)`` at a box of the grid."""
        return self._store.read(box.relative_to(self.part))

    def thumbnail(self, short_side: int) -> Tensor:
        """As :meth:`scumble_models.runner.Content.thumbnail`, of a picture that is kept whole."""
        return thumbnail_of(self.read, self.box, short_side)


def pyramid(
    content: Content,
    scales: Sequence[Scale],
    parts: Sequence[Box],
    budget: Budget,
    device: torch.device,
    cancelled: Callable[[], bool] | None = None,
) -> list[Content]:
    """The content at each level, the coarsest first; the last is the content itself, which is read once.

    Args:
        scales: between each level and the next finer one, the coarsest first.
        parts: what is kept of each level but the last; each has all pixels of the cells of the one before.

    Raises:
        Cancelled: ``cancelled`` returned True between two pieces.
    """
    found: list[Content] = [content]
    for scale, part in zip(reversed(scales), reversed(parts), strict=True):
        picture = Picture(scale.coarse, part, budget, device)
        for cells in part.tiles(max(1, int(PIECE / max(scale.step_x, scale.step_y)))):
            if cancelled and cancelled():
                raise Cancelled
            pixels = scale.pixels_of(cells)
            picture.write(cells, scale.reduce(found[0].read(pixels), pixels, cells))
        found.insert(0, picture)
    return found


class LevelInput:
    """What the network sees at a level above the coarsest, ``clamp(T + beta (L - L'))``.

    ``T`` is the coarser result enlarged, ``L`` the content's luminance and ``L'`` that of the next coarser
    content, enlarged: the colours and marks that are painted already, and the content's finer edges.
    """

    def __init__(self, content: Content, coarser: Content, result: Picture, scale: Scale) -> None:
        self._content, self._coarser, self._result, self._scale = content, coarser, result, scale
        self.box = content.box

    def read(self, box: Box) -> Tensor:
        """``(1, 3, h, w)`` in 0..1, channels last."""
        cells = self._scale.cells_for(box)
        # Enlarging is linear: one enlargement serves both.
        coarse = self._result.read(cells) - BETA * luminance(self._coarser.read(cells))
        fine = self._scale.enlarge(coarse, cells, box) + BETA * luminance(self._content.read(box))
        return fine.clamp_(0.0, 1.0).contiguous(memory_format=torch.channels_last)

    def thumbnail(self, short_side: int) -> Tensor:
        """The whole input scaled down to a short side (never up), ``(1, 3, h, w)``."""
        return thumbnail_of(self.read, self.box, short_side)
