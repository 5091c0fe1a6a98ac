"""Editor pixels to what a network sees, and back: depth, channel order, alpha and values outside 0..1."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from scumble_models.colour import luminance
from scumble_models.errors import PixelsError
from scumble_models.highlights import compressed
from scumble_models.tiling.box import Box
from scumble_models.tiling.budget import fits_device
from scumble_models.tiling.file_array import Array

#: Samples per pixel of each channel order: colours first, and last the alpha of those that end in A.
SAMPLES = {"RGB": 3, "RGBA": 4, "BGRA": 4, "GRAY": 1, "GRAYA": 2}
#: The value that stands for 1.0.
WHITE = {"uint8": 255.0, "uint16": 65535.0, "float16": 1.0, "float32": 1.0}
#: Side of the coarse picture that fills what is transparent.
FILL_SIDE = 64
#: Side of the pieces in which a whole layer is looked at.
PIECE = 1024
#: A thumbnail is looked at in one piece, so its size is bounded whatever the picture's shape.
THUMBNAIL_PIXELS = 1 << 22
CPU = torch.device("cpu")
_FULL = {torch.uint8: 255, torch.int16: -1}  # 16 bits as they are kept, without a sign


@dataclass(frozen=True)
class PixelArray:
    """Pixels of a layer, checked.

    Attributes:
        values: ``(H, W, C)`` of uint8, uint16, float16 or float32, not premultiplied; in memory or
            in a file, and only ever read box by box.
        channels: key of :data:`SAMPLES`.
        device: where they are converted, which is where the network is.
    """

    values: Array
    channels: str
    device: torch.device = CPU

    def __post_init__(self) -> None:
        if self.channels not in SAMPLES:
            raise PixelsError(
                "There is no channel order {channels}.", hint=", ".join(SAMPLES), channels=repr(self.channels)
            )
        wanted = SAMPLES[self.channels]
        if self.values.ndim != 3 or self.values.shape[2] != wanted:
            raise PixelsError(
                "{channels} pixels need the shape (height, width, {wanted}).",
                channels=self.channels,
                wanted=wanted,
            )
        if self.values.dtype.name not in WHITE:
            raise PixelsError("Pixels of type {dtype} are not supported.", dtype=self.values.dtype)
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
        planes = _to_float(self._ordered(self._raw(box)[:, :, : self._colours])).permute(2, 0, 1)[None]
        return planes.div_(self.white).expand(-1, 3, -1, -1)

    def alpha(self, box: Box) -> Tensor | None:
        """Alpha of a box as float32 ``(1, 1, h, w)`` in 0..1; None where the layer has none."""
        if not self.channels.endswith("A"):
            return None
        return _to_float(self._raw(box)[:, :, -1])[None, None].div_(self.white).clamp_(0.0, 1.0)

    def is_opaque(self) -> bool:
        """Whether no pixel lets anything through."""
        if not self.channels.endswith("A"):
            return True
        for tile in self.box.tiles(PIECE):
            alpha = self._raw(tile)[:, :, -1]
            full = _FULL.get(alpha.dtype)
            if not bool((alpha >= 1.0 if full is None else alpha == full).all()):
                return False
        return True

    def brightest(self) -> float:
        """The largest finite value of a colour that can be seen, at least 1: more is brighter than white."""
        if self.white != 1.0:
            return 1.0
        found = 1.0
        for tile in self.box.tiles(PIECE):
            colour, alpha = self.colour(tile), self.alpha(tile)
            counted = colour.isfinite() if alpha is None else colour.isfinite() & (alpha > 0)
            found = max(found, float(torch.where(counted, colour, torch.ones_like(colour)).max()))
        return found

    def with_colour(self, box: Box, colour: Tensor, keep: Tensor | None = None) -> np.ndarray:
        """The pixels of a box with new colours, in the layer's own type and order; alpha as it was.

        Args:
            colour: ``(1, 3, h, w)`` float32, on the layer's device.
            keep: ``(h, w)`` bool: where the layer's own pixels stay bit for bit.
        """
        own, count = self._raw(box), self._colours
        colour = luminance(colour) if count == 1 else colour
        if self.white != 1.0:
            colour = colour.clamp(0.0, 1.0).mul_(self.white).round_()
        new = self._ordered(_to_type(colour[0].permute(1, 2, 0), own.dtype))
        if keep is not None:
            new = torch.where(keep[:, :, None], own[:, :, :count], new)
        if count < own.shape[2]:
            colours, new = new, own.clone(memory_format=torch.contiguous_format)
            new[:, :, :count] = colours
        return new.cpu().numpy().view(self.values.dtype.newbyteorder("="))

    @property
    def _colours(self) -> int:
        """How many of the channels are colours; they come first."""
        return 1 if self.channels.startswith("GRAY") else 3

    def _ordered(self, colours: Tensor) -> Tensor:
        """Red, green and blue ``(h, w, 3)`` in the layer's order, or back from it."""
        return colours.flip(2) if self.channels.startswith("BGR") else colours

    def _raw(self, box: Box) -> Tensor:
        """The values of a box ``(h, w, C)`` on the device; 16-bit ones as int16, which all devices know."""
        if self._resident is not None:
            rows, columns = box.slices()
            return self._resident[rows, columns]
        return _to_tensor(self.values[box.slices()]).to(self.device)

    @functools.cached_property
    def _resident(self) -> Tensor | None:
        """All values on the device, if that has memory of its own and much of it: each is sent once."""
        if not isinstance(self.values, np.ndarray) or not fits_device(self.values.nbytes, self.device):
            return None
        return _to_tensor(self.values).to(self.device)


def _to_tensor(values: np.ndarray) -> Tensor:
    plain = np.ascontiguousarray(values, values.dtype.newbyteorder("="))
    plain = plain if plain.flags.writeable else plain.copy()  # torch warns of memory that is not its own
    return torch.from_numpy(plain.view(np.int16) if plain.dtype == np.uint16 else plain)


def _to_float(values: Tensor) -> Tensor:
    """A copy of values as float32; int16 stands for 16 bits without a sign."""
    if values.dtype == torch.int16:
        values = values.to(torch.int32).bitwise_and_(0xFFFF)
    return values.to(torch.float32, copy=True)


def _to_type(values: Tensor, dtype: torch.dtype) -> Tensor:
    """The counterpart of `_to_float`, for whole numbers within the type's range."""
    return (values.to(torch.int32) if dtype == torch.int16 else values).to(dtype)


@dataclass(frozen=True)
class Backdrop:
    """What stands in for the colours of transparent places: a coarse picture, or None where all is opaque."""

    colours: Tensor | None


class NetworkView:
    """What the network sees of a layer: finite, in 0..1, and free of colours hidden by transparency.

    Where a layer is transparent its colours are arbitrary, yet convolutions would carry them to the
    visible pixels beside them and statistics would count them. A coarse picture of the visible
    colours takes their place: the `backdrop`. What is brighter than white is compressed to 0..1, up to the
    brightest value `top` (see :mod:`scumble_models.highlights`). For either the whole layer is looked at
    unless it is given.
    """

    def __init__(
        self, pixels: PixelArray, backdrop: Backdrop | None = None, top: float | None = None
    ) -> None:
        self._pixels = pixels
        self.top = pixels.brightest() if top is None else top
        self.backdrop = Backdrop(_coarse_fill(pixels, self.top)) if backdrop is None else backdrop

    def up_to(self, top: float) -> NetworkView:
        """The same layer as one of several that have one brightest value."""
        return NetworkView(self._pixels, top=top)

    @property
    def box(self) -> Box:
        """The whole layer."""
        return self._pixels.box

    def read(self, box: Box) -> Tensor:
        """``(1, 3, h, w)`` float32 in 0..1, on the device, channels last."""
        colour = clamp(compressed(self._pixels.colour(box), self.top))
        if self.backdrop.colours is not None:
            alpha = self._pixels.alpha(box)
            assert alpha is not None
            coarse = self.backdrop.colours.to(colour.device)
            colour = torch.lerp(_sample(coarse, box, self._pixels.box), colour, alpha)
        return colour.contiguous(memory_format=torch.channels_last)

    def thumbnail(self, short_side: int) -> Tensor:
        """The whole layer scaled down to a short side (never up), computed piece by piece."""
        return thumbnail_of(self.read, self._pixels.box, short_side)


def thumbnail_of(read: Callable[[Box], Tensor], whole: Box, short_side: int) -> Tensor:
    """A whole picture scaled down to a short side (never up), read piece by piece.

    Of a very wide or tall picture it has a shorter one: at most :data:`THUMBNAIL_PIXELS` pixels in all.
    """
    narrow, wide = sorted((whole.width, whole.height))
    short_side = min(short_side, max(1, math.isqrt(THUMBNAIL_PIXELS * narrow // wide)))
    factor = max(1, min(whole.width, whole.height) // short_side)
    small = _averages(read, whole, factor)
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


def _coarse_fill(pixels: PixelArray, top: float) -> Tensor | None:
    """Visible colours averaged over a coarse grid, spread into its transparent cells; None when opaque."""
    if pixels.is_opaque():
        return None

    def weighted(box: Box) -> Tensor:
        alpha = pixels.alpha(box)
        assert alpha is not None
        return torch.cat([clamp(compressed(pixels.colour(box), top)) * alpha, alpha], dim=1)

    side = max(1, -(-max(pixels.box.width, pixels.box.height) // FILL_SIDE))
    averages = _averages(weighted, pixels.box, side)
    return _pull_push(averages[:, :3], averages[:, 3:])


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
    y = (torch.arange(box.top, box.bottom, device=coarse.device) + 0.5) / whole.height * 2 - 1
    x = (torch.arange(box.left, box.right, device=coarse.device) + 0.5) / whole.width * 2 - 1
    grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)[None]
    return F.grid_sample(coarse, grid, mode="bilinear", padding_mode="border", align_corners=False)
