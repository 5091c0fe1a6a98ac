"""Stroke size: the network works on the layer at another resolution, the layer's sharpness comes back.

Strokes have the size that the network was trained on, in pixels. Seen by the network at half its
resolution a layer gets strokes twice as large; what fine structure was lost on the way down, the
layer's luminance less its own reduced and enlarged copy, is added again. For finer strokes the layer
is enlarged first and the result reduced.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from scumble_models.colour import luminance
from scumble_models.runner import Content
from scumble_models.tiling.box import Box

#: Pixels of the scaled layer beyond a region that enlarging it may reach.
MARGIN = 4


class ScaledContent:
    """A layer at ``1 / stroke_size`` of its resolution, and the way back.

    Args:
        content: the layer.
        stroke_size: above 1 for larger strokes, below for finer ones; at least 0.5.
    """

    def __init__(self, content: Content, stroke_size: float) -> None:
        self._content, self._reduced = content, None
        width, height = (
            max(1, round(side / stroke_size)) for side in (content.box.width, content.box.height)
        )
        if stroke_size > 1.0:
            self._reduced = content.thumbnail(min(width, height))
            height, width = self._reduced.shape[2:]
        self.box = Box(0, 0, width, height)
        self._result = torch.zeros(1, 3, height, width, dtype=torch.float16)

    def read(self, box: Box) -> Tensor:
        """``(1, 3, h, w)`` of the scaled layer."""
        if self._reduced is not None:
            rows, columns = box.slices()
            return self._reduced[:, :, rows, columns]
        return _resampled(self._content.read, self._content.box, box, self.box)

    def thumbnail(self, short_side: int) -> Tensor:
        """The scaled layer as a thumbnail."""
        return self._content.thumbnail(min(short_side, self.box.width, self.box.height))

    def covering(self, region: Box) -> Box:
        """The part of the scaled layer that a region of the layer needs."""
        fx, fy = self.box.width / self._content.box.width, self.box.height / self._content.box.height
        wide = Box(
            int(region.left * fx) - MARGIN,
            int(region.top * fy) - MARGIN,
            int(region.right * fx) + MARGIN + 1,
            int(region.bottom * fy) + MARGIN + 1,
        )
        return wide.intersect(self.box)

    def write(self, box: Box, output: Tensor) -> None:
        """Keep the network's output at a box of the scaled layer."""
        rows, columns = box.slices()
        self._result[:, :, rows, columns] = output.clamp(0.0, 1.0).to("cpu", torch.float16)

    def result(self, tile: Box) -> Tensor:
        """The result at a box of the layer itself, in 0..1, as sharp as the layer."""
        if self._reduced is None:
            return self._reduced_result(tile)
        enlarged = _resampled(self._kept, self.box, tile, self._content.box)
        light = luminance(self._content.read(tile)).to(enlarged)
        coarse = _resampled(self.read, self.box, tile, self._content.box)
        return (enlarged + light - luminance(coarse).to(enlarged)).clamp(0.0, 1.0)

    def _kept(self, box: Box) -> Tensor:
        rows, columns = box.slices()
        return self._result[:, :, rows, columns].float()

    def _reduced_result(self, tile: Box) -> Tensor:
        """Mean of four samples per pixel; at most two pixels of the result lie side by side in one."""
        fine = Box(*(2 * edge for edge in tile))
        target = Box(0, 0, 2 * self._content.box.width, 2 * self._content.box.height)
        return F.avg_pool2d(_resampled(self._kept, self.box, fine, target), 2)


def _resampled(read: Callable[[Box], Tensor], source: Box, tile: Box, target: Box) -> Tensor:
    """A box of a picture brought from the grid ``source`` to ``target``, bicubic, however it is cut."""
    scale_x, scale_y = source.width / target.width, source.height / target.height
    needed = Box(
        int(tile.left * scale_x) - MARGIN,
        int(tile.top * scale_y) - MARGIN,
        int(tile.right * scale_x) + MARGIN + 1,
        int(tile.bottom * scale_y) + MARGIN + 1,
    ).intersect(source)
    patch = read(needed)
    x = (torch.arange(tile.left, tile.right, device=patch.device) + 0.5) * scale_x - needed.left
    y = (torch.arange(tile.top, tile.bottom, device=patch.device) + 0.5) * scale_y - needed.top
    grid = torch.stack(
        torch.meshgrid(x / needed.width * 2 - 1, y / needed.height * 2 - 1, indexing="xy"), dim=-1
    )
    sampled = F.grid_sample(
        patch.float(), grid[None].float(), mode="bicubic", padding_mode="border", align_corners=False
    )
    return sampled.clamp(0.0, 1.0)
