"""Strokes finer than a picture's own pixels allow: it is enlarged, painted, and the result reduced."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from scumble_models.cascade.painting import Painting
from scumble_models.margins import Content
from scumble_models.pixels import PIECE
from scumble_models.tiling.box import Box
from scumble_models.tiling.executor import Sink

#: Pixels beyond a region that sampling it may reach.
MARGIN = 4


class EnlargedContent:
    """A picture at ``factor`` times its resolution, and the way back.

    Small pictures only: the result is kept in memory.

    Args:
        factor: above 1, at most 4.
    """

    def __init__(self, content: Content, factor: float) -> None:
        self._content = content
        width, height = (max(1, round(side * factor)) for side in (content.box.width, content.box.height))
        self.box = Box(0, 0, width, height)
        # Samples of the result per pixel and axis on the way back.
        self._samples = max(2, -(-width // content.box.width))
        self._result = torch.zeros(1, 3, height, width, dtype=torch.float16)

    def read(self, box: Box) -> Tensor:
        """``(1, 3, h, w)`` of the enlarged picture."""
        return _resampled(self._content.read, self._content.box, box, self.box)

    def thumbnail(self, short_side: int) -> Tensor:
        """The picture as a thumbnail, never larger than it is itself."""
        return self._content.thumbnail(min(short_side, self.box.width, self.box.height))

    def covering(self, region: Box) -> Box:
        """The part of the enlarged picture that a region of the picture needs."""
        fx, fy = self.box.width / self._content.box.width, self.box.height / self._content.box.height
        wide = Box(
            int(region.left * fx) - MARGIN,
            int(region.top * fy) - MARGIN,
            int(region.right * fx) + MARGIN + 1,
            int(region.bottom * fy) + MARGIN + 1,
        )
        return wide.intersect(self.box)

    def write(self, box: Box, output: Tensor) -> None:
        """Keep the network's output at a box of the enlarged picture."""
        rows, columns = box.slices()
        self._result[:, :, rows, columns] = output.clamp(0.0, 1.0).to("cpu", torch.float16)

    def result(self, tile: Box) -> Tensor:
        """The result at a box of the picture itself, in 0..1: the mean of samples for each pixel."""
        n = self._samples
        fine = Box(*(n * edge for edge in tile))
        target = Box(0, 0, n * self._content.box.width, n * self._content.box.height)
        return F.avg_pool2d(_resampled(self._kept, self.box, fine, target), n)

    def _kept(self, box: Box) -> Tensor:
        rows, columns = box.slices()
        return self._result[:, :, rows, columns].float()


class EnlargedPainting:
    """An enlarged picture that is being painted, in one level, and the way back to the picture's own size.

    Args:
        painting: of `content`, over what `content` needs for the box.
        box: of the picture itself.
    """

    def __init__(self, painting: Painting, content: EnlargedContent, box: Box) -> None:
        self._painting, self._content, self._box = painting, content, box
        self.patches = painting.patches

    def coarsest(self, before: int = 0, after: int = 0) -> None:
        """There is one level only."""

    def finish(self, sink: Sink, before: int = 0, after: int = 0) -> None:
        """As :meth:`scumble_models.cascade.painting.Painting.finish`."""
        self._painting.finish(self._content.write, before, after)
        for tile in self._box.tiles(PIECE):
            sink(tile, self._content.result(tile))


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
