"""Scumble client: wire protocol and client, standard library only."""

from __future__ import annotations

from .errors import ScumbleError
from .geometry import Bounds, Extent, Point
from .pixels import CHANNELS, DTYPES, PixelFormat, Pixels
from .request import StyleSource, StyleWeight, StylizeRequest

__all__ = [
    "CHANNELS",
    "DTYPES",
    "Bounds",
    "Extent",
    "PixelFormat",
    "Pixels",
    "Point",
    "ScumbleError",
    "StyleSource",
    "StyleWeight",
    "StylizeRequest",
]
