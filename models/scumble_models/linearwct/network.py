"""LinearWCT: features times a matrix that two small networks predict, one from each covariance.

Li et al., "Learning Linear Transformations for Fast Image and Video Style Transfer" (CVPR 2019), figure 2,
at relu3_1. The product of the two matrices stands for whitening and colouring; the style's half, its own
matrix and mean, is all that has to be kept of a painting.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from scumble_models.signals import Signals, StyleSignals
from scumble_models.tiling.stage import Stage, first_stage, normalised_stage
from scumble_models.tiling.statistics import Statistics, whole_statistics
from scumble_models.vgg.decoder import LEVELS
from scumble_models.vgg.network import NetworkOnVGG
from scumble_models.wct.whitening import times

LEVEL = "conv3_1"
CHANNELS = LEVELS[LEVEL]
#: Channels in which the matrices work (the paper's compression).
RANK = 32


class MatrixNetwork(nn.Module):
    """One half of the transformation: a covariance of features of its own, and a matrix made of it."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for channels_in, channels_out in pairwise((CHANNELS, 128, 64, RANK)):
            layers += [
                nn.Conv2d(channels_in, channels_out, 3, padding=1, padding_mode="reflect"),
                nn.ReLU(),
            ]
        self.convolutions = nn.Sequential(*layers[:-1])  # a covariance has signs
        self.matrix = nn.Linear(RANK * RANK, RANK * RANK)

    def forward(self, covariance: Tensor) -> Tensor:
        """Covariances ``(N, 32, 32)`` of what :attr:`convolutions` make of features, to matrices."""
        return self.matrix(covariance.to(self.matrix.weight.dtype).flatten(1)).view(-1, RANK, RANK)


class LinearWCT(NetworkOnVGG):
    """The whole network, from images in 0..1 to images in 0..1 (not clamped).

    The result is linear in the style's matrix and mean, so that styles mixed as tensors are the same as
    mixed features.
    """

    architecture = "linearwct"

    def __init__(self) -> None:
        super().__init__(LEVEL)
        self.content, self.style = MatrixNetwork(), MatrixNetwork()
        self.compress = nn.Conv2d(CHANNELS, RANK, 1, bias=False)
        self.unzip = nn.Conv2d(RANK, CHANNELS, 1, bias=False)

    def encode_style(self, style: Tensor) -> StyleSignals:
        """Style images ``(N, 3, H, W)`` in 0..1 to a matrix ``(N, 32, 32)`` and a mean ``(N, 256)``."""
        features = self.encode_content(style, LEVEL)
        _, covariance = whole_statistics(self.style.convolutions(features), "covariance")
        tensors = {"matrix": self.style(covariance), "mean": features.mean((2, 3))}
        return StyleSignals(self.architecture, tensors)

    def encode(self, image: Tensor) -> Tensor:
        """``(N, 3, H, W)`` in 0..1 to compressed features, and to those whose covariance is wanted.

        Returns:
            ``(N, 64, ceil(H / 4), ceil(W / 4))``: 32 channels of each.
        """
        features = self.encode_content(image, LEVEL)
        return torch.cat([self.compress(features), self.content.convolutions(features)], 1)

    def decode(self, x: Tensor, statistics: Statistics, signals: Signals) -> Tensor:
        """The transformation (Eq. 10 of the paper, without its losses) and the way back to a picture."""
        mean, covariance = statistics
        own = self.content(covariance[:, RANK:, RANK:]).to(x.dtype)
        compressed = times(own, x[:, :RANK] - mean[:, :RANK].to(x.dtype))

        def moved(style: StyleSignals) -> Tensor:
            return self.unzip(times(style.tensors["matrix"].to(x.dtype), compressed)) + style.column("mean")

        return self.decoder(signals.mixed(moved).to(x.dtype))

    def stages(self) -> tuple[Stage, Stage]:
        """One point at which a covariance is gathered, at a quarter of the resolution."""
        modules = (*self.encoder.until(LEVEL), self.compress, self.content.convolutions)
        return (
            first_stage("encode", self.encode, modules, 2 * RANK),
            normalised_stage("decode", self.decode, self.decoder.way(), 3, gathers="covariance"),
        )
