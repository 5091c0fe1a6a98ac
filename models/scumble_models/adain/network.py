"""AdaIN: a fixed VGG encoder, adaptive instance normalisation at relu4_1, and a trained mirror of a decoder.

The network on which URST showed Thumbnail Instance Normalization.
"""

from __future__ import annotations

from torch import Tensor

from scumble_models.signals import Signals, StyleSignals
from scumble_models.tiling.stage import Stage, first_stage, normalised_stage
from scumble_models.tiling.statistics import Statistics, channel_statistics, modulate_features
from scumble_models.vgg.decoder import LEVELS
from scumble_models.vgg.network import NetworkOnVGG

LEVEL = "conv4_1"


class AdaIN(NetworkOnVGG):
    """The whole network, from images in 0..1 to images in 0..1 (not clamped).

    Style weight and mixing interpolate channel statistics, which is the paper's interpolation in
    feature space (section 6.2), because the normalised features are linear in them.
    """

    architecture = "adain"

    def encode_style(self, style: Tensor) -> StyleSignals:
        """Style images ``(N, 3, H, W)`` in 0..1 to mean and deviation of relu4_1, each ``(N, 512)``."""
        mean, std = channel_statistics(self.encode_content(style))
        return StyleSignals(self.architecture, {"mean": mean.flatten(1), "std": std.flatten(1)})

    def decode(self, features: Tensor, statistics: Statistics, signals: Signals) -> Tensor:
        """AdaIN (Eq. 8 of the paper) and the decoder: to ``(N, 3, 8 H, 8 W)``."""
        moved = modulate_features(features, statistics, signals.column("mean"), signals.column("std"))
        return self.decoder(moved)

    def stages(self) -> tuple[Stage, Stage]:
        """The content path: one point of normalisation, at an eighth of the resolution."""
        return (
            first_stage("encode", self.encode_content, self.encoder.until(LEVEL), LEVELS[LEVEL]),
            normalised_stage("decode", self.decode, self.decoder.way(), 3),
        )
