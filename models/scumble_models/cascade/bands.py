"""What a finer level keeps of the coarser result: its low band. Only what is finer comes from the network.

So the finished picture scaled down is the coarse level's picture, which is what a preview shows.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from scumble_models.cascade.contents import Picture
from scumble_models.cascade.scales import Scale
from scumble_models.tiling.box import Box


def grown(scale: Scale, outputs: Box) -> Box:
    """All pixels that a box of the result depends on: those of the coarser pixels around it."""
    return scale.pixels_of(scale.around(scale.cells_for(outputs)))


@dataclass(frozen=True)
class KeepLow:
    """``F + U P (R - D(F))``: the network's output ``F`` with the coarser result ``R`` as its low band.

    ``D`` reduces to the coarser level, ``U`` enlarges from it, and ``P`` sharpens so that the result
    reduced is ``R``. Keeping only the band of two levels below, which leaves finer levels freer, was tried:
    sharper at 100%, but strokes of size 4 came out finer than those of 1, and previews were farther off.

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
        low = self.scale.sharpened(low, around, wanted)
        rows, columns = outputs.relative_to(box).slices()
        return x[:, :, rows, columns] + self.scale.enlarge(low, wanted, outputs)
