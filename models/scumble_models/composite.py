"""From what the network paints to the layer's own pixels: look, weight, masks, skin, depth and alpha."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from scumble_models.highlights import compressed, restored
from scumble_models.look import Finish
from scumble_models.margins import Content
from scumble_models.pixels import PixelArray, clamp
from scumble_models.protect import skin_map
from scumble_models.spatial import covered_by_styles
from scumble_models.tiling.box import Box
from scumble_models.tiling.executor import Source
from scumble_models.tiling.file_array import Array


@dataclass(frozen=True)
class Composite:
    """What is done to each patch of the result, the same wherever it lies.

    Attributes:
        layer: the pixels.
        view: what the network sees of them.
        finish: None for nothing.
        fade: 1 for the result as it is, 0 for the content.
        mask: ``(H, W)`` uint8 coverage of the layer.
        style_masks: the same of each style, None for everywhere.
        top: the value that the view's 1 stands for, above 1 where the layer is brighter than white.
        skin: 0 to 1, how much of the content stays where it is skin.
    """

    layer: PixelArray
    view: Content
    finish: Finish | None
    fade: float
    mask: Array | None
    style_masks: Sequence[Array | None]
    top: float = 1.0
    skin: float = 0.0

    def pixels(self, tile: Box, output: Tensor) -> np.ndarray:
        """The layer's new pixels ``(h, w, C)`` at a box, from the network's output there."""
        return self._blended(tile, output, self.view, tile, self.layer.colour(tile))

    def small(self, content: Content, read: Source, region: Box) -> np.ndarray:
        """A region of the layer on a coarser grid: what is there and what of it was painted.

        Args:
            content: of that grid.
            read: the result on it.
        """
        grid, whole = content.box, self.layer.box
        x, y = grid.width / whole.width, grid.height / whole.height
        part = Box(
            int(region.left * x),
            int(region.top * y),
            min(grid.right, math.ceil(region.right * x)),
            min(grid.bottom, math.ceil(region.bottom * y)),
        )
        rows = [min(whole.height - 1, int((row + 0.5) / y)) for row in range(part.top, part.bottom)]
        columns = [min(whole.width - 1, int((c + 0.5) / x)) for c in range(part.left, part.right)]
        small = replace(
            self,
            layer=replace(self.layer, values=_sampled(self.layer.values, rows, columns)),
            mask=None if self.mask is None else _sampled(self.mask, rows, columns),
            style_masks=[None if m is None else _sampled(m, rows, columns) for m in self.style_masks],
        )
        return small._blended(
            small.layer.box, read(part), content, part, restored(content.read(part), self.top)
        )

    def _blended(self, tile: Box, output: Tensor, view: Content, place: Box, colour: Tensor) -> np.ndarray:
        """The layer's new pixels at a box, which is ``place`` in ``view``, over its colours there."""
        coloured = output.to(self.layer.device, torch.float32).clamp(0.0, 1.0)
        if self.finish is not None:
            coloured = self.finish.apply(place, coloured, view)
        mask = None if self.mask is None else self.mask[tile.slices()]
        covered = _combined(mask, covered_by_styles(self.style_masks, tile))
        coverage = None
        if covered is not None:
            coverage = torch.from_numpy(covered.copy()).to(self.layer.device).float().div_(255.0)
        if self.skin:
            bare = 1.0 - self.skin * skin_map(view, place)[0, 0].to(coloured)
            coverage = bare if coverage is None else coverage * bare
        blended = _blend(colour, coloured, self.fade, coverage, self.top)
        return self.layer.with_colour(tile, blended, None if coverage is None else coverage == 0)


def _sampled(array: Array, rows: Sequence[int], columns: Sequence[int]) -> np.ndarray:
    """One of the array's pixels for each row and column."""
    whole = slice(0, array.shape[1])
    return np.concatenate([array[row : row + 1, whole][:, columns] for row in rows])


def _combined(first: np.ndarray | None, second: np.ndarray | None) -> np.ndarray | None:
    """The product of two coverages ``(h, w)`` uint8; None is full coverage."""
    if first is None or second is None:
        return second if first is None else first
    product = first.astype(np.uint16) * second.astype(np.uint16)
    return ((product + 127) // 255).astype(np.uint8)


def _blend(content: Tensor, output: Tensor, fade: float, coverage: Tensor | None, top: float) -> Tensor:
    """The result in 0..1 over the content: faded, masked, with the content's own range.

    Where the result is what the network saw of the content, the content stays as it is, whatever its value.
    """
    seen = clamp(compressed(content, top))
    result = output
    if fade < 1.0:
        result = torch.lerp(seen, result, fade)
    if coverage is not None:
        result = torch.lerp(seen, result, coverage)
    clean = torch.nan_to_num(content, nan=0.0, posinf=float("inf"), neginf=float("-inf"))
    if top > 1.0:
        below = clean.clamp_max(0.0)
        return torch.where(result == seen, clean, restored(result, top) + below)
    return result + (clean - seen)
