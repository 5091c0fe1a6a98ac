"""Photo looks: light and colours of a photo moved to those of another, alike for the whole picture.

Mean and deviation of lightness, and mean and deviation of colour as a whole, in Oklab: the transfer of
statistics of Reinhard et al. ("Color Transfer between Images", 2001) with one gain for both opponent
colours, so that hues keep their angles to each other and skin stays skin. The same colour becomes the same
colour everywhere, so no edge is bent, no texture appears, and the whole is a 3D LUT
(:mod:`scumble_models.photo.lut`). Nothing here is learned.
"""

from __future__ import annotations

import torch
from torch import Tensor

from scumble_models.network import StyleNetwork
from scumble_models.oklab import CONES, OPPONENT, from_linear, linear_of, to_oklab
from scumble_models.signals import Signals, StyleSignals, shapes_of
from scumble_models.tiling.stage import Stage, first_stage, normalised_stage
from scumble_models.tiling.statistics import Statistics, channel_statistics

#: How far light and colour may be stretched or squeezed: a flat gray day has little to be stretched, and
#: shows bands and noise where that is done. A black-and-white look takes all colour away.
LIGHT_GAINS, COLOUR_GAINS = (0.4, 2.5), (0.0, 2.5)
#: Where lightness begins to be bent so that it ends at black and white instead of being cut there.
KNEE = 0.05


class PhotoLook(StyleNetwork):
    """From photos in 0..1 to photos in 0..1, of the same size."""

    architecture = "photo"
    cones: Tensor
    opponent: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("cones", torch.tensor(CONES))
        self.register_buffer("opponent", torch.tensor(OPPONENT))

    def encode_style(self, style: Tensor) -> StyleSignals:
        """Photos ``(N, 3, H, W)`` in 0..1 to mean and deviation of their Oklab, each ``(N, 3)``."""
        mean, std = channel_statistics(self.encode_content(style))
        return StyleSignals(self.architecture, {"mean": mean.flatten(1), "std": std.flatten(1)})

    def fits(self, style: StyleSignals) -> bool:
        """Whether there are means and deviations of three channels."""
        return shapes_of(style.tensors) == {"mean": (1, 3), "std": (1, 3)}

    def encode_content(self, content: Tensor) -> Tensor:
        """``(N, 3, H, W)`` in 0..1 to Oklab."""
        return to_oklab(content.clamp(0.0, 1.0), self.cones, self.opponent)

    def decode(self, lab: Tensor, statistics: Statistics, signals: Signals) -> Tensor:
        """Move the colours and bring them back into what a screen shows: ``(1, 3, H, W)`` in 0..1."""
        mean, std = statistics

        def moved(style: StyleSignals) -> Tensor:
            return (lab - mean) * gains(std, style.column("std")) + style.column("mean")

        wanted = signals.mixed(moved)
        if signals.weight != 1.0:
            wanted = torch.lerp(lab, wanted, signals.weight)
        return self.shown(wanted)

    def shown(self, lab: Tensor) -> Tensor:
        """Oklab to sRGB in 0..1: lightness bent to end at black and white, colours paled until they fit."""
        lightness = _bent(lab[:, :1])
        light = linear_of(torch.cat([lightness, lab[:, 1:]], 1), self.cones, self.opponent)
        gray = lightness**3
        over = (1.0 - gray) / (light - gray).clamp_min(1e-6)
        under = gray / (gray - light).clamp_min(1e-6)
        share = torch.minimum(over, under).amin(1, keepdim=True).clamp(0.0, 1.0)
        return from_linear((gray + share * (light - gray)).clamp(0.0, 1.0)).clamp(0.0, 1.0)

    def stages(self) -> tuple[Stage, Stage]:
        """Each pixel by itself; the content's means and deviations in between."""
        return (
            first_stage("encode", self.encode_content, (), 3),
            normalised_stage("look", self.decode, (), 3),
        )


def gains(std: Tensor, wanted: Tensor) -> Tensor:
    """From deviations ``(N, 3, 1, 1)`` of Oklab to those wanted: one gain for light, one for both colours."""
    light, colour = wanted[:, :1] / std[:, :1], _length(wanted[:, 1:]) / _length(std[:, 1:])
    light, colour = light.clamp(*LIGHT_GAINS), colour.clamp(*COLOUR_GAINS)
    return torch.cat([light, colour, colour], 1)


def _length(colours: Tensor) -> Tensor:
    return colours.square().sum(1, keepdim=True).sqrt()


def _bent(lightness: Tensor) -> Tensor:
    """Identity but near black and white: there a parabola, from one :data:`KNEE` inside to one outside."""
    low = (KNEE - lightness).clamp(0.0, 2 * KNEE)
    high = (lightness - (1.0 - KNEE)).clamp(0.0, 2 * KNEE)
    return (lightness + (low.square() - high.square()) / (4 * KNEE)).clamp(0.0, 1.0)
