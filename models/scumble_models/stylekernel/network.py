"""StyleKernel: the picture's features convolved, at each point, with kernels made of the painting's.

Xu et al., "Learning Dynamic Style Kernels for Artistic Style Transfer" (CVPR 2023), figure 2, at relu3_1 of
VGG-16 (the paper: relu4_1 of VGG-19). Kernels and keys come from the painting alone, so that a patch needs
nothing of the others but the mean and deviation of each channel.
"""

from __future__ import annotations

import torch
from torch import Tensor

from scumble_models.signals import Signals, StyleSignals
from scumble_models.stylekernel.alignment import Alignment
from scumble_models.stylekernel.kernels import KernelPrediction, PointwiseKernels, shuffled
from scumble_models.tiling.stage import Stage, first_stage, normalised_stage
from scumble_models.tiling.statistics import Statistics
from scumble_models.vgg.decoder import LEVELS
from scumble_models.vgg.network import NetworkOnVGG
from scumble_models.vgg.tokens import TOKENS, rows, sampled

LEVEL = "conv3_1"
CHANNELS = LEVELS[LEVEL]


class StyleKernel(NetworkOnVGG):
    """The whole network, from images in 0..1 to images in 0..1 (not clamped).

    Args:
        size: of the kernels, the paper's ``k``.
        gating, shuffling: False leaves them out (for the ablations).
    """

    architecture = "stylekernel"

    def __init__(self, size: int = 3, gating: bool = True, shuffling: bool = True) -> None:
        super().__init__(LEVEL)
        self.shuffling = shuffling
        self.alignment = Alignment(CHANNELS, gating)
        self.prediction = KernelPrediction(CHANNELS, size)
        self.kernels = PointwiseKernels(size)

    def encode_style(self, style: Tensor) -> StyleSignals:
        """Style images ``(N, 3, H, W)`` in 0..1 to at most 1024 of their points ``(N, T, 256)``."""
        features = self.encode_content(style, LEVEL)
        return StyleSignals(self.architecture, {"points": sampled(rows(features))})

    def fits(self, style: StyleSignals) -> bool:
        """Whether there are points of a painting, and nothing else."""
        found = style.tensors.get("points")
        if found is None or len(style.tensors) != 1 or found.ndim != 3:
            return False
        return len(found) == 1 and 1 <= found.shape[1] <= TOKENS and found.shape[2] == CHANNELS

    def decode(self, content: Tensor, statistics: Statistics, signals: Signals) -> Tensor:
        """Alignment, kernels, and the way back to a picture."""
        mean, std = statistics
        normalised = (content - mean) / std
        if self.shuffling:
            normalised = shuffled(normalised)

        def painted(style: StyleSignals) -> Tensor:
            aligned = self.alignment(content, style.tensors["points"])
            return self.kernels(normalised, *self.prediction(aligned))

        features = signals.mixed(painted)
        if signals.weight != 1.0:
            features = torch.lerp(content, features, signals.weight)
        return self.decoder(features)

    def stages(self) -> tuple[Stage, Stage]:
        """One point of normalisation, at a quarter of the resolution."""
        modules = (self.prediction.layers, self.kernels, *self.decoder.way())
        return (
            first_stage(
                "encode",
                lambda image: self.encode_content(image, LEVEL),
                self.encoder.until(LEVEL),
                CHANNELS,
            ),
            normalised_stage("decode", self.decode, modules, 3),
        )
