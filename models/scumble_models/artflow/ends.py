"""Results near black and white are rolled off and never clipped: what is clipped cannot be taken back.

AdaIN knows no limits, so a result reaches beyond 0 and 1 wherever the style's contrast is the larger one.
A level of 8 bits near an end stands for more the further it is out; a level of 16 bits for next to nothing.
"""

from __future__ import annotations

import torch
from torch import Tensor

#: How far from black and from white the rolling off begins.
KNEE = 0.05
#: Below half a level of 8 bits nothing was painted: such a pixel is taken for that.
_LEAST = 0.5 / 255


def rolled_off(x: Tensor) -> Tensor:
    """Any values to 0..1, exclusive; those from :data:`KNEE` to 1 - KNEE stay, and there is no bend."""
    return torch.where(x < 0.5, _end(x), 1.0 - _end(1.0 - x))


def restored(y: Tensor) -> Tensor:
    """The inverse of :func:`rolled_off`."""
    return torch.where(y < 0.5, _end_restored(y), 1.0 - _end_restored(1.0 - y))


def _end(x: Tensor) -> Tensor:
    below = (2 * KNEE - x.clamp_max(KNEE)).reciprocal() * KNEE**2
    return torch.where(x < KNEE, below, x)


def _end_restored(y: Tensor) -> Tensor:
    below = 2 * KNEE - KNEE**2 / y.clamp_min(_LEAST)
    return torch.where(y < KNEE, below, y)
