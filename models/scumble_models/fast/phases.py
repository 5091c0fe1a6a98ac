"""Enlargements and their convolutions, computed at the small size: each small position gives 2x2 large ones.

The channels of a `phased` map are the four large positions (row, then column) times the channels there.
Nothing non-linear lies between the published networks' bilinear enlargement and the convolution after it:
together they are one convolution at the small size, with weights that are computed here once.
"""

from __future__ import annotations

from itertools import product

import torch
import torch.nn.functional as F
from torch import Tensor

from scumble_models.fast.area import Area
from scumble_models.fast.packed import Packed
from scumble_models.tiling.box import Box

#: What each tap (row) of a large position takes of the small positions before, at and after its own:
#: for the first large position of the two, then for the second.
MIDDLE = (
    ((0.75, 0.25, 0.0), (0.25, 0.75, 0.0), (0.0, 0.75, 0.25)),
    ((0.25, 0.75, 0.0), (0.0, 0.75, 0.25), (0.0, 0.25, 0.75)),
)
#: The same at the picture's first and last position, where the enlarged picture is padded by reflection.
FIRST = (((0.0, 0.75, 0.25), (0.0, 1.0, 0.0), (0.0, 0.75, 0.25)), MIDDLE[1])
LAST = (MIDDLE[0], ((0.25, 0.75, 0.0), (0.0, 1.0, 0.0), (0.25, 0.75, 0.0)))
#: Channels that one group reads: as many as a vector register holds.
GROUP = 16


class Enlarging:
    """Bilinear enlargement to twice the size, a grouped 3x3 convolution, and a ReLU.

    Args:
        weight: ``(C / 2, 2, 3, 3)`` of a convolution in which each output reads two of the ``C`` inputs.
        bias: ``(C / 2,)``.
    """

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        self.channels_in = 2 * weight.shape[0]
        self.groups = self.channels_in // GROUP
        each = weight.shape[0] // self.groups
        self._bias = bias.view(self.groups, 1, each).expand(-1, 4, -1).reshape(-1)
        tables = {"middle": MIDDLE, "first": FIRST, "last": LAST}
        self._weights = {
            (rows, columns): _small_weight(weight, tables[rows], tables[columns], self.groups)
            for rows, columns in product(tables, tables)
        }
        middle = self._weights["middle", "middle"]
        self._packed = Packed(middle, self._bias, groups=self.groups, relu=True)

    def __call__(self, area: Area) -> Area:
        """To ``(1, 2 C, h, w)``: per group of 16 inputs the four positions, each with eight channels."""
        x = area.padded(1, "replicate")
        result = self._packed(x)
        left, top, right, bottom = area.at_border
        everywhere = {"middle": (slice(None), slice(None))}
        ends = {"first": (slice(0, 3), slice(0, 1)), "last": (slice(-3, None), slice(-1, None))}
        rows = everywhere | {name: ends[name] for name, here in (("first", top), ("last", bottom)) if here}
        columns = everywhere | {name: ends[name] for name, here in (("first", left), ("last", right)) if here}
        # Edges before corners, which belong to two edges.
        for row, column in sorted(
            product(rows, columns), key=lambda names: names.count("middle"), reverse=True
        ):
            if (row, column) == ("middle", "middle"):
                continue
            (row_in, row_out), (column_in, column_out) = rows[row], columns[column]
            weight = self._weights[row, column]
            edge = F.conv2d(x[:, :, row_in, column_in], weight, self._bias, groups=self.groups)
            result[:, :, row_out, column_out] = edge.relu_()
        return Area(result, area.inner(1), area.grid)

    def mixing(self, weight: Tensor, bias: Tensor) -> Packed:
        """The 1x1 convolution and ReLU after it: weight ``(D, C / 2, 1, 1)``; to a phased map of ``D``."""
        each = weight.shape[1] // self.groups
        block = weight[:, :, 0, 0].view(weight.shape[0], self.groups, each)
        wide = weight.new_zeros(4, weight.shape[0], self.groups, 4, each)
        for phase in range(4):
            wide[phase, :, :, phase] = block
        return Packed(wide.reshape(4 * weight.shape[0], -1, 1, 1), bias.repeat(4), relu=True)


class PhasedOutput:
    """The last convolution, from a phased map to a phased image; odd kernel of side ``2 r + 1``, even ``r``.

    Computed at the small size its few output channels are four times as many, which fills the vector
    registers that three channels leave almost empty.
    """

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        outputs, inputs, kernel, _ = weight.shape
        reach = kernel // 2
        self.half, self._outputs = reach // 2, 4 * outputs
        small = 2 * self.half + 1
        wide = weight.new_zeros(2, 2, outputs, 2, 2, inputs, small, small)
        for py, px, ty, tx in product(range(2), range(2), range(kernel), range(kernel)):
            (dy, qy), (dx, qx) = divmod(py + ty - reach, 2), divmod(px + tx - reach, 2)
            wide[py, px, :, qy, qx, :, dy + self.half, dx + self.half] = weight[:, :, ty, tx]
        self._packed = Packed(wide.reshape(4 * outputs, 4 * inputs, small, small), bias.repeat(4))

    def __call__(self, area: Area) -> Area:
        """To ``(1, 4 * 3, h, w)``."""
        inner = area.inner(self.half)
        if not any(area.at_border) or min(area.x.shape[2:]) < 4 * self.half:
            return Area(self._packed(self._padded(area.x, area.at_border)), inner, area.grid)
        # Padding copies the whole map, which takes as long as the convolution; its edges alone are cheap.
        x, width = area.x, 2 * self.half
        left, top, right, bottom = area.at_border
        size = (1, self._outputs, inner.height, inner.width)
        result = torch.empty(size, dtype=x.dtype, memory_format=torch.channels_last)
        rows = slice(self.half * top, inner.height - self.half * bottom)
        columns = slice(self.half * left, inner.width - self.half * right)
        result[:, :, rows, columns] = self._packed(x)
        if left:
            edge = self._padded(x[..., :width], (True, False, False, False))
            result[:, :, rows, : self.half] = self._packed(edge)
        if right:
            edge = self._padded(x[..., -width:], (False, False, True, False))
            result[:, :, rows, -self.half :] = self._packed(edge)
        if top:
            edge = self._padded(x[:, :, :width], (left, True, right, False))
            result[:, :, : self.half] = self._packed(edge)
        if bottom:
            edge = self._padded(x[:, :, -width:], (left, False, right, True))
            result[:, :, -self.half :] = self._packed(edge)
        return Area(result, inner, area.grid)

    def _padded(self, x: Tensor, at_border: tuple[bool, bool, bool, bool]) -> Tensor:
        left, top, right, bottom = at_border
        x = _padded_rows(x, self.half, top, bottom, phase_axis=0)
        return _padded_rows(x.transpose(2, 3), self.half, left, right, phase_axis=1).transpose(2, 3)


def unfold_phases(area: Area) -> Area:
    """A phased map ``(1, 4 C, h, w)`` as what it stands for: ``(1, C, 2 h, 2 w)``, channels last."""
    _, channels, height, width = area.x.shape
    split = area.x.permute(0, 2, 3, 1).reshape(height, width, 2, 2, channels // 4)
    large = split.permute(0, 2, 1, 3, 4).reshape(1, 2 * height, 2 * width, channels // 4)
    box, grid = (Box(*(2 * side for side in sides)) for sides in (area.box, area.grid))
    return Area(large.permute(0, 3, 1, 2), box, grid)


def _small_weight(weight: Tensor, rows: object, columns: object, groups: int) -> Tensor:
    """Of the enlargement and the convolution together, ``(2 C, 16, 3, 3)``."""
    taps = [torch.tensor(table, dtype=weight.dtype) for table in (rows, columns)]
    fine = torch.einsum("oits,ytd,xse->yxoide", weight, *taps)
    each = weight.shape[0] // groups
    wide = weight.new_zeros(groups, 4, each, GROUP, 3, 3)
    fine = fine.reshape(4, groups, each, 2, 3, 3)
    for output in range(each):
        wide[:, :, output, 2 * output : 2 * output + 2] = fine[:, :, output].transpose(0, 1)
    return wide.reshape(groups * 4 * each, GROUP, 3, 3)


def _padded_rows(x: Tensor, width: int, before: bool, after: bool, phase_axis: int) -> Tensor:
    """Reflect a phased map at its first and last row, as the large map would be reflected."""
    if not (before or after):
        return x
    n, channels, height, columns = x.shape
    split = x.unflatten(1, (2, 2, channels // 4)).movedim(1 + phase_axis, 0)
    parts = []
    for phase, plane in enumerate(split):
        rows = list(range(height))
        if before:
            rows = [k - phase for k in range(width, 0, -1)] + rows
        if after:
            rows = rows + [height - 1 - phase - k for k in range(width)]
        parts.append(plane[..., rows, :])
    joined = torch.stack(parts).movedim(0, 1 + phase_axis)
    return joined.reshape(n, channels, joined.shape[-2], columns)
