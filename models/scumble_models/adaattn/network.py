"""AdaAttN: attention decides for every point of the picture which parts of the painting it is made of.

Liu et al., "AdaAttN: Revisit Attention Mechanism in Arbitrary Neural Style Transfer" (ICCV 2021), figure 2,
at relu3_1 and relu4_1 of VGG-16; the paper has relu5_1 too. Keys and values come from the painting alone, so
that a patch of the picture needs nothing of the others but their means and deviations.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scumble_models.adaattn.attention import KEYS, AttentionLevel, normalised
from scumble_models.signals import Signals, StyleSignals
from scumble_models.tiling.receptive import Squeeze
from scumble_models.tiling.stage import Stage, first_stage, normalised_stage
from scumble_models.tiling.statistics import Statistics
from scumble_models.vgg.decoder import LEVELS
from scumble_models.vgg.network import NetworkOnVGG
from scumble_models.vgg.tokens import TOKENS

SHALLOW, DEEP = "conv3_1", "conv4_1"
#: Channels of both levels in one tensor at an eighth of the resolution: blocks of 2x2 become channels.
PACKED = 4 * LEVELS[SHALLOW]
#: Of a style: keys and values at each level.
TENSORS = ("shallow.keys", "shallow.values", "deep.keys", "deep.values")


class AdaAttN(NetworkOnVGG):
    """The whole network, from images in 0..1 to images in 0..1 (not clamped); sides are multiples of 8."""

    architecture = "adaattn"

    def __init__(self) -> None:
        super().__init__(DEEP)
        self.shallow = AttentionLevel(LEVELS[SHALLOW], LEVELS[SHALLOW])
        self.deep = AttentionLevel(LEVELS[SHALLOW] + LEVELS[DEEP], LEVELS[DEEP])
        joined = 2 * LEVELS[SHALLOW]
        self.merge = nn.Sequential(
            nn.Conv2d(joined, LEVELS[SHALLOW], 3, padding=1, padding_mode="reflect"), nn.ReLU()
        )

    def encode_style(self, style: Tensor) -> StyleSignals:
        """Style images ``(N, 3, H, W)`` in 0..1 to keys and values of each level, at most 1024 points."""
        found = self.encoder(style, (SHALLOW, DEEP))
        shallow, deep = normalised(found[SHALLOW]), normalised(found[DEEP])
        compared = torch.cat([_halved(shallow), deep], 1)
        fine = self.shallow.tokens(shallow, found[SHALLOW])
        coarse = self.deep.tokens(compared, found[DEEP])
        return StyleSignals(self.architecture, dict(zip(TENSORS, (*fine, *coarse), strict=True)))

    def fits(self, style: StyleSignals) -> bool:
        """Whether there are keys and values of as many points, at both levels."""
        if style.tensors.keys() != set(TENSORS):
            return False
        found = [tuple(style.tensors[name].shape) for name in TENSORS]
        counts = [shape[1] if len(shape) == 3 else 0 for shape in found]
        fine, coarse = counts[0], counts[2]
        expected = [(1, fine, KEYS), (1, fine, LEVELS[SHALLOW]), (1, coarse, KEYS), (1, coarse, LEVELS[DEEP])]
        return found == expected and 1 <= min(counts) <= max(counts) <= TOKENS

    def encode(self, image: Tensor) -> Tensor:
        """``(N, 3, H, W)`` in 0..1 to relu3_1, blocks of 2x2 as channels, and relu4_1: 1536 channels."""
        found = self.encoder(image, (SHALLOW, DEEP))
        return torch.cat([F.pixel_unshuffle(found[SHALLOW], 2), found[DEEP]], 1)

    def decode(self, x: Tensor, statistics: Statistics, signals: Signals) -> Tensor:
        """Attention at both levels, joined, and the way back to a picture."""
        mean, std = (_unpacked(part) for part in statistics)
        mean[0], std[0] = _of_blocks(mean[0], std[0])
        shallow, deep = ((part - m) / s for part, m, s in zip(_unpacked(x), mean, std, strict=True))
        compared = torch.cat([_halved(shallow), deep], 1)

        def painted(style: StyleSignals) -> Tensor:
            keys = style.tensors
            fine = self.shallow(shallow, shallow, keys["shallow.keys"], keys["shallow.values"])
            coarse = self.deep(compared, deep, keys["deep.keys"], keys["deep.values"])
            return torch.cat([F.pixel_unshuffle(fine, 2), coarse], 1)

        mixed = signals.mixed(painted)
        if signals.weight != 1.0:
            mixed = torch.lerp(x, mixed, signals.weight)
        fine, coarse = _unpacked(mixed)
        features = self.merge(torch.cat([self.decoder.get_submodule(DEEP)(coarse), fine], 1))
        return self.decoder(features, SHALLOW)

    def stages(self) -> tuple[Stage, Stage]:
        """One point at which moments are gathered, those of both levels at once."""
        encoding = [*self.encoder.until(DEEP), _InBlocks()]
        decoding = [self.decoder.get_submodule(DEEP), self.merge, *self.decoder.way(SHALLOW)]
        return (
            first_stage("encode", self.encode, encoding, PACKED + LEVELS[DEEP]),
            normalised_stage("decode", self.decode, decoding, 3),
        )


class _InBlocks(nn.Module):
    """Says that patches end where blocks of 2x2 do."""

    operations = (Squeeze(1),)


def _halved(features: Tensor) -> Tensor:
    return F.avg_pool2d(features, 2, ceil_mode=True, count_include_pad=False)


def _unpacked(x: Tensor) -> list[Tensor]:
    """What :meth:`AdaAttN.encode` has packed; of statistics, a mean for each place in the blocks."""
    blocks, deep = x[:, :PACKED], x[:, PACKED:]
    return [F.pixel_shuffle(blocks, 2), deep]


def _of_blocks(mean: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation of all from those of each place in the blocks, ``(N, C, 2, 2)``."""
    together = mean.mean((2, 3), keepdim=True)
    square = (std.square() + mean.square()).mean((2, 3), keepdim=True)
    return together, (square - together.square()).clamp_min(1e-10).sqrt()
