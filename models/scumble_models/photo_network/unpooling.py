"""Pooling that remembers where each maximum was, and unpooling that puts values back there.

The places travel beside the features, as channels: so a patch of one stage holds all that the next needs.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scumble_models.tiling.receptive import Enlargement, Squeeze

#: How much larger than an earlier one of its block a value must be to be the maximum. In a flat sky all four
#: are equal but for rounding, which would decide differently in each patch. Activations have a mean of 1.
MARGIN = 1e-3


class MaskedPool(nn.Module):
    """Max-pooling of blocks of 2x2, with the place of each maximum; sides are even."""

    operations = (Squeeze(2),)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """``(N, C, 2 H, 2 W)`` to the maxima and their places 0..3, both ``(N, C, H, W)``."""
        blocks = F.pixel_unshuffle(x.detach(), 2).unflatten(1, (-1, 4))
        order = torch.arange(4, device=x.device).view(4, 1, 1)
        places = (blocks - order * MARGIN).argmax(2)
        return F.max_pool2d(x, 2), places.to(x.dtype)


class Unpool(nn.Module):
    """Every value to its place in a block of 2x2, the three others 0."""

    operations = (Enlargement(2, reach=0),)

    def forward(self, x: Tensor, places: Tensor) -> Tensor:
        """``(N, C, H, W)`` to ``(N, C, 2 H, 2 W)``."""
        order = torch.arange(4, device=x.device).view(4, 1, 1)
        blocks = torch.where(places[:, :, None] == order, x[:, :, None], 0.0)
        return F.pixel_shuffle(blocks.flatten(1, 2), 2)


def shrunk(places: list[Tensor]) -> list[Tensor]:
    """The places of earlier poolings, coarsest first, on the grid of the next one, half as fine.

    Four places of 0..3 make one number of 0..255, which is exact in bfloat16 too; four such numbers become
    channels.
    """
    return [_coded(one) if age == 0 else F.pixel_unshuffle(one, 2) for age, one in enumerate(places)]


def grown(places: list[Tensor]) -> list[Tensor]:
    """The inverse of :func:`shrunk`."""
    return [_decoded(one) if age == 0 else F.pixel_shuffle(one, 2) for age, one in enumerate(places)]


def channels_of(widths: list[int]) -> list[int]:
    """Channels of the places of poolings of these widths, coarsest first, on the coarsest one's grid."""
    return [width * 4 ** max(0, age - 1) for age, width in enumerate(widths)]


def _coded(places: Tensor) -> Tensor:
    blocks = F.pixel_unshuffle(places, 2).unflatten(1, (-1, 4))
    return (blocks * _digits(places)).sum(2)


def _decoded(code: Tensor) -> Tensor:
    blocks = (code[:, :, None] / _digits(code)).floor().remainder(4)
    return F.pixel_shuffle(blocks.flatten(1, 2), 2)


def _digits(like: Tensor) -> Tensor:
    return (4 ** torch.arange(4, device=like.device)).to(like.dtype).view(4, 1, 1)
