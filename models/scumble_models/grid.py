"""The grid: energy locked to the 4-pixel lattice, the artefact of strided convolutions and upsamplings.

A cross-hatch repeats every 2 or 4 pixels at the same phase over the whole picture, whereas brush strokes
do not. Averaging an image over all positions of one phase therefore keeps the grid and removes the rest.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

PERIOD = 4
#: Under the root, whose slope has no end at 0: an amplitude of a thousandth of a level.
LEAST = 1e-22


def grid_energy(image: Tensor, window: int = 32) -> Tensor:
    """Energy at periods 4 and 2 and their harmonics, phase-locked within each window.

    Args:
        image: ``(N, C, H, W)``, at least ``window + 4`` on each side.
        window: side of the windows in pixels, a multiple of 4.

    Returns:
        ``(N,)``: mean square of the grid's amplitude, in squared units of ``image``.
    """
    return _energies(image, window).mean(dim=(1, 2))


def grid_peaks(image: Tensor, window: int = 32) -> Tensor:
    """The same with windows in the root mean square: a few with a strong grid count as they are seen."""
    return (_energies(image, window).square().mean(dim=(1, 2)) + LEAST).sqrt()


def _energies(image: Tensor, window: int) -> Tensor:
    """Mean square of the amplitude in each window, ``(N, rows, columns)``."""
    detail = _remove_smooth(image)
    height, width = (side // window * window for side in detail.shape[2:])
    cells = window // PERIOD
    n, c = detail.shape[:2]
    split = (n, c, height // window, cells, PERIOD, width // window, cells, PERIOD)
    phases = detail[:, :, :height, :width].reshape(split).mean(dim=(3, 6))
    return phases.square().mean(dim=(1, 3, 5))


def _remove_smooth(image: Tensor) -> Tensor:
    """Subtract a low-pass that is blind to the grid: [1 2 2 2 1] / 8 is exactly 0 at periods 2 and 4.

    It passes ramps unchanged, so gradients leave nothing behind. 2 pixels are lost on each side.
    """
    taps = image.new_tensor([1.0, 2.0, 2.0, 2.0, 1.0]) / 8.0
    channels = image.shape[1]
    kernel = taps.expand(channels, 1, 1, 5)
    smooth = F.conv2d(image, kernel, groups=channels)
    smooth = F.conv2d(smooth, kernel.transpose(2, 3), groups=channels)
    return image[:, :, 2:-2, 2:-2] - smooth
