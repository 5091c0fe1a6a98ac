"""Pixels of any depth as a plain picture of 8 bits, to be looked at; and without their transparency."""

from __future__ import annotations

import numpy as np
from PIL import Image

from scumble import PixelFormat, Pixels, to_array


def as_rgb(pixels: Pixels, background: str = "white") -> Image.Image:
    """The pixels as an RGB picture of 8 bits, with what is transparent on a colour."""
    array = to_array(pixels)
    if array.dtype == np.uint16:
        array = (array >> 8).astype(np.uint8)
    elif array.dtype != np.uint8:
        array = (np.clip(np.nan_to_num(array.astype(np.float32)), 0, 1) * 255).astype(np.uint8)
    image = Image.fromarray(array)
    if image.mode == "RGBA":
        flat = Image.new("RGB", image.size, background)
        flat.paste(image, mask=image.getchannel("A"))
        return flat
    return image.convert("RGB")


def is_opaque(pixels: Pixels) -> bool:
    """Whether nothing of it is transparent."""
    array = to_array(pixels)
    if array.ndim < 3 or array.shape[2] not in (2, 4):
        return True
    full = np.iinfo(array.dtype).max if array.dtype.kind == "u" else 1
    return bool((array[..., -1] >= full).all())


def flat(pixels: Pixels) -> Pixels:
    """RGBA pixels of whole numbers laid on white, at their own depth."""
    array = to_array(pixels)
    full = int(np.iinfo(array.dtype).max)
    alpha = array[..., 3:].astype(np.uint64)
    laid = (array[..., :3] * alpha + full * (full - alpha) + full // 2) // full
    pixel_format = PixelFormat(pixels.format.dtype, "RGB")
    return Pixels(pixels.extent, pixel_format, laid.astype(array.dtype).tobytes(), pixels.profile)
