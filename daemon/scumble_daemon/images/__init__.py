"""Image files to :class:`scumble.Pixels` and back, at the depth they were made in."""

from .reader import LoadedImage, decode_image, read_image, read_mask
from .writer import write_image

__all__ = [
    "LoadedImage",
    "decode_image",
    "read_image",
    "read_mask",
    "write_image",
]
