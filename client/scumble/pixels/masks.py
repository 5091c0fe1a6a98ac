"""Masks, one byte of coverage a pixel, without NumPy: an editor's Python may have none."""

from __future__ import annotations

from typing import Sequence

_PIECE = 1 << 16
"""Bytes that are one whole number: longer ones do not stay in a processor's cache."""


def uncovered(masks: Sequence[bytes]) -> bytes:
    """What masks leave of each pixel: 255 less their sum, 0 at least. All are of one length."""
    covered, *others = masks
    for mask in others:
        covered = _added(covered, mask)
    return covered.translate(bytes(range(255, -1, -1)))


def _added(one: bytes, other: bytes) -> bytes:
    """The sum of two masks, 255 at most."""
    pieces = []
    for start in range(0, len(one), _PIECE):
        a, b = one[start : start + _PIECE], other[start : start + _PIECE]
        lanes = int.from_bytes(b"\xff\x00" * ((len(a) + 1) // 2), "little")
        x, y = int.from_bytes(a, "little"), int.from_bytes(b, "little")
        total = 0
        for shift in (0, 8):  # every other byte, so that each sum has room for its carry
            added = (x >> shift & lanes) + (y >> shift & lanes)
            carries = added >> 8 & lanes
            total |= (added & lanes | carries * 255) << shift
        pieces.append(total.to_bytes(len(a) + 1, "little")[: len(a)])
    return b"".join(pieces)
