"""EXIF, orientation and colour profiles: what belongs to a picture besides its pixels."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import ExifTags, Image, TiffImagePlugin

_ORIENTATION = int(ExifTags.Base.Orientation)
_EXIF_IFD = int(ExifTags.IFD.Exif)
_GPS_IFD = int(ExifTags.IFD.GPSInfo)
_HISTORY = int(ExifTags.Base.ImageHistory)
_PIXEL_WIDTH = int(ExifTags.Base.ExifImageWidth)
_PIXEL_HEIGHT = int(ExifTags.Base.ExifImageHeight)

#: Before what takes the style off again, among what a picture says of its history.
REVERSAL = "scumble-reversal:"

# A TIFF keeps the layout of its pixels in the same directory as its description. Only the
# description may travel: strip offsets or an editor's private layers mean nothing elsewhere.
DESCRIPTIVE_TAGS = frozenset(
    {
        int(ExifTags.Base.ImageDescription),
        int(ExifTags.Base.Make),
        int(ExifTags.Base.Model),
        int(ExifTags.Base.Software),
        int(ExifTags.Base.DateTime),
        int(ExifTags.Base.Artist),
        int(ExifTags.Base.HostComputer),
        int(ExifTags.Base.Copyright),
    }
)
_SPOKEN_TAGS = DESCRIPTIVE_TAGS | {int(ExifTags.Base.XMLPacket), int(ExifTags.Base.IPTCNAA)}
_TRAVELLING_TAGS = DESCRIPTIVE_TAGS | {_ORIENTATION, _EXIF_IFD, _GPS_IFD}


def orientation_of(exif: Image.Exif) -> int:
    """The EXIF orientation, 1..8; anything else in the tag counts as 1 (upright)."""
    value = exif.get(_ORIENTATION, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def upright(array: np.ndarray, orientation: int) -> np.ndarray:
    """Turn an HxWxC array so that it is seen as the camera held it (EXIF `orientation` 1..8)."""
    if orientation in (5, 6, 7, 8):
        array = array.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    return array


def travelling_exif(exif: Image.Exif) -> bytes | None:
    """EXIF bytes for the picture after :func:`upright`; None when there is nothing to carry.

    The embedded thumbnail is left behind: it shows the picture before the style.
    """
    try:
        for tag in [tag for tag in exif if tag not in _TRAVELLING_TAGS]:
            del exif[tag]
        if _ORIENTATION in exif:
            exif[_ORIENTATION] = 1
        exif.bigtiff = False  # what is written is a block of its own, and a small one
        return exif.tobytes() if len(exif) else None
    except Exception:  # EXIF comes from any camera and any tool: damage there costs the EXIF only
        return None


def exif_of_size(data: bytes, width: int, height: int) -> bytes:
    """The EXIF `data` with its pixel dimensions, where it states them, set to the new size."""
    exif = parse_exif(data)
    directory = exif.get_ifd(_EXIF_IFD)
    if _PIXEL_WIDTH in directory:
        directory[_PIXEL_WIDTH] = width
    if _PIXEL_HEIGHT in directory:
        directory[_PIXEL_HEIGHT] = height
    return exif.tobytes()


def take_reversal(exif: Image.Exif) -> bytes | None:
    """What takes the style off the picture. It leaves the EXIF, for who paints anew has another."""
    try:
        directory = exif.get_ifd(_EXIF_IFD)
        before, mark, data = str(directory.get(_HISTORY, "")).partition(REVERSAL)
        if not mark:
            return None
        directory[_HISTORY] = before.rstrip("\n")
        if not directory[_HISTORY]:
            del directory[_HISTORY]
        return base64.b64decode(data.strip("\0 \n"), validate=True) or None
    except Exception:  # as in `travelling_exif`
        return None


def with_reversal(data: bytes | None, reversal: bytes) -> bytes:
    """EXIF bytes that also say what takes the style off the picture."""
    exif = parse_exif(data) if data else Image.Exif()
    directory = exif.get_ifd(_EXIF_IFD)
    before = str(directory.get(_HISTORY, ""))
    said = REVERSAL + base64.b64encode(reversal).decode()
    directory[_HISTORY] = f"{before}\n{said}" if before else said
    return exif.tobytes()


def parse_exif(data: bytes) -> Image.Exif:
    exif = Image.Exif()
    exif.load(data)
    return exif


def exif_directory(exif: Image.Exif, offset: int, tag: int = _EXIF_IFD) -> bytes:
    """The Exif or GPS sub-directory as it stands in a little-endian TIFF at `offset`; b"" when none."""
    values: dict[int, Any] = dict(exif.get_ifd(tag))
    if not values:
        return b""
    directory = TiffImagePlugin.ImageFileDirectory_v2(prefix=b"II")
    for tag, value in values.items():
        if not isinstance(value, dict):  # a directory in the directory (interoperability)
            directory[tag] = value
    return directory.tobytes(offset)


def rgb_profile(profile: bytes | None) -> bytes | None:
    """The profile when it describes RGB pixels: a gray or CMYK one does not fit them any more."""
    return profile if profile and profile[16:20] == b"RGB " else None


def read_exif_directory(data: bytes) -> Image.Exif:
    """The EXIF of TIFF bytes that Pillow does not open as a picture (floating-point RGB); damage costs it."""
    exif = Image.Exif()
    try:
        exif.load_from_fp(_WholeHead(data))
    except Exception:  # as in `travelling_exif`
        return Image.Exif()
    return exif


def exif_of_tags(tags: Mapping[int, Any]) -> Image.Exif:
    """The EXIF of a TIFF whose tags another library has read: texts, XMP and IPTC of the picture itself."""
    exif = Image.Exif()
    for code in _SPOKEN_TAGS & tags.keys():
        value = tags[code]
        exif[code] = value.tobytes() if isinstance(value, np.ndarray) else value
    return exif


class _WholeHead(io.BytesIO):
    """Pillow asks for the 8 bytes that the head of a TIFF has; that of a BigTIFF has 16."""

    def read(self, size: int | None = -1) -> bytes:
        big = self.tell() == 0 and size == 8 and self.getbuffer()[2:4] in (b"+\0", b"\0+")
        return super().read(16 if big else size)
