"""The Gaussian blur of one-channel pictures."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def gaussian(plane: Tensor, sigma: float, radius: int) -> Tensor:
    """``(N, 1, H, W)`` to ``(N, 1, H - 2r, W - 2r)``: blurred, where all of the kernel lies inside.

    Args:
        sigma: deviation in pixels.
        radius: r, how far the kernel reaches, in pixels.
    """
    taps = _taps(sigma, radius).to(plane)
    return F.conv2d(F.conv2d(plane, taps.view(1, 1, 1, -1)), taps.view(1, 1, -1, 1))


def gaussian_of_crops(plane: Tensor, sigma: float, radius: int) -> Tensor:
    """The same but for rounding, as two products with banded matrices: for crops of a few hundred pixels.

    A convolution of one channel, and above all its gradient, takes ten times as long there.
    """
    rows, columns = (_band(side, sigma, radius).to(plane) for side in plane.shape[2:])
    return rows @ plane @ columns.T


def _taps(sigma: float, radius: int) -> Tensor:
    places = torch.arange(-radius, radius + 1, dtype=torch.float32)
    taps = torch.exp(-places.square() / (2 * sigma**2))
    return taps / taps.sum()


def _band(side: int, sigma: float, radius: int) -> Tensor:
    """``(side - 2r, side)``: a blurred line is its product with the line."""
    return F.conv1d(torch.eye(side)[:, None], _taps(sigma, radius).view(1, 1, -1))[:, 0].T
