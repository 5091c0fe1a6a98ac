"""The photorealistic stylizer: photos that take the look of another through features, not through colours.

Wu, Ni and Li, "Redistributing and Re-Stylizing Features for Training a Fast Photorealistic Stylizer",
figure 2: a fixed encoder, a mirrored decoder that unpools where the encoder found its maxima, feature
aggregation (FA) before each unpooling, and a further convolution that redistributes what was aggregated.
It begins at relu3_1 of VGG-16, one pooling less than the paper: see card.md.
"""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scumble_models.network import StyleNetwork
from scumble_models.photo_network.aggregation import GATHERS, Reading, aggregated, style_tensors
from scumble_models.photo_network.unpooling import MaskedPool, Unpool, channels_of, grown, shrunk
from scumble_models.signals import Signals, StyleSignals
from scumble_models.tiling.stage import Stage, first_stage, normalised_stage
from scumble_models.tiling.statistics import Statistics
from scumble_models.vgg.decoder import LEVELS
from scumble_models.vgg.encoder import VGG16

LEVEL = "conv3_1"
#: Channels before and after each pooling, from the first.
POOLED: tuple[int, ...] = (64, 128, 256)


class PhotoNetwork(StyleNetwork):
    """The whole network, from photos in 0..1 to photos in 0..1 (not clamped); sides are multiples of 4.

    Args:
        level: where the decoder begins; the paper has ``conv4_1``.
        reading: of Equation 1.
    """

    architecture = "photo_network"
    reading: Reading

    def __init__(self, level: str = LEVEL, reading: Reading = "moments") -> None:
        super().__init__()
        self.level, self.reading = level, reading
        #: Channels of each pooling between the picture and the level, the coarsest first.
        self.pooled = POOLED[: int(level[4]) - 1][::-1]
        self.encoder = VGG16(padding_mode="reflect")
        self.pool, self.unpool = MaskedPool(), Unpool()
        self.decoder = Decoder(level)

    def encode_style(self, style: Tensor) -> StyleSignals:
        """Photos ``(N, 3, H, W)`` in 0..1 to statistics of what each pooling gives of them."""
        tensors: dict[str, Tensor] = {}
        block = 2 ** len(self.pooled)
        height, width = (side - side % block for side in style.shape[2:])
        _, _, maxima = self.encode(style[:, :, :height, :width], f"pool{len(self.pooled)}")
        for number, features in zip(self.numbers, maxima, strict=True):
            tensors |= style_tensors(features, self.reading, f"pool{number}")
        return StyleSignals(self.architecture, tensors)

    def encode(self, image: Tensor, last: str | None = None) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """``(N, 3, H, W)`` in 0..1 to the level's features, the places of maxima, and the maxima.

        Args:
            last: the last layer to compute; by default the level's.

        Returns:
            The features; the places of each pooling on the coarsest one's grid; what each pooling gave.
            Both lists begin with the coarsest.
        """
        x = (image - self.encoder.mean) / self.encoder.std
        places: list[Tensor] = []
        maxima: list[Tensor] = []
        for layer in self.encoder.until(last or self.level):
            if isinstance(layer, nn.Conv2d):
                x = F.relu(layer(x))
                continue
            x, place = self.pool(x)
            places = [place, *shrunk(places)]
            maxima = [x, *maxima]
        return x, places, maxima

    def aggregate(
        self, decoder: Decoder, number: int, x: Tensor, statistics: Statistics, signals: Signals
    ) -> Tensor:
        """FA and redistribution before one unpooling: the paper's Q."""

        def moved(style: StyleSignals) -> Tensor:
            return aggregated(x, statistics, style, self.reading, f"pool{number}")

        return F.relu(decoder.of(number + 1, "d2")(signals.mixed(moved).to(x.dtype)))

    def restore(
        self, decoder: Decoder, number: int, x: Tensor, places: list[Tensor]
    ) -> tuple[Tensor, list[Tensor]]:
        """Unpooling, and what leads to the next FA layer or to the picture; with the places that are left."""
        x, places = self.unpool(x, places[0]), grown(places[1:])
        return decoder.mirrored(number, x), places

    def stages(self) -> tuple[Stage, ...]:
        """A stage ends before each FA layer, which has to know the features of the whole picture."""
        deepest = self.numbers[0] + 1
        pools = [self.pool if isinstance(m, nn.MaxPool2d) else m for m in self.encoder.until(self.level)]
        modules = [*pools, self.decoder.of(deepest, "d1")]
        first = first_stage("encode", self._encode, modules, self._carried(0))
        return (first, *(self._stage(index) for index in range(len(self.pooled))))

    def _stage(self, index: int) -> Stage:
        number = self.numbers[index]
        modules = [self.decoder.of(number + 1, "d2"), self.unpool, *self.decoder.way(number)]
        widths = self.pooled[index:]
        sizes = [widths[0], *channels_of(list(widths))]

        def decode(joined: Tensor, statistics: Statistics, signals: Signals) -> Tensor:
            x, *places = joined.split(sizes, 1)
            of_features = (statistics[0][:, : widths[0]], _first(statistics[1], widths[0]))
            x = self.aggregate(self.decoder, number, x, of_features, signals)
            x, places = self.restore(self.decoder, number, x, places)
            return torch.cat([x, *places], 1)

        channels = self._carried(index + 1)
        return normalised_stage(f"pool{number}", decode, modules, channels, GATHERS[self.reading])

    def _encode(self, image: Tensor) -> Tensor:
        x, places, _ = self.encode(image)
        return torch.cat([self.decoder.mirrored(self.numbers[0] + 1, x), *places], 1)

    def _carried(self, index: int) -> int:
        widths = list(self.pooled[index:])
        return widths[0] + sum(channels_of(widths)) if widths else 3

    @property
    def numbers(self) -> list[int]:
        """Of the poolings, the coarsest first."""
        return list(range(len(self.pooled), 0, -1))


class Decoder(nn.Module):
    """The decoder's convolutions: ``conv_K_d1`` mirrors a block of the encoder, ``conv_K_d2`` redistributes.

    Where K is the deepest block, that is the paper's ``Conv_4_d2``.

    Args:
        level: where it begins.
    """

    def __init__(self, level: str) -> None:
        super().__init__()
        channels, deepest = LEVELS[level], int(level[4])
        for number in range(deepest, 1, -1):
            width = POOLED[number - 2]
            self.add_module(f"conv_{number}_d1", _convolution(channels, width))
            self.add_module(f"conv_{number}_d2", _convolution(width, width))
            channels = width
        self.conv_1_d2 = _convolution(channels, channels)
        self.conv_1_d1 = _convolution(channels, 3)

    def of(self, number: int, name: str) -> nn.Conv2d:
        """One convolution."""
        return cast(nn.Conv2d, self.get_submodule(f"conv_{number}_{name}"))

    def way(self, number: int) -> list[nn.Conv2d]:
        """The convolutions between an unpooling and the next FA layer, or the picture."""
        return [self.of(number, "d1")] if number > 1 else [self.conv_1_d2, self.conv_1_d1]

    def mirrored(self, number: int, x: Tensor) -> Tensor:
        """Through :meth:`way`; the picture itself has no ReLU."""
        if number > 1:
            return F.relu(self.of(number, "d1")(x))
        return self.conv_1_d1(F.relu(self.conv_1_d2(x)))


def _convolution(channels_in: int, channels_out: int) -> nn.Conv2d:
    return nn.Conv2d(channels_in, channels_out, 3, padding=1, padding_mode="reflect")


def _first(spread: Tensor, count: int) -> Tensor:
    """The first channels of deviations ``(1, C, 1, 1)``, or the block of a covariance ``(1, C, C)``."""
    return spread[:, :count, :count] if spread.ndim == 3 else spread[:, :count]
