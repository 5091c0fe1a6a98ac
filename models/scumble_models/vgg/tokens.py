"""Points of a painting, for networks whose attention looks at them."""

from __future__ import annotations

import torch
from torch import Tensor

#: Of a painting at one level; attention costs so many comparisons for each point of the picture.
TOKENS = 32 * 32


def rows(features: Tensor) -> Tensor:
    """Positions of ``(N, C, H, W)`` as rows ``(N, H W, C)``."""
    return features.flatten(2).transpose(1, 2)


def columns(points: Tensor, height: int, width: int) -> Tensor:
    """The way back from :func:`rows`."""
    return points.transpose(1, 2).unflatten(2, (height, width))


def sampled(points: Tensor) -> Tensor:
    """At most :data:`TOKENS` of the points ``(N, T, C)``, at random but for one T always the same."""
    count = points.shape[1]
    if count <= TOKENS:
        return points
    picks = torch.randperm(count, generator=torch.Generator().manual_seed(count))[:TOKENS].sort().values
    return points[:, picks.to(points.device)]
