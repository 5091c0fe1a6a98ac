"""sRGB's transfer function (IEC 61966-2-1)."""

from __future__ import annotations

import numpy as np


def srgb_of(linear: np.ndarray) -> np.ndarray:
    """Linear light as sRGB values; the function goes on above 1 and, mirrored, below 0."""
    size = np.abs(linear)
    values = np.where(size <= 0.0031308, 12.92 * size, 1.055 * np.power(size, 1 / 2.4) - 0.055)
    return np.copysign(values, linear)
