"""WCT: whitening and colouring of VGG features at several levels, coarse to fine.

Li et al., "Universal Style Transfer via Feature Transforms" (NeurIPS 2017), figure 1(c). The paper begins
at relu5_1; here it is relu3_1, as pictures of relu4_1 come back too coarse (card.md). Nothing is learned
but the way back from VGG.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.weak import WeakTensorKeyDictionary

from scumble_models.network import StyleNetwork
from scumble_models.signals import Signals, StyleSignals
from scumble_models.tiling.stage import Stage, first_stage, normalised_stage
from scumble_models.tiling.statistics import Statistics, whole_statistics
from scumble_models.vgg.decoder import LEVELS, VGGDecoder
from scumble_models.vgg.encoder import VGG16
from scumble_models.wct.whitening import colouring, whitening

#: Where a picture is painted, in this order.
PAINTED = ("conv3_1", "conv2_1", "conv1_1")


class WCT(StyleNetwork):
    """The whole network, from images in 0..1 to images in 0..1 (not clamped).

    Args:
        levels: where it paints, coarse to fine, of :data:`~scumble_models.vgg.decoder.LEVELS`.
    """

    architecture = "wct"

    def __init__(self, levels: Sequence[str] = PAINTED) -> None:
        super().__init__()
        self.levels = tuple(levels)
        self.encoder = VGG16(padding_mode="reflect")
        self.decoders = nn.ModuleDict({level: VGGDecoder(level) for level in levels})
        # A covariance is whitened once, however many patches ask.
        self._whitening = WeakTensorKeyDictionary()

    def encode_style(self, style: Tensor) -> StyleSignals:
        """Style images ``(N, 3, H, W)`` in 0..1 to mean ``(N, C)`` and colouring ``(N, C, C)`` by level."""
        tensors: dict[str, Tensor] = {}
        for level, features in self.encoder(style, self.levels).items():
            mean, covariance = whole_statistics(features, "covariance")
            tensors[f"{level}.mean"] = mean.flatten(1)
            tensors[f"{level}.colouring"] = colouring(covariance)
        return StyleSignals(self.architecture, tensors)

    def encode(self, image: Tensor, level: str) -> Tensor:
        """``(N, 3, H, W)`` in 0..1 to activations of a level, its sides a part of theirs, rounded up."""
        return self.encoder(image, (level,))[level]

    def transform(self, features: Tensor, statistics: Statistics, signals: Signals, level: str) -> Tensor:
        """Whitening and colouring (Eq. 2 and 3), faded with the features themselves (Eq. 4)."""
        mean, covariance = statistics
        if covariance not in self._whitening:
            self._whitening[covariance] = whitening(covariance)[0]
        white = self._whitening[covariance]

        def coloured(style: StyleSignals) -> Tensor:
            matrix = style.tensors[f"{level}.colouring"][0] @ white
            shift = style.column(f"{level}.mean")[0, :, 0, 0] - matrix @ mean[0, :, 0, 0]
            return F.conv2d(features, matrix[:, :, None, None], shift)

        moved = signals.mixed(coloured)
        return moved if signals.weight == 1.0 else torch.lerp(features, moved, signals.weight)

    def stages(self) -> tuple[Stage, ...]:
        """A picture is painted at each level and looked at anew at the next finer one."""
        start = self.levels[0]
        first = first_stage(
            "encode", lambda image: self.encode(image, start), self.encoder.until(start), LEVELS[start]
        )
        later = zip(self.levels, (*self.levels[1:], None), strict=True)
        return (first, *(self._painting(*pair) for pair in later))

    def _painting(self, level: str, following: str | None) -> Stage:
        """The stage that paints at a level, and encodes what it has painted for the next one."""
        decoder = cast(VGGDecoder, self.decoders[level])

        def paint(features: Tensor, statistics: Statistics, signals: Signals) -> Tensor:
            image = decoder(self.transform(features, statistics, signals, level))
            return image if following is None else self.encode(image.clamp(0.0, 1.0), following)

        modules = [*decoder.way(), *(self.encoder.until(following) if following else ())]
        channels = LEVELS[following] if following else 3
        return normalised_stage(level, paint, modules, channels, gathers="covariance")
