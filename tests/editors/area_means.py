"""A picture scaled down exactly, as the daemon's levels are: what editors' small copies are held to."""

from __future__ import annotations

import numpy as np
import torch

from scumble_models.cascade.scales import any_scale
from scumble_models.tiling.box import Box


def area_means(values: np.ndarray, height: int, width: int) -> np.ndarray:
    """``(H, W, C)`` as ``(height, width, C)`` floats: the mean over the area of each new pixel."""
    fine, coarse = Box(0, 0, values.shape[1], values.shape[0]), Box(0, 0, width, height)
    planes = torch.from_numpy(values.astype(float)).permute(2, 0, 1)[None]
    return any_scale(fine, coarse).reduce(planes, fine, coarse)[0].permute(1, 2, 0).numpy()
