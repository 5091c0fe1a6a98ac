"""AdaIN: a fixed VGG encoder, adaptive instance normalisation at relu4_1, and a trained mirror of a decoder.

The network on which URST showed Thumbnail Instance Normalization.
"""

from __future__ import annotations

from torch import Tensor, nn

from scumble_models.network import StyleNetwork
from scumble_models.signals import Signals, StyleSignals
from scumble_models.tiling.stage import Stage, first_stage, normalised_stage
from scumble_models.tiling.statistics import Statistics, channel_statistics, modulate_features
from scumble_models.vgg import VGG16

CHANNELS = 512


class Decoder(nn.Sequential):
    """The encoder mirrored: nearest upsampling for pooling, reflection padding, no normalisation."""

    def __init__(self) -> None:
        layers: list[nn.Module] = []
        for channels_in, channels_out in ((512, 256), (256, 256), (256, 256), (256, 128)):
            layers += _block(channels_in, channels_out)
            if channels_in == CHANNELS:
                layers.append(nn.Upsample(scale_factor=2, mode="nearest"))
        layers.append(nn.Upsample(scale_factor=2, mode="nearest"))
        layers += _block(128, 128) + _block(128, 64)
        layers.append(nn.Upsample(scale_factor=2, mode="nearest"))
        layers += _block(64, 64)
        super().__init__(*layers, nn.Conv2d(64, 3, 3, padding=1, padding_mode="reflect"))


class AdaIN(StyleNetwork):
    """The whole network, from images in 0..1 to images in 0..1 (not clamped).

    Style weight and mixing interpolate channel statistics, which is the paper's interpolation in
    feature space (section 6.2), because the normalised features are linear in them.
    """

    architecture = "adain"

    def __init__(self) -> None:
        super().__init__()
        self.encoder = VGG16(padding_mode="reflect")
        self.decoder = Decoder()

    def encode_style(self, style: Tensor) -> StyleSignals:
        """Style images ``(N, 3, H, W)`` in 0..1 to mean and deviation of relu4_1, each ``(N, 512)``."""
        mean, std = channel_statistics(self.encode_content(style))
        return StyleSignals(self.architecture, {"mean": mean.flatten(1), "std": std.flatten(1)})

    def encode_content(self, content: Tensor) -> Tensor:
        """``(N, 3, H, W)`` in 0..1 to relu4_1, ``(N, 512, ceil(H / 8), ceil(W / 8))``."""
        return self.encoder(content, ("conv4_1",))["conv4_1"]

    def decode(self, features: Tensor, statistics: Statistics, signals: Signals) -> Tensor:
        """AdaIN (Eq. 8 of the paper) and the decoder: to ``(N, 3, 8 H, 8 W)``."""
        moved = modulate_features(features, statistics, signals.column("mean"), signals.column("std"))
        return self.decoder(moved)

    def stages(self) -> tuple[Stage, Stage]:
        """The content path: one point of normalisation, at an eighth of the resolution."""
        return (
            first_stage("encode", self.encode_content, (self.encoder,), CHANNELS),
            normalised_stage("decode", self.decode, (self.decoder,), 3),
        )


def _block(channels_in: int, channels_out: int) -> list[nn.Module]:
    return [nn.Conv2d(channels_in, channels_out, 3, padding=1, padding_mode="reflect"), nn.ReLU()]
