"""The relaxed earth mover's distance between features (Eq. 9)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def relaxed_earth_mover(result: Tensor, style: Tensor) -> Tensor:
    """Mean over pictures of the larger of the two one-sided distances, in cosines.

    Args:
        result, style: points ``(N, T, C)`` and ``(N, U, C)``.
    """
    distance = 1.0 - F.normalize(result, dim=2) @ F.normalize(style, dim=2).transpose(1, 2)
    return torch.maximum(distance.amin(2).mean(1), distance.amin(1).mean(1)).mean()
