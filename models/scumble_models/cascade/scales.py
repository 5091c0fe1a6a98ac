"""Two grids of one picture, and the way between them: the same pixels however a picture is cut into patches.

Enlarging ``U`` is bilinear about the centres of cells, reducing ``D`` is the mean over a cell's area. Beyond
the border the last cell is repeated. What is enlarged and reduced again is blurred, ``D U x != x``; enlarging
``sharpened`` cells makes up for that.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from scumble_models.tiling.box import Box

#: ``D U`` along an axis has eigenvalues in 1/2..1 (less only where the ratio is near 1). These are the roots
#: of the polynomial ``1 - m P(m)`` that is smallest there, at most 1/577: those of Chebyshev's fourth.
ROOTS = tuple(0.75 + 0.25 * math.cos(math.pi * (2 * i + 1) / 8) for i in range(4))
#: ``P(D U)`` reaches so many cells to each side: ``D U`` reaches one.
REACH = len(ROOTS) - 1
#: Outputs that are computed together: few enough that most of a block's matrix counts.
BLOCK = 64


@dataclass(frozen=True)
class Scale:
    """Pixels, and cells of any size over them, in both directions.

    Attributes:
        fine, coarse: all pixels and all cells.
        step_x, step_y: pixels per cell.
    """

    fine: Box
    coarse: Box
    step_x: float
    step_y: float

    def cells_for(self, box: Box) -> Box:
        """The cells that :meth:`enlarge` needs for a box of pixels; all that lie over it are among them."""
        left, right = _around(box.left, box.right, self.step_x)
        top, bottom = _around(box.top, box.bottom, self.step_y)
        return Box(left, top, right, bottom).intersect(self.coarse)

    def pixels_of(self, cells: Box) -> Box:
        """The pixels that lie in the cells, some of them in part: what :meth:`reduce` needs."""
        return Box(
            math.floor(cells.left * self.step_x),
            math.floor(cells.top * self.step_y),
            math.ceil(cells.right * self.step_x),
            math.ceil(cells.bottom * self.step_y),
        ).intersect(self.fine)

    def around(self, cells: Box) -> Box:
        """The cells that :meth:`sharpened` needs."""
        wide = (cells.left - REACH, cells.top - REACH, cells.right + REACH, cells.bottom + REACH)
        return Box(*wide).intersect(self.coarse)

    def enlarge(self, values: Tensor, cells: Box, box: Box) -> Tensor:
        """``(1, C, h, w)`` at a box of pixels, from the values at all cells for it."""
        down = _enlarging_band(box.top, box.bottom, cells.top, cells.bottom, self.step_y, self.coarse.bottom)
        across = _enlarging_band(box.left, box.right, cells.left, cells.right, self.step_x, self.coarse.right)
        return down.rows(across.columns(values))

    def reduce(self, values: Tensor, box: Box, cells: Box) -> Tensor:
        """``(1, C, h, w)`` at a box of cells, from the values at a box that has all pixels of them."""
        down = _reducing_band(cells.top, cells.bottom, box.top, box.bottom, self.step_y)
        across = _reducing_band(cells.left, cells.right, box.left, box.right, self.step_x)
        return across.columns(down.rows(values))

    def sharpened(self, values: Tensor, cells: Box, wanted: Box) -> Tensor:
        """``P x`` at a box of cells, from the values ``x`` at the cells around: then ``D U P x`` is ``x``."""
        y = (wanted.top, wanted.bottom, cells.top, cells.bottom, self.step_y)
        x = (wanted.left, wanted.right, cells.left, cells.right, self.step_x)
        down = _sharpening(*y, self.fine.bottom, self.coarse.bottom)
        across = _sharpening(*x, self.fine.right, self.coarse.right)
        return across.columns(down.rows(values))


class WholeScale(Scale):
    """Cells of ``factor`` x ``factor`` pixels from the top left; at the right and bottom border fewer."""

    def __init__(self, fine: Box, factor: int) -> None:
        coarse = Box(0, 0, -(-fine.width // factor), -(-fine.height // factor))
        super().__init__(fine, coarse, factor, factor)
        self._factor: int
        object.__setattr__(self, "_factor", factor)

    def enlarge(self, values: Tensor, cells: Box, box: Box) -> Tensor:
        """As :meth:`Scale.enlarge`, several times as fast."""
        large = F.interpolate(values.contiguous(), scale_factor=self._factor, mode="bilinear")
        rows, columns = box.relative_to(Box(*(edge * self._factor for edge in cells))).slices()
        return large[:, :, rows, columns]

    def reduce(self, values: Tensor, box: Box, cells: Box) -> Tensor:
        """As :meth:`Scale.reduce`, several times as fast."""
        rows, columns = self.pixels_of(cells).relative_to(box).slices()
        return F.avg_pool2d(values[:, :, rows, columns].contiguous(), self._factor, ceil_mode=True)


@dataclass(frozen=True)
class Band:
    """A matrix with values near its diagonal only, in blocks: for so many outputs the inputs that count.

    Applied in float64: in float32 sums depend on how a picture is cut and on the number of threads, and now
    and then a pixel is one of 255 off.
    """

    blocks: tuple[tuple[slice, Tensor], ...]

    def rows(self, values: Tensor) -> Tensor:
        """Applied to the columns of ``(1, C, h, w)``: another height."""
        wide = values.double()
        parts = [block.to(wide) @ wide[:, :, inputs] for inputs, block in self.blocks]
        return torch.cat(parts, 2).to(values)

    def columns(self, values: Tensor) -> Tensor:
        """Applied to the rows: another width."""
        wide = values.double()
        parts = [wide[..., inputs] @ block.to(wide).T for inputs, block in self.blocks]
        return torch.cat(parts, 3).to(values)


def any_scale(fine: Box, coarse: Box) -> Scale:
    """Grids of any two sizes."""
    return Scale(fine, coarse, fine.width / coarse.width, fine.height / coarse.height)


def _around(start: int, stop: int, step: float) -> tuple[int, int]:
    return math.floor((start + 0.5) / step - 0.5), math.floor((stop - 0.5) / step - 0.5) + 2


def _banded(matrix: Tensor) -> Band:
    blocks: list[tuple[slice, Tensor]] = []
    for rows in matrix.split(BLOCK):
        used = rows.ne(0).any(0).nonzero().flatten()
        inputs = slice(int(used[0]), int(used[-1]) + 1)
        blocks.append((inputs, rows[:, inputs].contiguous()))
    return Band(tuple(blocks))


@functools.lru_cache(maxsize=64)
def _enlarging_band(start: int, stop: int, first: int, last: int, step: float, count: int) -> Band:
    return _banded(_enlarging(start, stop, first, last, step, count))


@functools.lru_cache(maxsize=64)
def _reducing_band(first: int, last: int, start: int, stop: int, step: float) -> Band:
    return _banded(_reducing(first, last, start, stop, step))


def _enlarging(start: int, stop: int, first: int, last: int, step: float, count: int) -> Tensor:
    """``(stop - start, last - first)``: what each pixel takes of each of the ``count`` cells."""
    place = (torch.arange(start, stop, dtype=torch.float64) + 0.5) / step - 0.5
    cells = torch.arange(first, last, dtype=torch.float64)
    return (1 - (place.clamp(0, count - 1)[:, None] - cells).abs()).clamp_min(0).float()


def _reducing(first: int, last: int, start: int, stop: int, step: float) -> Tensor:
    """``(last - first, stop - start)``: what each cell takes of each pixel."""
    edges = torch.arange(first, last + 1, dtype=torch.float64) * step
    pixels = torch.arange(start, stop, dtype=torch.float64)
    within = torch.minimum(edges[1:, None], pixels + 1) - torch.maximum(edges[:-1, None], pixels)
    within = within.clamp_min(0)
    return (within / within.sum(1, keepdim=True)).float()


@functools.lru_cache(maxsize=64)
def _sharpening(first: int, last: int, start: int, stop: int, step: float, pixels: int, count: int) -> Band:
    """``P(D U)`` of an axis, ``(last - first, stop - start)``, from cells ``start..stop``."""
    # Cells beyond those that are read: so the matrix is that of the whole axis where it matters.
    low, high = max(0, start - 2), min(count, stop + 2)
    left, right = math.floor(low * step), min(pixels, math.ceil(high * step))
    blur = _reducing(low, high, left, right, step) @ _enlarging(left, right, low, high, step, count)
    rest, found = torch.eye(high - low), torch.zeros(high - low, high - low)
    for root in ROOTS:
        found += rest / root
        rest = rest - blur @ rest / root
    found = found[first - low : last - low, start - low : stop - low]
    return _banded(found / found.sum(1, keepdim=True))
