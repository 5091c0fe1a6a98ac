"""What an image file may ask of this machine before it is decoded."""

from __future__ import annotations

from scumble.errors import ScumbleError

MAX_FILE_BYTES = 4 << 30
MAX_PIXELS = 1 << 28  # 16384x16384
MAX_STYLE_PIXELS = 1 << 26
"""Of a style, which comes from anywhere and is scaled down at once: 32 bytes can be a picture of 1 GB."""


def check_size(name: str, width: int, height: int, most: int = MAX_PIXELS) -> None:
    """Refuse pictures without pixels and pictures that would fill the memory.

    Raises ScumbleError `image-empty` or `image-too-large`.
    """
    if width < 1 or height < 1:
        raise ScumbleError("image-empty", "{file} has no pixels.", file=name)
    if width * height > most:
        raise ScumbleError(
            "image-too-large",
            "{file} is {width}x{height}, {megapixels} megapixels, and Scumble takes up to {most} for a style."
            if most < MAX_PIXELS
            else "{file} is {width}x{height}, {megapixels} megapixels, and Scumble takes up to {most}.",
            hint="Scale it down or cut it into parts.",
            file=name,
            width=width,
            height=height,
            megapixels=format(width * height / 1e6, ",.0f"),
            most=format(most / 1e6, ",.0f"),
        )
