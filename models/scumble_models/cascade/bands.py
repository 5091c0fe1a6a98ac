"""What a finer level keeps of the coarser result: its low band. Only what is finer comes from the network.

So the finished picture scaled down is the coarse level's picture, which is what a preview shows.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from scumble_models.cascade.contents import Picture
from scumble_models.cascade.scales import Scale
from scumble_models.tiling.box import Box

#: How many times as far as cells are off their pixels are moved at first: those at black or white already
#: cannot go with the others, and what is too much is taken back.
OVERSHOOT = 2.0


def grown(scale: Scale, outputs: Box) -> Box:
    """All pixels that a box of the result depends on: those of the coarser pixels around it."""
    return scale.pixels_of(scale.cells_for(_corrected(scale, outputs)))


@dataclass(frozen=True)
class KeepLow:
    """The network's output ``F`` with the coarser result ``R`` as its low band, in two corrections.

    ``D`` reduces to the coarser level, ``U`` enlarges from it, and ``P`` sharpens so that what is reduced is
    ``R``: ``G = clamp(F + 2 U (R - D F))``, and the result is ``G + U P (R - D G)``. One correction leaves
    styles of black and white off: half of the pixels are at an end of the range and cannot move. The first
    one goes too far for the others, so that after clamping the second is small, and within the range.

    Tried as well: one correction that moves pixels by what others cannot (twice as far off), and keeping only
    the band of two levels below, which leaves finer levels freer: sharper at 100%, but strokes of size 4 came
    out finer than those of 1, and previews were farther off.

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
        scale, inner = self.scale, _corrected(self.scale, outputs)
        x, cells = x.clamp(0.0, 1.0), scale.cells_for(inner)
        low = self.result.read(cells) - scale.reduce(x, box, cells)
        x = (_part(x, box, inner) + scale.enlarge(OVERSHOOT * low, cells, inner)).clamp_(0.0, 1.0)
        wanted = scale.cells_for(outputs)
        around = scale.around(wanted)
        low = scale.sharpened(self.result.read(around) - scale.reduce(x, inner, around), around, wanted)
        return _part(x, inner, outputs) + scale.enlarge(low, wanted, outputs)


def _corrected(scale: Scale, outputs: Box) -> Box:
    """The pixels that the second correction needs after the first."""
    return scale.pixels_of(scale.around(scale.cells_for(outputs)))


def _part(x: Tensor, box: Box, wanted: Box) -> Tensor:
    rows, columns = wanted.relative_to(box).slices()
    return x[:, :, rows, columns]
