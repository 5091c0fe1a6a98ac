"""Structural similarity (Wang et al., 2004) of luminance, differentiable."""

from __future__ import annotations

import torch
from torch import Tensor

from scumble_models.blur import gaussian, gaussian_of_crops
from scumble_models.colour import luminance

#: Longest side of what trainings compare, where the whole of a loss and its gradient is a few products.
CROP = 512


def ssim(first: Tensor, second: Tensor) -> Tensor:
    """SSIM of the luminances of two images in 0..1, with the usual 11x11 Gaussian of deviation 1.5.

    Args:
        first, second: ``(N, 3, H, W)``, at least 11 pixels on each side.

    Returns:
        ``(N,)``, 1 for equal images.
    """
    x, y = luminance(first), luminance(second)
    blur = gaussian_of_crops if max(x.shape[2:]) <= CROP else gaussian
    # One blur of the five maps stacked costs less than five blurs.
    maps = blur(torch.cat([x, y, x * x, y * y, x * y]), sigma=1.5, radius=5)
    mean_x, mean_y, square_x, square_y, product = maps.chunk(5)
    variance_x, variance_y = square_x - mean_x**2, square_y - mean_y**2
    covariance = product - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    score = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    score = score / ((mean_x**2 + mean_y**2 + c1) * (variance_x + variance_y + c2))
    return score.mean(dim=(1, 2, 3))
