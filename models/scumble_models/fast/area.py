"""Features of a part of a picture, which shrink with each convolution instead of being padded.

Only where a part ends at the picture's own border is there padding, by reflection. So no value is computed
that a neighbouring patch computes too, except what the halo asks for, and nothing is copied to be padded.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from scumble_models.fast.packed import Packed
from scumble_models.tiling.box import Box


@dataclass(frozen=True)
class Area:
    """Features ``(1, C, h, w)``, channels last, at `box` of a map whose whole box is `grid`."""

    x: Tensor
    box: Box
    grid: Box

    @property
    def at_border(self) -> tuple[bool, bool, bool, bool]:
        """Whether it ends at the picture's border: left, top, right, bottom."""
        box, grid = self.box, self.grid
        return box.left == 0, box.top == 0, box.right == grid.right, box.bottom == grid.bottom

    def padded(self, width: int, mode: str = "reflect") -> Tensor:
        """Its features, with `width` more positions on each side that lies at the picture's border."""
        left, top, right, bottom = (width * int(side) for side in self.at_border)
        return F.pad(self.x, (left, right, top, bottom), mode=mode) if any(self.at_border) else self.x

    def inner(self, width: int) -> Box:
        """What is left of its box when `width` positions fall away on each side within the picture."""
        left, top, right, bottom = (0 if side else width for side in self.at_border)
        box = self.box
        return Box(box.left + left, box.top + top, box.right - right, box.bottom - bottom)

    def cropped(self, box: Box) -> Tensor:
        """Its features at a smaller box."""
        rows, columns = box.relative_to(self.box).slices()
        return self.x[:, :, rows, columns]


def convolve(area: Area, convolution: Packed) -> Area:
    """A convolution with an odd kernel, padded by reflection at the picture's border."""
    half, step = convolution.kernel // 2, convolution.stride
    inner = area.inner(half)
    result = convolution(area.padded(half))
    grid = Box(0, 0, -(-area.grid.right // step), -(-area.grid.bottom // step))
    left, top = -(-inner.left // step), -(-inner.top // step)
    if (inner.left, inner.top) != (left * step, top * step):
        raise ValueError(f"An area at {area.box} does not begin where a stride of {step} does.")
    return Area(result, Box(left, top, left + result.shape[3], top + result.shape[2]), grid)


def pointwise(area: Area, convolution: Packed) -> Area:
    """A 1x1 convolution."""
    return Area(convolution(area.x), area.box, area.grid)
