"""Whether a picture that an encoder wrote by itself, past our file object, lies there whole."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from scumble.errors import ScumbleError
from scumble.pixels.geometry import Extent

_ENDS = {"JPEG": b"\xff\xd9", "PNG": b"\0\0\0\0IEND\xaeB`\x82"}


def check_whole(path: Path, file: BinaryIO, kind: str, extent: Extent) -> None:
    """Look at both ends of a picture of the format `kind` and that size, of which `path` is the name.

    Raises ScumbleError `cannot-write`.
    """
    end = _ENDS.get(kind, b"")
    try:
        file.seek(-len(end), os.SEEK_END)
        whole = file.read() == end and _size_of(file, kind) == tuple(extent)
    except Exception:  # whatever a decoder says to half a picture
        whole = False
    if not whole:
        raise ScumbleError(
            "cannot-write", "{file} was not written whole.", hint="See whether the disk is full.", file=path
        )


def _size_of(file: BinaryIO, kind: str) -> tuple[int, int]:
    file.seek(0)
    if kind == "TIFF":
        import tifffile

        with tifffile.TiffFile(file) as tiff:
            page = tiff.pages.first
            last = max(a + n for a, n in zip(page.dataoffsets, page.databytecounts, strict=True))
            if last > file.seek(0, os.SEEK_END):
                raise ValueError("its last part is missing")
            return page.imagewidth, page.imagelength
    with warnings.catch_warnings(), Image.open(file, formats=[kind.upper()]) as image:
        warnings.simplefilter("ignore")  # of its size
        return image.size
