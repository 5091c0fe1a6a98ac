"""Strips and tiles of a TIFF that would unfold to far more than the picture has room for.

tifffile unfolds a strip as far as it goes: one of a megabyte can be a gigabyte of zeros.
"""

from __future__ import annotations

import lzma
import math
import zlib
from typing import Any

from scumble.errors import ScumbleError

_NONE, _PACKBITS, _LZMA = 1, 32773, 34925
_DEFLATE = (8, 32946, 50013)
CHECKED = (_NONE, _PACKBITS, _LZMA, *_DEFLATE)
"""Compressions that `check_parts` knows; libtiff, which stops at the size of a part, reads the others."""

_SLACK = 1 << 20  # bytes that some writers leave behind the last row
_LARGEST_TILE = 1 << 22  # pixels; a tile may be larger than a small picture


def check_parts(page: Any, data: bytes, name: str) -> None:
    """Unfold each part of the page (a tifffile.TiffPage of the file `data`) no further than it may go.

    Raises ScumbleError `image-truncated`, and what zlib and lzma raise for damaged data.
    """
    width, height = page.imagewidth, page.imagelength
    across, down = (
        (page.tilewidth, page.tilelength) if page.is_tiled else (width, min(page.rowsperstrip, height))
    )
    samples = page.samplesperpixel if page.planarconfig == 1 else 1
    allowed = 2 * across * down * samples * math.ceil(page.bitspersample / 8) + _SLACK
    fits = across * down <= max(width * height, _LARGEST_TILE)
    if not fits or not all(
        _unfolds_within(page.compression, data[start : start + length], allowed)
        for start, length in zip(page.dataoffsets, page.databytecounts, strict=False)
    ):
        raise ScumbleError(
            "image-truncated",
            "{file} is damaged: a part of it is larger than the picture.",
            hint="Open it in the program that made it and save it again.",
            file=name,
        )


def _unfolds_within(compression: int, part: bytes, allowed: int) -> bool:
    if compression in _DEFLATE:
        return len(zlib.decompressobj().decompress(part, allowed + 1)) <= allowed
    if compression == _LZMA:
        return len(lzma.LZMADecompressor().decompress(part, allowed + 1)) <= allowed
    if compression == _PACKBITS:
        return _unpacked(part, allowed) <= allowed
    return len(part) <= allowed


def _unpacked(part: bytes, most: int) -> int:
    """How many bytes PackBits data stands for, counted until there are more than `most`."""
    at = size = 0
    while at < len(part) and size <= most:
        count = part[at]
        if count < 128:
            size, at = size + count + 1, at + count + 2
        else:  # 128 stands for nothing
            size, at = size + (257 - count if count > 128 else 0), at + (2 if count > 128 else 1)
    return size
