"""The losses of learning that need no network: palette, luminance, the lattice, the band of a cascade."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from scumble_models.colour import luminance
from scumble_models.ssim import ssim

#: Colours are compared as means of cells of so many pixels: texture is the Gram matrices' business.
CELLS = (4, 16)
QUANTILES = 1024
#: Pixels at the border that the shift loss leaves out: padding moves with the picture there.
MARGIN = 24


def palette(image: Tensor, cell: int, share: Tensor | None = None) -> Tensor:
    """Quantiles of the colours of ``(N, 3, H, W)``, all pictures together, along six slices: ``(6, 1024)``.

    Args:
        share: ``(1, 1, H, W)``: cells of less than half of it do not count, where there are others.
    """
    slices = image.new_tensor(
        [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.58, 0.58, 0.58], [0.71, -0.71, 0], [0.41, 0.41, -0.82]]
    )
    colours = F.avg_pool2d(image, cell).flatten(2).permute(1, 0, 2).flatten(1)
    if share is not None:
        counted = F.avg_pool2d(share, cell).flatten()
        colours = colours[:, counted >= counted.max().clamp_max(0.5)]
    ordered = (slices @ colours).sort(dim=1).values
    return F.interpolate(ordered[None], size=QUANTILES, mode="linear", align_corners=True)[0]


def luminance_loss(result: Tensor, content: Tensor) -> Tensor:
    """Mean squared difference of luminances, each brought to mean 0 and deviation 1, 4 pixels to a cell."""
    return (_standardised(result) - _standardised(content)).square().mean()


def _standardised(image: Tensor) -> Tensor:
    light = luminance(image)
    deviation = light.std((2, 3), keepdim=True) + 1e-3
    return (F.avg_pool2d(light, 4) - light.mean((2, 3), keepdim=True)) / deviation


def structure_loss(result: Tensor, content: Tensor) -> Tensor:
    """1 - SSIM of the luminances at half the size: contours, and nothing finer than the strides can draw."""
    halves = [F.avg_pool2d(image, 2) for image in (result.clamp(0.0, 1.0), content)]
    return 1.0 - ssim(*halves).mean()


def shift_loss(still: Tensor, moved: Tensor, dx: int, dy: int) -> Tensor:
    """What a shift of the content changes in the result beside its place, relative to the variance.

    Args:
        still, moved: ``(1, 3, S, S)``: results on the same content, the second of which begins ``dx``
            pixels further right and ``dy`` further down.
    """
    side = still.shape[2]
    first = still[:, :, dy + MARGIN : side - MARGIN, dx + MARGIN : side - MARGIN]
    second = moved[:, :, MARGIN : side - dy - MARGIN, MARGIN : side - dx - MARGIN]
    return (first - second).square().mean() / still.detach().var().clamp_min(1e-4)


def smoothness(image: Tensor) -> Tensor:
    """Mean squared differences of vertical and of horizontal neighbours."""
    return image.diff(dim=2).square().mean() + image.diff(dim=3).square().mean()


def outside(image: Tensor) -> Tensor:
    """Mean squared distance of values from 0..1."""
    return (F.relu(image - 1).square() + F.relu(-image).square()).mean()


def enlarged(image: Tensor, factor: int) -> Tensor:
    """Bilinear enlargement by a whole factor."""
    return F.interpolate(image, scale_factor=factor, mode="bilinear", align_corners=False)


def low_band(image: Tensor, factor: int) -> Tensor:
    """What a picture keeps when it is reduced by a whole factor and enlarged again."""
    return enlarged(F.avg_pool2d(image, factor), factor)


def joined(coarser: Tensor, content: Tensor, share: float, factor: int = 2) -> Tensor:
    """What a finer level of a cascade paints: the enlarged result with the content's own fine luminance."""
    light = luminance(content)
    return (coarser + share * (light - low_band(light, factor))).clamp(0.0, 1.0)


def total(parts: dict[str, Tensor], weights: dict[str, float]) -> Tensor:
    """The weighted sum of losses by name."""
    return torch.stack([weights[name] * value for name, value in parts.items()]).sum()
