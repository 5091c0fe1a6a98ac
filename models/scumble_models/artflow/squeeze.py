"""Squeezing: half the resolution, four times the channels, nothing lost.

The paper deals the four pixels of a block out as they are: four pictures that are shifted against each other,
and a grid wherever style moves them differently. A wavelet makes one small picture and three of what it
lacks, which are 0 where the picture is flat, and with this wavelet where it is an even slope too.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor


def squeeze(x: Tensor) -> Tensor:
    """``(N, C, 2 H, 2 W)`` to ``(N, 4 C, H, W)``: the small picture's channels first, then the details.

    The wavelet of LeGall and Tabatabai (1988), 5/3, by lifting (Sweldens, 1996), along rows and columns.
    """
    small, columns = _lifted(x, 3)
    (low, rows), (sides, corners) = _lifted(small, 2), _lifted(columns, 2)
    return torch.cat([low, rows, sides, corners], 1)


def unsqueeze(x: Tensor) -> Tensor:
    """The inverse of :func:`squeeze`."""
    low, rows, sides, corners = x.chunk(4, 1)
    return _dropped(_dropped(low, rows, 2), _dropped(sides, corners, 2), 3)


def dealt(x: Tensor) -> Tensor:
    """``(N, C, 2 H, 2 W)`` to ``(N, 4 C, H, W)`` as published, pixel by pixel."""
    return F.pixel_unshuffle(x, 2)


def gathered(x: Tensor) -> Tensor:
    """The inverse of :func:`dealt`."""
    return F.pixel_shuffle(x, 2)


#: A way to squeeze and its inverse.
Squeezing = tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]
WAVELET: Squeezing = (squeeze, unsqueeze)
CHECKERBOARD: Squeezing = (dealt, gathered)


def _lifted(x: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """Every second line smoothed, and how far those between are from the mean of their neighbours."""
    even, odd = x.unflatten(axis, (-1, 2)).unbind(axis + 1)
    detail = odd - (even + _shifted(even, axis, 1)) / 2
    return even + (detail + _shifted(detail, axis, -1)) / 4, detail


def _dropped(smooth: Tensor, detail: Tensor, axis: int) -> Tensor:
    """The inverse of :func:`_lifted`."""
    even = smooth - (detail + _shifted(detail, axis, -1)) / 4
    odd = detail + (even + _shifted(even, axis, 1)) / 2
    return torch.stack([even, odd], axis + 1).flatten(axis, axis + 1)


def _shifted(x: Tensor, axis: int, by: int) -> Tensor:
    """What lies one line further (1) or before (-1); the border's own line is repeated."""
    length = x.shape[axis]
    first, count = (1, length - 1) if by > 0 else (0, length - 1)
    inner = x.narrow(axis, first, count)
    border = x.narrow(axis, length - 1 if by > 0 else 0, 1)
    return torch.cat([inner, border] if by > 0 else [border, inner], axis)
