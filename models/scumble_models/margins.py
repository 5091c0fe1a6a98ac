"""Pictures made as large as a network takes them: tiny ones, and those whose sides are no multiples."""

from __future__ import annotations

from typing import Protocol

import torch.nn.functional as F
from torch import Tensor

from scumble_models.tiling.box import Box

#: Below this side reflection padding has nothing to reflect; such contents are padded by repetition.
SMALLEST_SIDE = 16


class Content(Protocol):
    """What a network is run over: read by boxes, and whole as a thumbnail."""

    @property
    def box(self) -> Box:
        """All of it."""
        ...

    def read(self, box: Box) -> Tensor:
        """``(1, 3, h, w)`` float32 in 0..1 on the network's device."""
        ...

    def thumbnail(self, short_side: int) -> Tensor:
        """All of it scaled down to a short side (never up), ``(1, 3, h, w)``."""
        ...


def padded(image: Tensor, multiple: int = 1) -> Tensor:
    """``(1, 3, H, W)`` with its last row and column repeated up to a side that a network takes."""
    right, bottom = (
        _rounded_up(max(SMALLEST_SIDE, image.shape[axis]), multiple) - image.shape[axis] for axis in (3, 2)
    )
    return F.pad(image, (0, right, 0, bottom), mode="replicate") if right or bottom else image


def padded_box(box: Box, multiple: int) -> Box:
    """The whole box of a content whose last row and column are repeated up to a multiple."""
    return Box(box.left, box.top, _rounded_up(box.right, multiple), _rounded_up(box.bottom, multiple))


def padded_content(content: Content, multiple: int) -> Content:
    """A content whose sides are multiples; itself where they are."""
    whole = padded_box(content.box, multiple)
    return content if whole == content.box else _PaddedContent(content, whole)


class _PaddedContent:
    """A content beyond whose right and bottom border its last column and row are repeated."""

    def __init__(self, content: Content, whole: Box) -> None:
        self._content, self.box = content, whole

    def read(self, box: Box) -> Tensor:
        """As :meth:`Content.read`."""
        inner = within(box, self._content.box)
        right, bottom = box.right - inner.right, box.bottom - inner.bottom
        image = F.pad(self._content.read(inner), (0, right, 0, bottom), mode="replicate")
        return image[:, :, -box.height :, -box.width :]

    def thumbnail(self, short_side: int) -> Tensor:
        """As :meth:`Content.thumbnail`."""
        return self._content.thumbnail(short_side)


def within(box: Box, whole: Box) -> Box:
    """The part of a box that lies in the whole; at least the last row and column, which are repeated."""
    return Box(
        min(box.left, whole.right - 1),
        min(box.top, whole.bottom - 1),
        min(box.right, whole.right),
        min(box.bottom, whole.bottom),
    )


def beyond(wide: Box, inside: Box) -> tuple[int, int, int, int]:
    """By how much a box exceeds a part of it, left, right, top and bottom, as ``F.pad`` takes it."""
    return (
        inside.left - wide.left,
        wide.right - inside.right,
        inside.top - wide.top,
        wide.bottom - inside.bottom,
    )


def _rounded_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple
