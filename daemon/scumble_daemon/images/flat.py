"""Pixels of any depth as a plain picture of 8 bits, to be looked at."""

from __future__ import annotations

import numpy as np
from PIL import Image

from scumble import Pixels, to_array


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
