"""Floating-point pictures brighter than white: their range is compressed for the style, and restored after.

A network knows 0 to 1. Up to `KNEE` values stay; above it they follow a logarithm that brings the brightest
to 1. The result goes the way back, and what the style has not touched is the picture's own value, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scumble import Pixels, to_array
from scumble.pixels.geometry import Bounds

KNEE = 0.8


@dataclass(frozen=True)
class Bright:
    """A picture whose brightest value is `top`, above 1; `compressed` is what is to be stylized."""

    original: Pixels
    compressed: Pixels
    top: float

    def restored(self, result: Pixels, region: Bounds | None = None) -> Pixels:
        """The result with the picture's range, of the whole or of a region of it."""
        before, given = to_array(self.original), to_array(self.compressed)
        if region is not None:
            part = np.s_[region.y : region.y + region.height, region.x : region.x + region.width]
            before, given = before[part], given[part]
        values = to_array(result)
        colour = values[..., :3].astype(np.float64)
        wide = _restore(np.minimum(colour, 1.0), self.top)
        colours = np.where(values[..., :3] == given[..., :3], before[..., :3], wide)
        whole = np.concatenate([colours.astype(values.dtype), values[..., 3:]], axis=2)
        return Pixels(result.extent, result.format, whole.tobytes(), result.profile)


def bright(pixels: Pixels) -> Bright | None:
    """The picture, compressed; None where nothing of it is brighter than white."""
    if pixels.format.dtype not in ("f16", "f32"):
        return None
    array = to_array(pixels)
    colour = array[..., :3].astype(np.float64)
    finite = colour[np.isfinite(colour)]
    top = float(finite.max()) if finite.size else 0.0
    if top <= 1.0:
        return None
    squeezed = np.where(colour > KNEE, _compress(np.clip(colour, KNEE, top), top), colour)
    whole = np.concatenate([squeezed.astype(array.dtype), array[..., 3:]], axis=2)
    return Bright(pixels, Pixels(pixels.extent, pixels.format, whole.tobytes(), pixels.profile), top)


def _compress(values: np.ndarray, top: float) -> np.ndarray:
    room = 1 - KNEE
    return KNEE + room * np.log1p((values - KNEE) / room) / np.log1p((top - KNEE) / room)


def _restore(values: np.ndarray, top: float) -> np.ndarray:
    room = 1 - KNEE
    above = KNEE + room * np.expm1((values - KNEE) / room * np.log1p((top - KNEE) / room))
    return np.where(values > KNEE, above, values)
