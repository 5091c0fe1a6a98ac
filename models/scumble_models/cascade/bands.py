"""What a finer level keeps of the coarser result: its low band. Only what is finer comes from the network.

So the finished picture scaled down is the coarse level's picture, which is what a preview shows.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from scumble_models.cascade.contents import Picture
from scumble_models.cascade.scales import Scale, WholeScale, carried
from scumble_models.tiling.box import Box

#: Side in pixels of the cells whose means a level keeps, by its number (the coarsest is 0, which keeps
#: nothing); 4 above. Level 1 keeps the coarsest level's own pixels whatever their size.
KEPT_CELLS = {1: 2, 2: 2}


def kept_cells(level: int, scale: Scale) -> Scale:
    """The cells whose means a level above the coarsest keeps; `scale` is that between it and the coarser."""
    return scale if level == 1 else WholeScale(scale.fine, KEPT_CELLS.get(level, 4))


def grown(cells: Scale, outputs: Box) -> Box:
    """All pixels that a box of the result depends on: those of the cells around it."""
    return cells.pixels_of(cells.around(cells.cells_for(outputs)))


@dataclass(frozen=True)
class KeepLow:
    """``F + U P (D(T) - D(F))``: the network's output ``F`` with the low band of the coarser result.

    ``D`` is the mean over cells, ``U`` enlarges from them, and ``P`` sharpens so that the cells' means of the
    result are those of ``T``, the coarser result enlarged. Where the cells are the coarser level's own, the
    coarser result itself takes the place of ``D(T)``.

    Attributes:
        cells: see :func:`kept_cells`.
        scale: between the coarser result and this level.
        result: the coarser result.
    """

    cells: Scale
    scale: Scale
    result: Picture

    def grown(self, outputs: Box) -> Box:
        """See :func:`grown`."""
        return grown(self.cells, outputs)

    def apply(self, x: Tensor, box: Box, outputs: Box) -> Tensor:
        """The result ``(1, 3, h, w)`` at ``outputs``, not clamped, from the network's output at a box."""
        wanted = self.cells.cells_for(outputs)
        cells = self.cells.around(wanted)
        x = x.clamp(0.0, 1.0)
        if self.cells is self.scale:
            target = self.result.read(cells)
        else:
            coarser = self.scale.cells_for(box)
            target = carried(self.result.read(coarser), coarser, self.scale, self.cells, cells)
        low = target - self.cells.reduce(x, box, cells)
        low = self.cells.sharpened(low, cells, wanted)
        rows, columns = outputs.relative_to(box).slices()
        return x[:, :, rows, columns] + self.cells.enlarge(low, wanted, outputs)
