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
    taps = torch.arange(-radius, radius + 1, device=plane.device, dtype=plane.dtype)
    taps = torch.exp(-taps.square() / (2 * sigma**2))
    taps = taps / taps.sum()
    return F.conv2d(F.conv2d(plane, taps.view(1, 1, 1, -1)), taps.view(1, 1, -1, 1))
