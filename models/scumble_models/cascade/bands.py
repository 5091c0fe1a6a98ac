"""What a finer level keeps of the coarser result: its low band. Only what is finer comes from the network.

So the finished picture scaled down is the coarse level's picture, which is what a preview shows.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from scumble_models.cascade.contents import Picture
from scumble_models.cascade.scales import Scale
from scumble_models.tiling.box import Box

#: Of a cell that is cut off everywhere but here and there, those few pixels are moved so many times as far.
MOST_GAIN = 4.0


def grown(scale: Scale, outputs: Box) -> Box:
    """All pixels that a box of the result depends on: those of the coarser pixels around it, twice."""
    return _under(scale, _under(scale, outputs))


def _under(scale: Scale, outputs: Box) -> Box:
    """The pixels that one correction of a box of outputs looks at."""
    return scale.pixels_of(scale.around(scale.cells_for(outputs)))


@dataclass(frozen=True)
class KeepLow:
    """``F + U P (R - D(F))``: the network's output ``F`` with the coarser result ``R`` as its low band.

    ``D`` reduces to the coarser level, ``U`` enlarges from it, and ``P`` sharpens so that the result
    reduced is ``R``. What comes to lie beyond black or white is cut off, which moves the means again, in
    styles of black and white by much: a second correction, of the pixels that are not cut off, mends that.
    Keeping only the band of two levels below, which leaves finer levels freer, was tried: sharper at 100%,
    but strokes of size 4 came out finer than those of 1, and previews were farther off.

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
        inner = _under(self.scale, outputs)
        x = self._corrected(x.clamp(0.0, 1.0), box, inner)
        cut = x.clamp(0.0, 1.0)
        if bool((cut != x).any()):
            return self._corrected(cut, inner, outputs, (cut == x).float())
        rows, columns = outputs.relative_to(inner).slices()
        return x[:, :, rows, columns]

    def _corrected(self, x: Tensor, box: Box, outputs: Box, free: Tensor | None = None) -> Tensor:
        """Values at a box, with the coarser result's means at outputs; ``free`` is 1 where they can move."""
        wanted = self.scale.cells_for(outputs)
        around = self.scale.around(wanted)
        low = self.result.read(around) - self.scale.reduce(x, box, around)
        if free is not None:
            low = low / self.scale.reduce(free, box, around).clamp_min(1.0 / MOST_GAIN)
        low = self.scale.sharpened(low, around, wanted)
        rows, columns = outputs.relative_to(box).slices()
        return x[:, :, rows, columns] + self.scale.enlarge(low, wanted, outputs)
