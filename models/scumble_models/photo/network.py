"""Photo looks: the colours of a photo moved to those of another, by one linear map for the whole picture.

The Monge-Kantorovich map (Pitié and Kokaram, "The linear Monge-Kantorovitch linear colour mapping for
example-based colour transfer", CVMP 2007): of all linear maps that give the content's colours the style's
mean and covariance, the one that moves them least. In Oklab, so that hues stay and light does not shift them.
The same colour becomes the same colour everywhere, so no edge is bent, no texture appears, and the whole is
a 3D LUT (:mod:`scumble_models.photo.lut`). Nothing here is learned.
"""

from __future__ import annotations

import torch
from torch import Tensor

from scumble_models.network import StyleNetwork
from scumble_models.photo.oklab import CONES, OPPONENT, from_linear, linear_of, to_oklab
from scumble_models.signals import Signals, StyleSignals, shapes_of
from scumble_models.tiling.stage import Stage, first_stage, normalised_stage
from scumble_models.tiling.statistics import Statistics, whole_statistics

#: Added to every variance: a deviation of one level of 255, below which there is only noise to amplify.
FLOOR = 1.5e-5
#: How far the map may stretch or squeeze a direction of colour: a flat gray day has little to be stretched,
#: and shows bands and noise where that is done.
GAINS = (0.4, 2.5)
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
        """Photos ``(N, 3, H, W)`` in 0..1 to mean ``(N, 3)`` and covariance ``(N, 3, 3)`` of their Oklab."""
        lab = self.encode_content(style)
        whole = [whole_statistics(one[None], "covariance") for one in lab]
        mean = torch.cat([mean.flatten(1) for mean, _ in whole])
        covariance = torch.stack([covariance for _, covariance in whole])
        return StyleSignals(self.architecture, {"mean": mean, "covariance": covariance.float()})

    def fits(self, style: StyleSignals) -> bool:
        """Whether there are a mean and a covariance of three colours."""
        return shapes_of(style.tensors) == {"mean": (1, 3), "covariance": (1, 3, 3)}

    def encode_content(self, content: Tensor) -> Tensor:
        """``(N, 3, H, W)`` in 0..1 to Oklab."""
        return to_oklab(content.clamp(0.0, 1.0), self.cones, self.opponent)

    def decode(self, lab: Tensor, statistics: Statistics, signals: Signals) -> Tensor:
        """Move the colours and bring them back into what a screen shows: ``(1, 3, H, W)`` in 0..1."""
        mean, covariance = statistics

        def moved(style: StyleSignals) -> Tensor:
            matrix = transport(covariance, style.tensors["covariance"][0].double())
            target = style.tensors["mean"][:, :, None, None]
            return torch.einsum("ij,njhw->nihw", matrix.to(lab), lab - mean) + target

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
        """Each pixel by itself; the content's mean and covariance in between."""
        return (
            first_stage("encode", self.encode_content, (), 3),
            normalised_stage("look", self.decode, (), 3, gathers="covariance"),
        )


def transport(covariance: Tensor, target: Tensor) -> Tensor:
    """The symmetric matrix that moves one covariance to another, both ``(3, 3)`` float64.

    ``A = S^-1/2 (S^1/2 T S^1/2)^1/2 S^-1/2``, its gains kept within :data:`GAINS`.
    """
    floor = FLOOR * torch.eye(3, dtype=torch.float64, device=covariance.device)
    source, wanted = covariance + floor, target.to(covariance) + floor
    root, inverse = _power(source, 0.5), _power(source, -0.5)
    values, vectors = torch.linalg.eigh(inverse @ _power(root @ wanted @ root, 0.5) @ inverse)
    return vectors @ torch.diag(values.clamp(*GAINS)) @ vectors.T


def _power(matrix: Tensor, exponent: float) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    return vectors @ torch.diag(values.clamp_min(1e-12) ** exponent) @ vectors.T


def _bent(lightness: Tensor) -> Tensor:
    """Identity but near black and white, where a parabola leads from one :data:`KNEE` inside to one outside."""
    low = (KNEE - lightness).clamp(0.0, 2 * KNEE)
    high = (lightness - (1.0 - KNEE)).clamp(0.0, 2 * KNEE)
    return (lightness + (low.square() - high.square()) / (4 * KNEE)).clamp(0.0, 1.0)
