"""Oklab (Ottosson, 2020): a colour space in which equal steps look alike and hues stay what they are."""

from __future__ import annotations

import torch
from torch import Tensor

#: Linear sRGB to the responses of the eye's cones, and their cube roots to Oklab, as published.
CONES = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
OPPONENT = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)
#: Of the sRGB curve: below it is a line.
LINE_ENDS = 0.04045


def to_linear(image: Tensor) -> Tensor:
    """sRGB values in 0..1 to linear light (IEC 61966-2-1)."""
    return torch.where(image <= LINE_ENDS, image / 12.92, ((image + 0.055) / 1.055).clamp_min(0.0) ** 2.4)


def from_linear(light: Tensor) -> Tensor:
    """Linear light in 0..1 to sRGB values."""
    curve = 1.055 * light.clamp_min(1e-12) ** (1 / 2.4) - 0.055
    return torch.where(light <= LINE_ENDS / 12.92, light * 12.92, curve)


def to_oklab(image: Tensor, cones: Tensor, opponent: Tensor) -> Tensor:
    """``(N, 3, H, W)`` in sRGB, 0..1, to lightness in 0..1 and two opponent colours around 0.

    Args:
        cones, opponent: :data:`CONES` and :data:`OPPONENT` as tensors where the image is.
    """
    responses = _times(cones, to_linear(image)).clamp_min(0.0) ** (1 / 3)
    return _times(opponent, responses)


def linear_of(lab: Tensor, cones: Tensor, opponent: Tensor) -> Tensor:
    """Oklab to linear sRGB, which lies outside 0..1 for colours that no screen shows."""
    responses = _times(torch.linalg.inv(opponent.double()).to(lab), lab)
    return _times(torch.linalg.inv(cones.double()).to(lab), responses**3)


def _times(matrix: Tensor, image: Tensor) -> Tensor:
    return torch.einsum("ij,njhw->nihw", matrix.to(image), image)
