"""Integer pixel geometry: the y axis points down, bounds are half open."""

from __future__ import annotations

from typing import Iterator, NamedTuple


class Extent(NamedTuple):
    """A width and a height in pixels."""

    width: int
    height: int

    @property
    def area(self) -> int:
        """Number of pixels; 0 for an empty extent."""
        return 0 if self.is_empty else self.width * self.height

    @property
    def is_empty(self) -> bool:
        """Whether there is no pixel in it."""
        return self.width <= 0 or self.height <= 0

    @property
    def shorter_side(self) -> int:
        """The smaller of width and height."""
        return min(self.width, self.height)

    def __str__(self) -> str:
        return "{}x{}".format(self.width, self.height)


class Point(NamedTuple):
    """A pixel position, or an offset between two."""

    x: int
    y: int


class Bounds(NamedTuple):
    """The pixels with ``x <= column < x + width`` and ``y <= row < y + height``."""

    x: int
    y: int
    width: int
    height: int

    @classmethod
    def of(cls, extent: Extent) -> Bounds:
        """The whole of an extent, starting at the origin."""
        return cls(0, 0, extent.width, extent.height)

    @property
    def extent(self) -> Extent:
        """Width and height without the position."""
        return Extent(self.width, self.height)

    @property
    def origin(self) -> Point:
        """The top left pixel."""
        return Point(self.x, self.y)

    @property
    def right(self) -> int:
        """The first column past the bounds."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """The first row past the bounds."""
        return self.y + self.height

    @property
    def area(self) -> int:
        """Number of pixels; 0 for empty bounds."""
        return self.extent.area

    @property
    def is_empty(self) -> bool:
        """Whether there is no pixel in it."""
        return self.extent.is_empty

    def contains(self, other: Bounds) -> bool:
        """Whether every pixel of `other` is in here; empty bounds are in everything."""
        if other.is_empty:
            return True
        return (
            self.x <= other.x
            and self.y <= other.y
            and other.right <= self.right
            and other.bottom <= self.bottom
        )

    def intersect(self, other: Bounds) -> Bounds:
        """The pixels in both; width and height are 0, never negative, where they do not meet."""
        x, y = max(self.x, other.x), max(self.y, other.y)
        width = max(0, min(self.right, other.right) - x)
        height = max(0, min(self.bottom, other.bottom) - y)
        return Bounds(x, y, width, height)

    def pad(self, pixels: int) -> Bounds:
        """Grown by `pixels` on every side; a negative number shrinks, down to an empty middle."""
        width, height = self.width + 2 * pixels, self.height + 2 * pixels
        x = self.x - pixels if width >= 0 else self.x + self.width // 2
        y = self.y - pixels if height >= 0 else self.y + self.height // 2
        return Bounds(x, y, max(0, width), max(0, height))

    def clamp(self, extent: Extent) -> Bounds:
        """The part that lies within ``0, 0, extent.width, extent.height``."""
        return self.intersect(Bounds.of(extent))

    def translate(self, by: Point) -> Bounds:
        """Moved by an offset, same size."""
        return Bounds(self.x + by.x, self.y + by.y, self.width, self.height)

    def strips(self, rows: int) -> Iterator[Bounds]:
        """Cut into full-width strips of at most `rows` rows, from top to bottom.

        Raises ValueError unless `rows` is at least 1.
        """
        if rows < 1:
            raise ValueError("a strip has at least one row")
        if not self.is_empty:
            for y in range(self.y, self.bottom, rows):
                yield Bounds(self.x, y, self.width, min(rows, self.bottom - y))
