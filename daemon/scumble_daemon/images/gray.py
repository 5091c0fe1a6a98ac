"""Gray pixels with a profile, as sRGB: a style brings colours, of which a gray one says nothing."""

from __future__ import annotations

import struct

import numpy as np

from .transfer import srgb_of


def is_gray_profile(profile: bytes | None) -> bool:
    """Whether it is an ICC profile for gray."""
    return bool(profile) and profile is not None and profile[16:20] == b"GRAY"


def gray_to_srgb(gray: np.ndarray, profile: bytes) -> np.ndarray | None:
    """The gray samples (uint8, uint16 or floating point) as those of sRGB, at the same depth.

    None where the profile has no curve that can be read.
    """
    curve = _curve(profile)
    if curve is None:
        return None
    if gray.dtype.kind == "f":
        return srgb_of(_apply(curve, profile, np.clip(gray.astype(np.float64), 0, 1))).astype(gray.dtype)
    top = np.iinfo(gray.dtype).max
    table = srgb_of(_apply(curve, profile, np.arange(top + 1) / top))
    return np.rint(table * top).astype(gray.dtype)[gray]


def _curve(profile: bytes) -> tuple[str, np.ndarray] | None:
    """The tag kTRC: ("gamma", parameters of ICC's parametric curves, type first) or ("table", 0..1)."""
    try:
        for index in range(min(100, struct.unpack_from(">I", profile, 128)[0])):
            name, offset, _ = struct.unpack_from(">4sII", profile, 132 + 12 * index)
            if name != b"kTRC":
                continue
            kind = profile[offset : offset + 4]
            if kind == b"para":
                number = struct.unpack_from(">H", profile, offset + 8)[0]
                values = struct.unpack_from(f">{(1, 3, 4, 5, 7)[number]}i", profile, offset + 12)
                return "gamma", np.array([number, *(value / 65536 for value in values)])
            count = struct.unpack_from(">I", profile, offset + 8)[0]
            values = struct.unpack_from(f">{min(count, 65536)}H", profile, offset + 12)
            if count < 2:
                return "gamma", np.array([0, values[0] / 256 if values else 1.0])
            return "table", np.array(values) / 65535
    except (struct.error, IndexError):
        return None
    return None


def _apply(curve: tuple[str, np.ndarray], profile: bytes, x: np.ndarray) -> np.ndarray:
    """Luminance 0..1 of gray 0..1."""
    kind, values = curve
    if kind == "table":
        y = np.interp(x, np.linspace(0, 1, len(values)), values)
    else:
        number, g, *rest = values
        a, b, c, d, e, f = [*rest, *([0.0] * (6 - len(rest)))]
        if number == 0:
            y = x**g
        else:
            power = np.maximum(a * x + b, 0) ** g
            edge = -b / a if number < 3 else d
            offset = {1: 0.0, 2: c, 3: 0.0, 4: e}[int(number)]
            below = {1: 0.0 * x, 2: 0.0 * x + c, 3: c * x, 4: c * x + f}[int(number)]
            y = np.where(x >= edge, power + offset, below)
    if profile[20:24] == b"Lab ":  # the curve leads to lightness
        lightness = y * 100
        y = np.where(lightness > 8, ((lightness + 16) / 116) ** 3, lightness * 27 / 24389)
    return np.clip(y, 0, 1)
