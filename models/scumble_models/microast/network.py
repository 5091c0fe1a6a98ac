"""MicroAST as published: two micro encoders, a modulator and a micro decoder (figure 2 of the paper).

Layer names are those of the authors' checkpoints, so that these load without renaming.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from scumble_models.devices import channels_last
from scumble_models.microast.fast import fast_stages
from scumble_models.microast.layers import ConvLayer, ResidualLayer
from scumble_models.network import StyleNetwork
from scumble_models.signals import Signals, StyleSignals
from scumble_models.tiling.stage import Stage, first_stage, normalised_stage
from scumble_models.tiling.statistics import Statistics, channel_statistics, modulate_features

CHANNELS = 64
#: The vectors of one level's style signal, in the order of the paper: FeatMod, then FilterMod.
SIGNAL_NAMES = ("mean", "std", "weight", "bias")


class Encoder(nn.Module):
    """Content or style encoder: features of 64 channels at a quarter of the resolution, two levels."""

    def __init__(self) -> None:
        super().__init__()
        self.enc1 = nn.Sequential(
            ConvLayer(3, 16, 9),
            nn.ReLU(),
            ConvLayer(16, 32, 3, stride=2, groups=16),
            nn.ReLU(),
            ConvLayer(32, 32, 1),
            nn.ReLU(),
            ConvLayer(32, 64, 3, stride=2, groups=32),
            nn.ReLU(),
            ConvLayer(64, 64, 1),
            nn.ReLU(),
            ResidualLayer(CHANNELS),
        )
        self.enc2 = nn.Sequential(ResidualLayer(CHANNELS))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Map ``(N, 3, H, W)`` in 0..1 to two levels of ``(N, 64, ceil(H/4), ceil(W/4))``."""
        first = self.enc1(x)
        return first, self.enc2(first)


class Modulator(nn.Module):
    """Style features to the filter weight and bias of each level (one 64-vector each)."""

    def __init__(self) -> None:
        super().__init__()
        for name in ("weight1", "bias1", "weight2", "bias2"):
            depthwise = ConvLayer(CHANNELS, CHANNELS, 3, groups=CHANNELS)
            self.add_module(name, nn.Sequential(depthwise, nn.AdaptiveAvgPool2d(1)))

    def forward(self, features: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Map both levels of style features to weight1, bias1, weight2, bias2, each ``(N, 64, 1, 1)``."""
        first, second = features
        parts = dict(self.named_children())
        weight1, bias1 = parts["weight1"](first), parts["bias1"](first)
        weight2, bias2 = parts["weight2"](second), parts["bias2"](second)
        return weight1, bias1, weight2, bias2


class Decoder(nn.Module):
    """Modulated features back to an image: one modulated block per level, then two upsamplings."""

    def __init__(self) -> None:
        super().__init__()
        self.dec1 = ResidualLayer(CHANNELS)
        self.dec2 = ResidualLayer(CHANNELS)
        self.dec3 = nn.Sequential(
            nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
            ConvLayer(64, 32, 3, groups=32),
            nn.ReLU(),
            ConvLayer(32, 32, 1),
            nn.ReLU(),
            nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
            ConvLayer(32, 16, 3, groups=16),
            nn.ReLU(),
            ConvLayer(16, 16, 1),
            nn.ReLU(),
            ConvLayer(16, 3, 9),
        )


class MicroAST(StyleNetwork):
    """The whole network, from images in 0..1 to images in 0..1 (not clamped).

    The content path has two points of instance normalisation, both FeatMod at a quarter of the
    resolution. It is therefore three stages (:meth:`encode_content`, :meth:`decode_deep`,
    :meth:`decode_shallow`), each local, with statistics of a whole feature map between them; this is
    what lets patches be computed one at a time.
    """

    architecture = "microast"

    def __init__(self) -> None:
        super().__init__()
        self.content_encoder = Encoder()
        self.style_encoder = Encoder()
        self.modulator = Modulator()
        self.decoder = Decoder()

    def encode_style(self, style: Tensor) -> StyleSignals:
        """Style images ``(N, 3, H, W)`` in 0..1 to their eight signal vectors (section 3.2)."""
        features = self.style_encoder(style)
        weight1, bias1, weight2, bias2 = self.modulator(features)
        filters = ((weight1, bias1), (weight2, bias2))
        tensors: dict[str, Tensor] = {}
        for level, (feature, (weight, bias)) in enumerate(zip(features, filters, strict=True), 1):
            values = (*channel_statistics(feature), weight.float(), bias.float())
            for name, value in zip(SIGNAL_NAMES, values, strict=True):
                tensors[f"{name}{level}"] = value.flatten(1)
        return StyleSignals(self.architecture, tensors)

    def learned_part(self) -> nn.Module:
        """The decoder."""
        return self.decoder

    def with_part(self, weights: Mapping[str, Tensor]) -> MicroAST:
        """The same encoders and modulator, shared, with another decoder."""
        other = MicroAST.__new__(MicroAST)
        nn.Module.__init__(other)
        other.content_encoder, other.style_encoder = self.content_encoder, self.style_encoder
        other.modulator, other.decoder = self.modulator, Decoder()
        other.decoder.load_state_dict(dict(weights))
        device = next(self.decoder.parameters()).device
        channels_last(other.decoder, device).eval().requires_grad_(False)
        return other

    def encode_content(self, content: Tensor) -> Tensor:
        """Stage 1: content ``(N, 3, H, W)`` in 0..1 to features at a quarter of the resolution."""
        return self.content_encoder(content)[1]

    def decode_deep(self, features: Tensor, statistics: Statistics, signals: Signals) -> Tensor:
        """Stage 2: modulate level 2, the deep one; the shape stays."""
        x = modulate_features(features, statistics, signals.column("mean2"), signals.column("std2"))
        return self.decoder.dec1.modulated(x, signals.column("weight2"), signals.column("bias2"))

    def decode_shallow(self, features: Tensor, statistics: Statistics, signals: Signals) -> Tensor:
        """Stage 3: modulate level 1 and decode to ``(N, 3, 4 H, 4 W)``."""
        x = modulate_features(features, statistics, signals.column("mean1"), signals.column("std1"))
        x = self.decoder.dec2.modulated(x, signals.column("weight1"), signals.column("bias1"))
        return self.decoder.dec3(x)

    def stages(self) -> tuple[Stage, Stage, Stage]:
        """The content path for the patch executor."""
        decoder = self.decoder
        return (
            first_stage("encode", self.encode_content, (self.content_encoder,), CHANNELS),
            normalised_stage("decode deep", self.decode_deep, (decoder.dec1,), CHANNELS),
            normalised_stage("decode shallow", self.decode_shallow, (decoder.dec2, decoder.dec3), 3),
        )

    def fast_stages(self) -> tuple[Stage, ...]:
        """The same with fused layers, on patches without padding."""
        return fast_stages(self)
