"""Scumble client: wire protocol and client, standard library only."""

from __future__ import annotations

from .client import Client
from .conversion import as_pixels, to_array
from .errors import ScumbleError
from .job import Job, Progress
from .learn_request import LearnRequest
from .learning import LearnedStyle, Learning, LearningProgress
from .pixels.geometry import Bounds, Extent, Point
from .pixels.pixels import CHANNELS, DTYPES, PixelFormat, Pixels
from .request import StyleSource, StyleWeight, StylizeRequest

__all__ = [
    "CHANNELS",
    "DTYPES",
    "Bounds",
    "Client",
    "Extent",
    "Job",
    "LearnRequest",
    "LearnedStyle",
    "Learning",
    "LearningProgress",
    "PixelFormat",
    "Pixels",
    "Point",
    "Progress",
    "ScumbleError",
    "StyleSource",
    "StyleWeight",
    "StylizeRequest",
    "as_pixels",
    "to_array",
]
