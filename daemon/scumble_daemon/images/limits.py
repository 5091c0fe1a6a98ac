"""What an image file may ask of this machine before it is decoded."""

from __future__ import annotations

from scumble.errors import ScumbleError

MAX_FILE_BYTES = 4 << 30
MAX_PIXELS = 1 << 28  # 16384x16384


def check_size(name: str, width: int, height: int) -> None:
    """Refuse pictures without pixels and pictures that would fill the memory.

    Raises ScumbleError `image-empty` or `image-too-large`.
    """
    if width < 1 or height < 1:
        raise ScumbleError("image-empty", f"{name} has no pixels.")
    if width * height > MAX_PIXELS:
        megapixels = width * height / 1e6
        raise ScumbleError(
            "image-too-large",
            f"{name} is {width}x{height}, {megapixels:,.0f} megapixels, "
            f"and Scumble takes up to {MAX_PIXELS / 1e6:,.0f}.",
            hint="Scale it down or cut it into parts.",
        )
