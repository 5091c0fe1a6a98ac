"""ArtFlow with WCT in its latent space (An et al., CVPR 2021, section 3.4; Li et al., NeurIPS 2017).

Whitening and colouring take the relations between channels over where AdaIN takes each channel's deviation.
Both are matrices, so they have an inverse too: the style can be taken off.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from scumble_models.artflow.projection import GAIN, ReversibleFlow
from scumble_models.signals import Signals, StyleSignals
from scumble_models.tiling.statistics import EPSILON, Statistics, whole_statistics
from scumble_models.wct.whitening import power


class ArtFlowWCT(ReversibleFlow):
    """The whole network, from images in 0..1 to images in 0..1; sides are multiples of 4.

    The small picture and the details are whitened each for themselves, and the mean of the details stays, so
    that what is flat stays flat.
    """

    architecture = "artflow_wct"
    gathers = "covariance"

    def encode_style(self, style: Tensor) -> StyleSignals:
        """Styles ``(N, 3, H, W)`` in 0..1 to mean ``(N, 3)``, and the upper halves of the covariances of
        their latents: of the small picture ``(N, 6)`` and of the details ``(N, 1035)``.
        """
        return self._signals(whole_statistics(self.encode_whole(style), self.gathers))

    def _signals(self, statistics: Statistics) -> StyleSignals:
        mean, covariance = statistics
        few = self.shifted
        tensors = {
            "mean": mean.flatten(1)[:, :few],
            "small": _half(covariance[:, :few, :few]),
            "details": _half(covariance[:, few:, few:]),
        }
        return StyleSignals(self.architecture, tensors)

    def exchange(self, latent: Tensor, statistics: Statistics, signals: Signals) -> Tensor:
        """Whitening with the picture's covariances, colouring with the style's."""
        own = self._signals(statistics)
        few = self.shifted
        small, details = latent[:, :few] - own.column("mean"), latent[:, few:]

        def moved(style: StyleSignals) -> Tensor:
            matrices = [between(own.tensors[name], style.tensors[name]) for name in ("small", "details")]
            parts = [_each(matrix, part) for matrix, part in zip(matrices, (small, details), strict=True)]
            return torch.cat([parts[0] + style.column("mean"), parts[1]], 1)

        return signals.mixed(moved)

    def states(self, statistics: Statistics, signals: StyleSignals) -> tuple[StyleSignals, StyleSignals]:
        """As :class:`scumble_models.reversal.Reversible` says: between the style and the picture the way
        back is exact (:func:`between`), between the result and the picture it would not quite be.
        """
        return self._signals(statistics), signals

    def statistics(self, signals: StyleSignals) -> Statistics:
        """As :class:`scumble_models.reversal.Reversible` says; the two kinds of channels are unrelated."""
        small, details = (_whole(signals.tensors[name]) for name in ("small", "details"))
        few, mean = self.shifted, signals.column("mean")
        covariance = small.new_zeros(len(small), self.channels, self.channels)
        covariance[:, :few, :few], covariance[:, few:, few:] = small, details
        return F.pad(mean, (0, 0, 0, 0, 0, self.channels - few)), covariance


def between(own: Tensor, style: Tensor) -> Tensor:
    """The matrix from one covariance to another, by upper halves: ``(N, C, C)``.

    ``(S + O / g²)^(1/2) (O + S / g²)^(-1/2)``, g being :data:`~scumble_models.artflow.projection.GAIN`: as
    good as whitening and colouring where the two are of like strength, nothing becomes more than g times
    stronger, or weaker, and the matrix from the style back is the inverse.
    """
    own, style = _whole(own), _whole(style)
    colouring = power(style + own / GAIN**2, 0.5)
    return colouring @ power(own + style / GAIN**2, -0.5)


def _each(matrices: Tensor, x: Tensor) -> Tensor:
    return torch.einsum("nij,njhw->nihw", matrices.expand(len(x), -1, -1).to(x.dtype), x)


def _half(covariance: Tensor) -> Tensor:
    """The upper half, row by row, in float32: what is kept of a style is what is reckoned with."""
    rows, columns = torch.triu_indices(*covariance.shape[1:]).unbind()
    return covariance[:, rows, columns].float()


def _whole(half: Tensor) -> Tensor:
    """The covariance ``(N, C, C)`` float64 of an upper half, and :data:`EPSILON` of variance."""
    side = round(((8 * half.shape[1] + 1) ** 0.5 - 1) / 2)
    rows, columns = torch.triu_indices(side, side).unbind()
    whole = half.new_zeros(len(half), side, side, dtype=torch.float64)
    whole[:, rows, columns] = whole[:, columns, rows] = half.double()
    return whole + EPSILON * torch.eye(side, dtype=torch.float64, device=half.device)
