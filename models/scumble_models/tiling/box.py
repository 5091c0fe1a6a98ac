"""A rectangle of grid positions, half open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class Box(NamedTuple):
    """Positions ``left <= x < right`` and ``top <= y < bottom`` of an image or a feature map."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Number of columns."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.bottom - self.top

    @property
    def area(self) -> int:
        """Number of positions; 0 when empty."""
        return max(0, self.width) * max(0, self.height)

    def intersect(self, other: Box) -> Box:
        """The positions that both have; empty (area 0) when there are none."""
        return Box(
            max(self.left, other.left),
            max(self.top, other.top),
            min(self.right, other.right),
            min(self.bottom, other.bottom),
        )

    def relative_to(self, origin: Box) -> Box:
        """The same positions, counted from the top left of ``origin``."""
        return Box(
            self.left - origin.left,
            self.top - origin.top,
            self.right - origin.left,
            self.bottom - origin.top,
        )

    def slices(self) -> tuple[slice, slice]:
        """Row and column slices for an array whose last two axes are rows and columns."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def tiles(self, side: int) -> Iterator[Box]:
        """Cut into squares of at most ``side``, row by row; together they cover it exactly."""
        for top in range(self.top, self.bottom, side):
            for left in range(self.left, self.right, side):
                tile = Box(left, top, left + side, top + side)
                yield tile.intersect(self)

    def count_tiles(self, side: int) -> int:
        """How many boxes :meth:`tiles` yields."""
        return -(-self.width // side) * -(-self.height // side)
