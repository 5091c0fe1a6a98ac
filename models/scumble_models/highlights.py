"""Floating-point pictures brighter than white: their range is compressed for the network, and restored.

A network knows 0 to 1. Up to :data:`KNEE` values stay; above it they follow a logarithm that brings the
brightest to 1, and results go the way back.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

KNEE = 0.8
_ROOM = 1 - KNEE


def compressed(colour: Tensor, top: float) -> Tensor:
    """Values of any size with those from :data:`KNEE` to ``top`` in KNEE..1; as they are for a top of 1.

    Args:
        top: the brightest value, at least 1; what lies above it is above 1 here, too.
    """
    if top <= 1.0:
        return colour
    bent = KNEE + _ROOM * torch.log1p((colour - KNEE).clamp_min(0.0) / _ROOM) / _stops(top)
    return torch.where(colour > KNEE, bent, colour)


def restored(colour: Tensor, top: float) -> Tensor:
    """The inverse of :func:`compressed` for values up to 1."""
    if top <= 1.0:
        return colour
    bent = KNEE + _ROOM * torch.expm1((colour - KNEE).clamp_min(0.0) / _ROOM * _stops(top))
    return torch.where(colour > KNEE, bent, colour)


def _stops(top: float) -> float:
    return math.log1p((top - KNEE) / _ROOM)
