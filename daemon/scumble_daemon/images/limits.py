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
        raise ScumbleError("image-empty", f"{name} has no pixels.")
    if width * height > most:
        megapixels = width * height / 1e6
        raise ScumbleError(
            "image-too-large",
            f"{name} is {width}x{height}, {megapixels:,.0f} megapixels, "
            f"and Scumble takes up to {most / 1e6:,.0f}{' for a style' if most < MAX_PIXELS else ''}.",
            hint="Scale it down or cut it into parts.",
        )
