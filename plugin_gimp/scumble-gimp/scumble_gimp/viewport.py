"""Which part of a layer the preview shows. Nothing of GIMP or GTK."""

from __future__ import annotations

from typing import Optional, Tuple

from scumble import Bounds, Extent

ROOM = Extent(400, 280)
"""What the preview has before the dialog is on the screen."""


class Viewport:
    """All of an area, or a part of it at some zoom that can be moved about. `room` is in screen pixels."""

    def __init__(self, room: Extent = ROOM) -> None:
        self.room = room
        self._centre: Optional[Tuple[float, float]] = None

    def fitted(self, area: Bounds) -> "Tuple[Bounds, int]":
        """All of `area`, and how long its longest side is on the screen."""
        factor = min(self.room.width / area.width, self.room.height / area.height)
        return area, max(1, int(factor * max(area.width, area.height) + 1e-6))

    def zoomed(self, area: Bounds, zoom: float) -> Bounds:
        """The part of `area` that has room at that zoom, in the middle until `move` was called."""
        width = min(max(1, int(self.room.width / zoom)), area.width)
        height = min(max(1, int(self.room.height / zoom)), area.height)
        x, y = self._centre or (area.x + area.width / 2, area.y + area.height / 2)
        left = _within(x - width / 2, area.x, area.right - width)
        top = _within(y - height / 2, area.y, area.bottom - height)
        self._centre = (left + width / 2, top + height / 2)
        return Bounds(left, top, width, height)

    def move(self, right: float, down: float) -> None:
        """Show what lies so many pixels of the layer to the right and below, as far as the area goes."""
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
