"""A recipe's thumbnail: its styles' thumbnails side by side, each as wide as its share."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image, ImageOps

from .entries import StyleEntry
from .thumbnails import jpeg_of_image, read_thumbnail

_WIDTH, _HEIGHT = 160, 120


def strips_of(parts: Sequence[tuple[StyleEntry, float]]) -> bytes:
    """A JPEG of the thumbnails that are there; empty when none is."""
    pictures = [(read_thumbnail(entry), share) for entry, share in parts]
    pictures = [(data, share) for data, share in pictures if data and share > 0]
    total = sum(share for _, share in pictures)
    canvas, left = Image.new("RGB", (_WIDTH, _HEIGHT)), 0.0
    for data, share in pictures:
        width = _WIDTH * share / total
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
            tile = ImageOps.fit(image.convert("RGB"), (_WIDTH, _HEIGHT))
        start, end = round(left), round(left + width)
        canvas.paste(tile.crop((start, 0, end, _HEIGHT)), (start, 0))
        left += width
    return jpeg_of_image(canvas) if pictures else b""
