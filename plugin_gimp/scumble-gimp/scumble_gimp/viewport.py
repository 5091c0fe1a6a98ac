"""Which part of a layer the preview shows. Nothing of GIMP or GTK."""

from __future__ import annotations

from typing import Optional, Tuple

from scumble import Bounds, Extent

ASPECT = 0.7
"""Height of the preview by its width."""
PAINTED = 640
"""Longest side of the copy of the whole layer that is painted for a preview: the coarsest level of a job."""


class Viewport:
    """All of an area, or at actual size a part of it that can be moved about.

    `longest` is the preview's width in pixels.
    """

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._centre: Optional[Tuple[float, float]] = None

    def fitted(self, area: Bounds) -> "Tuple[Bounds, int]":
        """All of `area`, and how long its longest side is on the screen."""
        if area.height <= ASPECT * area.width:
            return area, self._longest
        return area, max(1, round(ASPECT * self._longest * max(1.0, area.width / area.height)))

    def actual(self, area: Bounds) -> Bounds:
        """The part of `area` that has room at actual size, in the middle until `move` was called."""
        width = min(self._longest, area.width)
        height = min(int(self._longest * ASPECT), area.height)
        x, y = self._centre or (area.x + area.width / 2, area.y + area.height / 2)
        left = _within(x - width / 2, area.x, area.right - width)
        top = _within(y - height / 2, area.y, area.bottom - height)
        self._centre = (left + width / 2, top + height / 2)
        return Bounds(left, top, width, height)

    def move(self, right: float, down: float) -> None:
        """Show what lies so many pixels to the right and below, as far as the area goes."""
        if self._centre is not None:
            self._centre = (self._centre[0] + right, self._centre[1] + down)


def within(area: Bounds, whole: Bounds, extent: Extent) -> Optional[Bounds]:
    """The part of a small copy of `whole` that shows `area`; None for all of it."""
    if area == whole:
        return None
    across, down = extent.width / whole.width, extent.height / whole.height
    left = min(extent.width - 1, int((area.x - whole.x) * across))
    top = min(extent.height - 1, int((area.y - whole.y) * down))
    right = min(extent.width, max(left + 1, round((area.right - whole.x) * across)))
    bottom = min(extent.height, max(top + 1, round((area.bottom - whole.y) * down)))
    return Bounds(left, top, right - left, bottom - top)


def _within(value: float, low: int, high: int) -> int:
    return int(min(max(value, low), high))
