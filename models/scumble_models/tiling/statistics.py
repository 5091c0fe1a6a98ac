"""Channel statistics of a feature map, whole or gathered patch by patch."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

#: Added to the variance inside the root, as in AdaIN and MicroAST.
EPSILON = 1e-5
#: What a stage has to know of its whole input: nothing, or one of the two below.
Gathered = Literal["nothing", "moments", "covariance"]
#: Of moments: mean and standard deviation per channel, each ``(1, C, 1, 1)`` float32. Of a covariance: the
#: mean ``(1, C, 1, 1)`` float32, and the covariance ``(1, C, C)`` float64, which whitening inverts. Else ().
Statistics = tuple[Tensor, ...]


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
        mean, squares = self._moments(patch.float())
        self._merge(count, mean.double().cpu(), squares.double().cpu())

    def merge(self, other: RunningStatistics) -> None:
        """Add all positions that `other` has seen, which must gather the same."""
        if other._count:
            self._merge(other._count, other._mean, other._squares)

    def _merge(self, count: int, mean: Tensor, squares: Tensor) -> None:
        if not self._count:
            self._mean, self._squares = torch.zeros_like(mean), torch.zeros_like(squares)
        total = self._count + count
        delta = mean - self._mean
        self._mean = self._mean + delta * (count / total)
        self._squares = self._squares + squares
        self._squares = self._squares + self._square(delta) * (self._count * count / total)
        self._count = total

    def result(self, device: torch.device | str) -> Statistics:
        """Mean and deviation (unbiased variance, :data:`EPSILON` inside the root)."""
        variance = self._squares / max(1, self._count - 1)
        return _column(self._mean, device), _column((variance + EPSILON).sqrt(), device)

    def _moments(self, patch: Tensor) -> tuple[Tensor, Tensor]:
        """Mean of each channel of ``(1, C, H, W)``, and the sum of its squared distances from it.

        Two passes over rows of channels, which a CPU does several times faster than ``torch.var_mean`` over
        the positions of a channels-last patch.
        """
        rows = _rows(patch)
        mean = rows.mean(0)
        return mean, (rows - mean).square_().sum(0)

    def _square(self, delta: Tensor) -> Tensor:
        return delta.square()


class RunningCovariance(RunningStatistics):
    """Mean and covariance of a stream of patches: the same merge for the products of all pairs of channels.

    In float64 throughout. Whitening divides by the roots of its eigenvalues, the small ones of which are
    differences of large numbers.
    """

    def result(self, device: torch.device | str) -> Statistics:
        """Mean ``(1, C, 1, 1)`` float32 and unbiased covariance ``(1, C, C)`` float64."""
        return _column(self._mean, device), (self._squares / max(1, self._count - 1)).to(device)[None]

    def _moments(self, patch: Tensor) -> tuple[Tensor, Tensor]:
        rows = _rows(patch).double()
        mean = rows.mean(0)
        rows = rows - mean
        return mean, rows.T @ rows

    def _square(self, delta: Tensor) -> Tensor:
        return torch.outer(delta, delta)


class RunningNothing(RunningStatistics):
    """Stands where a stage has to know nothing of its whole input."""

    def update(self, patch: Tensor) -> None:
        """Nothing is kept."""

    def result(self, device: torch.device | str) -> Statistics:
        """Nothing."""
        return ()


_RUNNING: dict[Gathered, type[RunningStatistics]] = {
    "nothing": RunningNothing,
    "moments": RunningStatistics,
    "covariance": RunningCovariance,
}


def running(gathered: Gathered) -> RunningStatistics:
    """An empty one of what a stage gathers, to be updated patch by patch and merged."""
    return _RUNNING[gathered]()


def whole_statistics(x: Tensor, gathered: Gathered) -> Statistics:
    """What a stage gathers, of each of ``(N, C, H, W)`` as a whole, with gradients."""
    if gathered == "nothing":
        return ()
    if gathered == "moments":
        return channel_statistics(x)
    rows = x.flatten(2).double()
    mean = rows.mean(2, keepdim=True)
    rows = rows - mean
    return mean.float()[..., None], rows @ rows.transpose(1, 2) / max(1, rows.shape[2] - 1)


def _rows(patch: Tensor) -> Tensor:
    """The positions of ``(1, C, H, W)`` as rows of channels."""
    return patch[0].permute(1, 2, 0).reshape(-1, patch.shape[1])


def _column(values: Tensor, device: torch.device | str) -> Tensor:
    return values.float().to(device)[None, :, None, None]


def channel_statistics(x: Tensor) -> tuple[Tensor, Tensor]:
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
