"""What a finer level keeps of the coarser result: its low band. Only what is finer comes from the network.

So the finished picture scaled down is the coarse level's picture, which is what a preview shows.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from scumble_models.cascade.contents import Picture
from scumble_models.cascade.scales import Scale
from scumble_models.tiling.box import Box

#: In a cell that is black or white but for a few pixels, those are moved so many times as far at most.
MOST_GAIN = 4.0
#: Within one so-many-th of black or white a pixel counts as if it could move only in part.
STEEPNESS = 64.0


def grown(scale: Scale, outputs: Box) -> Box:
    """All pixels that a box of the result depends on: those of the coarser pixels around it."""
    return scale.pixels_of(scale.around(scale.cells_for(outputs)))


@dataclass(frozen=True)
class KeepLow:
    """``F + U P (R - D(F))``: the network's output ``F`` with the coarser result ``R`` as its low band.

    ``D`` reduces to the coarser level, ``U`` enlarges from it, and ``P`` sharpens so that the result
    reduced is ``R``. Where pixels are black or white already and cannot move, the others move farther. A
    second correction after values were cut off was tried: nearer still in styles of black and white, but a
    tenth of a pass more for all. Keeping only the band of two levels below, which leaves finer levels freer,
    was tried too: sharper at 100%, but strokes of size 4 came out finer than those of 1, and previews were
    farther off.

    Attributes:
        scale: between the coarser result and this level.
        result: the coarser result.
    """

    scale: Scale
    result: Picture

    def grown(self, outputs: Box) -> Box:
        """See :func:`grown`."""
        return grown(self.scale, outputs)

    def apply(self, x: Tensor, box: Box, outputs: Box) -> Tensor:
        """The result ``(1, 3, h, w)`` at ``outputs``, not clamped, from the network's output at a box."""
        wanted = self.scale.cells_for(outputs)
        around = self.scale.around(wanted)
        x = x.clamp(0.0, 1.0)
        low = self.result.read(around) - self.scale.reduce(x, box, around)
        low = low * self._gain(x, box, around, low)
        low = self.scale.sharpened(low, around, wanted)
        rows, columns = outputs.relative_to(box).slices()
        return x[:, :, rows, columns] + self.scale.enlarge(low, wanted, outputs)

    def _gain(self, x: Tensor, box: Box, cells: Box, low: Tensor) -> Tensor:
        """How many times as far the pixels of cells have to move, as some are black or white already."""
        # Not a yes or no at black and white: that would depend on how sums are rounded, and on the patch.
        rooms = ((1.0 - x).mul_(STEEPNESS).clamp_max_(1.0), (x * STEEPNESS).clamp_max_(1.0))
        up, down = (self.scale.reduce(room, box, cells) for room in rooms)
        return 1.0 / torch.where(low > 0.0, up, down).clamp_min(1.0 / MOST_GAIN)
