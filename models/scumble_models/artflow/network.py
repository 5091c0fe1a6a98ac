"""ArtFlow with AdaIN in its latent space (An et al., CVPR 2021, section 3.4, Eq. 5).

What was exchanged is a mean and a deviation, so a style that was put on can be taken off: the original's own
are put back.
"""

from __future__ import annotations

import torch
from torch import Tensor

from scumble_models.artflow.projection import ReversibleFlow, limited_gain
from scumble_models.signals import Signals, StyleSignals
from scumble_models.tiling.statistics import Statistics, channel_statistics


class ArtFlow(ReversibleFlow):
    """The whole network, from images in 0..1 to images in 0..1; sides are multiples of 4."""

    architecture = "artflow"

    def encode_style(self, style: Tensor) -> StyleSignals:
        """Styles ``(N, 3, H, W)`` in 0..1 to mean ``(N, 3)`` and deviation ``(N, 48)`` of their latents."""
        return self._signals(*channel_statistics(self.encode_whole(style)))

    def _signals(self, mean: Tensor, std: Tensor) -> StyleSignals:
        tensors = {"mean": mean.flatten(1)[:, : self.shifted], "std": std.flatten(1)}
        return StyleSignals(self.architecture, tensors)

    def exchange(self, latent: Tensor, statistics: Statistics, signals: Signals) -> Tensor:
        """AdaIN, without the mean of the details."""
        mean, _ = statistics
        gain, few = gain_of(statistics, signals), self.shifted
        small = (latent[:, :few] - mean[:, :few]) * gain[:, :few] + signals.column("mean")
        return torch.cat([small, latent[:, few:] * gain[:, few:]], 1)

    def states(self, statistics: Statistics, signals: StyleSignals) -> tuple[StyleSignals, StyleSignals]:
        """As :class:`scumble_models.reversal.Reversible` says."""
        std = statistics[1] * gain_of(statistics, signals)
        return self._signals(*statistics), self._signals(signals.column("mean"), std)

    def statistics(self, signals: StyleSignals) -> Statistics:
        """As :class:`scumble_models.reversal.Reversible` says; details have no mean that would matter."""
        std = signals.column("std")
        mean = torch.zeros_like(std)
        mean[:, : self.shifted] = signals.column("mean")
        return mean, std


def gain_of(statistics: Statistics, signals: Signals) -> Tensor:
    """How many times stronger each channel becomes, ``(N, C, 1, 1)``."""
    return limited_gain(signals.column("std") / statistics[1])
