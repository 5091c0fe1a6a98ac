"""Squeezing by the Haar wavelet: half the resolution, four times the channels, nothing lost."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

#: Of the pixels of a block, row by row: mean, left to right, top to bottom, and across; orthonormal.
_HAAR = torch.tensor([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) / 2.0


def squeeze(x: Tensor) -> Tensor:
    """``(N, C, 2 H, 2 W)`` to ``(N, 4 C, H, W)``: four bands of each channel.

    The paper deals the pixels out as they are, which leaves four pictures that are shifted against each
    other, and a lattice where the network treats them differently.
    """
    blocks = F.pixel_unshuffle(x, 2).unflatten(1, (-1, 4))
    return torch.einsum("bp,ncphw->ncbhw", _HAAR.to(x), blocks).flatten(1, 2)


def unsqueeze(x: Tensor) -> Tensor:
    """The inverse of :func:`squeeze`."""
    bands = x.unflatten(1, (-1, 4))
    return F.pixel_shuffle(torch.einsum("bp,ncbhw->ncphw", _HAAR.to(x), bands).flatten(1, 2), 2)
