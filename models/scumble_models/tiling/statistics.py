"""Channel statistics of a feature map, whole or gathered patch by patch."""

from __future__ import annotations

import torch
from torch import Tensor

#: Added to the variance inside the root, as in AdaIN and MicroAST.
EPSILON = 1e-5
#: Mean and standard deviation per channel, each ``(1, C, 1, 1)`` float32.
Statistics = tuple[Tensor, Tensor]


class RunningStatistics:
    """Mean and variance of a stream of patches, merged in float64 (Chan, Golub and LeVeque, 1979).

    The order and the cut of the patches change the result only by rounding, about 1e-7.
    """

    def __init__(self) -> None:
        self._count = 0
        self._mean = torch.zeros(())
        self._squares = torch.zeros(())

    def update(self, patch: Tensor) -> None:
        """Add the positions of a patch ``(1, C, H, W)``."""
        count = patch.shape[2] * patch.shape[3]
        mean, squares = _moments(patch.float())
        self._merge(count, mean.double().cpu(), squares.double().cpu())

    def merge(self, other: RunningStatistics) -> None:
        """Add all positions that `other` has seen."""
        if other._count:
            self._merge(other._count, other._mean, other._squares)

    def _merge(self, count: int, mean: Tensor, squares: Tensor) -> None:
        if not self._count:
            self._mean, self._squares = torch.zeros_like(mean), torch.zeros_like(mean)
        total = self._count + count
        delta = mean - self._mean
        self._mean = self._mean + delta * (count / total)
        self._squares = self._squares + squares
        self._squares = self._squares + delta.square() * (self._count * count / total)
        self._count = total

    def result(self, device: torch.device | str) -> Statistics:
        """Mean and deviation (unbiased variance, :data:`EPSILON` inside the root)."""
        variance = self._squares / max(1, self._count - 1)
        std = (variance + EPSILON).sqrt()
        return tuple(v.float().to(device)[None, :, None, None] for v in (self._mean, std))  # type: ignore[return-value]


def _moments(patch: Tensor) -> tuple[Tensor, Tensor]:
    """Mean of each channel of ``(1, C, H, W)``, and the sum of its squared distances from it.

    Two passes over rows of channels, which a CPU does several times faster than ``torch.var_mean`` over
    the positions of a channels-last patch.
    """
    rows = patch[0].permute(1, 2, 0).reshape(-1, patch.shape[1])
    mean = rows.mean(0)
    return mean, (rows - mean).square_().sum(0)


def channel_statistics(x: Tensor) -> Statistics:
    """Mean and standard deviation of each channel of ``(N, C, H, W)``, as ``(N, C, 1, 1)`` in float32.

    The variance is the unbiased one and ``EPSILON`` lies inside the root, as published. Always
    float32: where the deviation is much smaller than the mean, half precision loses it.
    """
    variance, mean = torch.var_mean(x.float(), dim=(2, 3), keepdim=True)
    return mean, (variance + EPSILON).sqrt()


def modulate_features(x: Tensor, statistics: Statistics, mean: Tensor, std: Tensor) -> Tensor:
    """FeatMod: move ``x`` from its own channel ``statistics`` to the style's ``mean`` and ``std``.

    One multiply-add per value: the normalisation and the new statistics are folded into one scale
    and one shift per channel, all ``(N, C, 1, 1)``.
    """
    own_mean, own_std = statistics
    scale = std / own_std
    return torch.addcmul((mean - own_mean * scale).to(x.dtype), x, scale.to(x.dtype))
