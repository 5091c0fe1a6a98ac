"""Editor pixels to what a network sees, and back: depth, channel order, alpha and values outside 0..1."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from scumble_models.colour import LUMA
from scumble_models.errors import PixelsError
from scumble_models.tiling.box import Box
from scumble_models.tiling.file_array import Array

#: Where red, green and blue stand, and alpha if there is one.
LAYOUTS: dict[str, tuple[tuple[int, int, int], int | None]] = {
    "RGB": ((0, 1, 2), None),
    "RGBA": ((0, 1, 2), 3),
    "BGRA": ((2, 1, 0), 3),
    "GRAY": ((0, 0, 0), None),
    "GRAYA": ((0, 0, 0), 1),
}
#: The value that stands for 1.0.
WHITE = {"uint8": 255.0, "uint16": 65535.0, "float16": 1.0, "float32": 1.0}
#: Side of the coarse picture that fills what is transparent.
FILL_SIDE = 64
#: Side of the pieces in which a whole layer is looked at.
PIECE = 1024


@dataclass(frozen=True)
class PixelArray:
    """Pixels of a layer, checked.

    Attributes:
        values: ``(H, W, C)`` of uint8, uint16, float16 or float32, not premultiplied; in memory or
            in a file, and only ever read box by box.
        channels: key of :data:`LAYOUTS`.
    """

    values: Array
    channels: str

    def __post_init__(self) -> None:
        if self.channels not in LAYOUTS:
            raise PixelsError(f"There is no channel order {self.channels!r}.", hint=", ".join(LAYOUTS))
        wanted = max(LAYOUTS[self.channels][0][2], LAYOUTS[self.channels][1] or 0) + 1
        wanted = max(wanted, 3) if "RGB" in self.channels or "BGR" in self.channels else wanted
        if self.values.ndim != 3 or self.values.shape[2] != wanted:
            raise PixelsError(f"{self.channels} pixels need the shape (height, width, {wanted}).")
        if self.values.dtype.name not in WHITE:
            raise PixelsError(f"Pixels of type {self.values.dtype} are not supported.")
        if not self.values.shape[0] or not self.values.shape[1]:
            raise PixelsError("The layer is empty: it has no pixels.")

    @property
    def box(self) -> Box:
        """The whole layer."""
        return Box(0, 0, self.values.shape[1], self.values.shape[0])

    @property
    def white(self) -> float:
        """The value that stands for 1.0."""
        return WHITE[self.values.dtype.name]

    def colour(self, box: Box) -> Tensor:
        """Red, green and blue of a box as float32 ``(1, 3, h, w)``; 1.0 is white, HDR values stay."""
        patch = self.values[box.slices()][:, :, list(LAYOUTS[self.channels][0])]
        return torch.from_numpy(patch.astype(np.float32)).permute(2, 0, 1)[None].div_(self.white)

    def alpha(self, box: Box) -> Tensor | None:
        """Alpha of a box as float32 ``(1, 1, h, w)`` in 0..1; None where the layer has none."""
        index = LAYOUTS[self.channels][1]
        if index is None:
            return None
        patch = self.values[box.slices()][:, :, index].astype(np.float32) / np.float32(self.white)
        return torch.from_numpy(patch)[None, None].clamp_(0.0, 1.0)

    def with_colour(self, box: Box, colour: Tensor, keep: np.ndarray | None = None) -> np.ndarray:
        """The pixels of a box with new colours, in the layer's own type and order; alpha as it was.

        Args:
            colour: ``(1, 3, h, w)`` float32.
            keep: ``(h, w)`` bool: where the layer's own pixels stay bit for bit.
        """
        result = self.values[box.slices()].copy()
        planes = colour[0].permute(1, 2, 0).cpu().numpy()
        if self.channels.startswith("GRAY"):
            planes = (planes * np.asarray(LUMA, np.float32)).sum(2, keepdims=True)
            targets: list[int] = [0]
        else:
            targets = list(LAYOUTS[self.channels][0])
        if self.white != 1.0:
            planes = np.rint(np.clip(planes, 0.0, 1.0) * np.float32(self.white))
        new = planes.astype(result.dtype)
        for source, target in enumerate(targets):
            if keep is None:
                result[:, :, target] = new[:, :, source]
            else:
                np.copyto(result[:, :, target], new[:, :, source], where=~keep)
        return result


@dataclass(frozen=True)
class Backdrop:
    """What stands in for the colours of transparent places: a coarse picture, or None where all is opaque."""

    colours: Tensor | None


class NetworkView:
    """What the network sees of a layer: finite, in 0..1, and free of colours hidden by transparency.

    Where a layer is transparent its colours are arbitrary, yet convolutions would carry them to the
    visible pixels beside them and statistics would count them. A coarse picture of the visible
    colours takes their place: the `backdrop`, which takes a look at the whole layer unless it is given.
    """

    def __init__(self, pixels: PixelArray, device: torch.device, backdrop: Backdrop | None = None) -> None:
        self._pixels, self._device = pixels, device
        self.backdrop = Backdrop(_coarse_fill(pixels)) if backdrop is None else backdrop

    @property
    def box(self) -> Box:
        """The whole layer."""
        return self._pixels.box

    def read(self, box: Box) -> Tensor:
        """``(1, 3, h, w)`` float32 in 0..1, on the device, channels last."""
        colour = clamp(self._pixels.colour(box))
        if self.backdrop.colours is not None:
            alpha = self._pixels.alpha(box)
            assert alpha is not None
            colour = torch.lerp(_sample(self.backdrop.colours, box, self._pixels.box), colour, alpha)
        return colour.to(self._device).contiguous(memory_format=torch.channels_last)

    def thumbnail(self, short_side: int) -> Tensor:
        """The whole layer scaled down to a short side (never up), computed piece by piece."""
        whole = self._pixels.box
        factor = max(1, min(whole.width, whole.height) // short_side)
        small = _averages(self.read, whole, factor)
        scale = short_side / min(whole.width, whole.height)
        if scale >= 1.0:
            return small
        size = [max(1, round(side * scale)) for side in (whole.height, whole.width)]
        return F.interpolate(small, size, mode="bilinear", antialias=True, align_corners=False)


def clamp(colour: Tensor) -> Tensor:
    """Values as the network takes them: in 0..1, NaN as 0."""
    return torch.nan_to_num(colour, nan=0.0, posinf=1.0, neginf=0.0).clamp_(0.0, 1.0)


def _averages(read: Callable[[Box], Tensor], whole: Box, side: int) -> Tensor:
    """The means of cells of ``side`` x ``side``, smaller at the right and bottom."""
    step = side * max(1, PIECE // side)
    rows = []
    for top in range(0, whole.height, step):
        row = []
        for left in range(0, whole.width, step):
            piece = Box(left, top, left + step, top + step).intersect(whole)
            kernel = (min(side, piece.height), min(side, piece.width))
            row.append(F.avg_pool2d(read(piece), kernel, side, ceil_mode=True))
        rows.append(torch.cat(row, dim=3))
    return torch.cat(rows, dim=2)


def _coarse_fill(pixels: PixelArray) -> Tensor | None:
    """Visible colours averaged over a coarse grid, spread into its transparent cells; None when opaque."""
    if _is_opaque(pixels):
        return None

    def weighted(box: Box) -> Tensor:
        alpha = pixels.alpha(box)
        assert alpha is not None
        return torch.cat([clamp(pixels.colour(box)) * alpha, alpha], dim=1)

    side = max(1, -(-max(pixels.box.width, pixels.box.height) // FILL_SIDE))
    averages = _averages(weighted, pixels.box, side)
    return _pull_push(averages[:, :3], averages[:, 3:])


def _is_opaque(pixels: PixelArray) -> bool:
    index = LAYOUTS[pixels.channels][1]
    if index is None:
        return True
    tiles = pixels.box.tiles(PIECE)
    return all(pixels.values[tile.slices()][:, :, index].min() >= pixels.white for tile in tiles)


def _pull_push(colour: Tensor, weight: Tensor) -> Tensor:
    """Fill cells without weight from ever coarser averages of the cells around them."""
    own = colour / weight.clamp_min(1e-6)
    if min(colour.shape[2:]) <= 1 and max(colour.shape[2:]) <= 1:
        return torch.where(weight > 0, own, torch.full_like(own, 0.5))
    coarse = _pull_push(F.avg_pool2d(colour, 2, ceil_mode=True), F.avg_pool2d(weight, 2, ceil_mode=True))
    spread = F.interpolate(coarse, colour.shape[2:], mode="bilinear", align_corners=False)
    return torch.lerp(spread, own, weight.clamp(0.0, 1.0))


def _sample(coarse: Tensor, box: Box, whole: Box) -> Tensor:
    """A box of the coarse picture enlarged to the whole layer."""
    y = (torch.arange(box.top, box.bottom) + 0.5) / whole.height * 2 - 1
    x = (torch.arange(box.left, box.right) + 0.5) / whole.width * 2 - 1
    grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)[None]
    return F.grid_sample(coarse, grid, mode="bilinear", padding_mode="border", align_corners=False)
