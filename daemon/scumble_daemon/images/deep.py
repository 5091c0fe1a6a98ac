"""Sixteen-bit and floating-point pixels, which Pillow would reduce to eight bits, and TIFFs it misreads.

Pillow decodes these files but keeps the high byte of every RGB sample. Asked for the other byte
order it keeps the low byte, so two passes of its C decoders give the whole sample: about
fourteen times faster than undoing PNG's filters in Python, and LZW comes with it.
Floating-point TIFF is read by tifffile.
"""

from __future__ import annotations

import io
import itertools
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageFile

from scumble.errors import ScumbleError

from .limits import check_size
from .tiff_parts import CHECKED, check_parts

_OTHER_BYTE = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}
_BIG_ENDIAN_BIG = b"MM\0+"
_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", _BIG_ENDIAN_BIG)
_FLOATS = {2: np.float16, 4: np.float32, 8: np.float32}
_MOST_LOOKED_AT = 32  # pages; a file may claim millions
_ALPHA_ASSOCIATED, _ALPHA_STRAIGHT = 1, 2


class DeepImage(NamedTuple):
    """HxWxC samples (C: 1 gray, 2 gray+alpha, 3 RGB, 4 RGBA; straight alpha).

    `orientation` is what is still to be done, as EXIF counts; `tags` are a TIFF's by number, where
    Pillow cannot read them.
    """

    array: np.ndarray
    profile: bytes | None = None
    pages: int = 1
    orientation: int = 1
    tags: Mapping[int, Any] | None = None


def is_deep_png(image: ImageFile.ImageFile) -> bool:
    """Whether an opened, not yet loaded PNG holds sixteen bits per sample."""
    return any(_raw_mode(tile).endswith("16B") for tile in image.tile)


def decode_png16(data: bytes) -> DeepImage:
    """Decode a PNG of sixteen bits per sample to uint16."""
    with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
        raw_mode = _raw_mode(image.tile[0])
        transparent = image.info.get("transparency")
    if raw_mode == "I;16B":
        gray = _decode_as(data, "PNG", None).astype(np.uint16)[..., None]
        return DeepImage(_with_key_colour(gray, transparent))
    if raw_mode == "LA;16B":
        # Four bytes per pixel, as RGBA at eight bits has, and therefore the same filters.
        raw = _decode_as(data, "PNG", "RGBA")
        return DeepImage(np.ascontiguousarray(raw).view(">u2").astype(np.uint16))
    rgb = _both_bytes(data, "PNG", raw_mode)
    return DeepImage(_with_key_colour(rgb, transparent))


def is_tiff(data: bytes) -> bool:
    return data[:4] in _TIFF_MAGIC


def decode_deep_tiff(data: bytes, name: str, most_pixels: int) -> DeepImage | None:
    """Decode a TIFF with more than eight bits per sample, or another that Pillow misreads; else None.

    Samples are uint8, uint16, float16 or float32 (float64 is reduced to float32).
    Raises ScumbleError `unsupported-format` for 32-bit integers and unknown compressions, and
    whatever tifffile raises for damaged files.
    """
    import tifffile  # 0.2 s to import, and only TIFF files need it

    with tifffile.TiffFile(io.BytesIO(data)) as tiff:
        page = _full_page(tiff, name)
        bits, floating = page.bitspersample, page.sampleformat == 3
        if page.sampleformat not in (1, 3, 4) or (floating and bits not in (16, 32, 64)):
            raise ScumbleError(
                "unsupported-format",
                "{file} has samples of a kind that Scumble does not read ({kind}).",
                hint="Export it with 8 or 16 bits per channel, or as 32-bit float RGB.",
                file=name,
                kind=_sample_kind(page),
            )
        behind = page.index > 0
        if behind and (page.compression not in CHECKED or bits < 8 or page.photometric not in (0, 1, 2)):
            raise _full_is_behind(name)
        misread = bits == 8 and _is_misread_by_pillow(data, page, name)
        if (bits <= 8 and not behind and not misread) or page.photometric not in (0, 1, 2):
            return None
        check_size(name, page.imagewidth, page.imagelength, most_pixels)
        if page.samplesperpixel > 8 or not (floating or bits in (8, 16)):
            kind = "floating-point" if floating else "integer"
            raise ScumbleError(
                "unsupported-format",
                "{file} has {channels} channels of {bits}-bit {kind} samples, which Scumble does not read.",
                hint="Export it with 8 or 16 bits per channel, or as 32-bit float RGB.",
                file=name,
                channels=page.samplesperpixel,
                bits=bits,
                kind=kind,
            )
        by_libtiff, array = page.compression not in CHECKED, None
        if not by_libtiff:
            check_parts(page, data, name)
            try:
                array = page.asarray()
            except ValueError as error:
                if "imagecodecs" not in str(error):
                    raise
                by_libtiff = True
        if array is None:
            array = _decode_with_libtiff(data, name, tifffile.COMPRESSION(page.compression).name, floating)
        if page.axes == "SYX" and not by_libtiff:
            array = np.moveaxis(array, 0, -1)
        array = array.reshape(*array.shape[:2], -1)
        if page.photometric == 0:
            array = (1 if floating else (1 << bits) - 1) - array
        colours = 3 if page.photometric == 2 else 1
        array = _straight_alpha(array, colours, tuple(page.extrasamples))
        profile = page.tags.get(34675)
        return DeepImage(
            array.astype(_FLOATS[bits // 8] if floating else f"u{bits // 8}", copy=False),
            bytes(profile.value) if profile else None,
            len(tiff.pages) - sum(_is_reduced(p) for p in itertools.islice(tiff.pages, _MOST_LOOKED_AT)),
            1 if by_libtiff else _orientation(page),  # Pillow turns a TIFF as it loads it
            {tag.code: tag.value for tag in page.tags} if data[:4] == _BIG_ENDIAN_BIG else None,
        )


def _is_misread_by_pillow(data: bytes, page: Any, name: str) -> bool:
    """Big-endian BigTIFFs are none to it, and of gray and alpha in planes of their own it finds one."""
    two_planes = page.planarconfig == 2 and page.samplesperpixel == 2
    if not two_planes and data[:4] != _BIG_ENDIAN_BIG:
        return False
    if page.compression not in CHECKED or page.photometric not in (0, 1, 2):
        raise ScumbleError(
            "unsupported-format",
            "{file} is a TIFF of a kind that Scumble does not read (big-endian BigTIFF, or gray and "
            "alpha in separate planes, compressed).",
            hint="Save it as an ordinary TIFF, with Deflate compression or with none.",
            file=name,
        )
    return True


def _orientation(page: Any) -> int:
    tag = page.tags.get(274)
    value = tag.value if tag else 1
    return value if value in range(1, 9) else 1


def _is_reduced(page: Any) -> bool:
    return bool(getattr(page, "subfiletype", 0) & 1)


def _full_page(tiff: Any, name: str) -> Any:
    """The first page that is no reduced copy of another: some write a thumbnail in front.

    Raises ScumbleError `unsupported-format` where the full one lies in a place that is not read.
    """
    first = tiff.pages.first
    if not _is_reduced(first):
        return first
    pages = itertools.islice(tiff.pages, _MOST_LOOKED_AT)
    full = next((page for page in pages if not _is_reduced(page)), None)
    if full is not None:
        return full.aspage()
    if first.subifds:
        raise _full_is_behind(name)
    return first


def _full_is_behind(name: str) -> ScumbleError:
    return ScumbleError(
        "unsupported-format",
        "{file} has a reduced picture in front and the full one behind it.",
        hint="Save it with the full picture only.",
        file=name,
    )


def _sample_kind(page: Any) -> str:
    kind = {2: "signed integers", 3: "floating point", 5: "complex integers", 6: "complex numbers"}
    return f"{page.bitspersample}-bit {kind.get(page.sampleformat, 'unknown')}"


def _decode_with_libtiff(data: bytes, name: str, compression: str, floating: bool) -> np.ndarray:
    if floating:
        raise ScumbleError(
            "unsupported-format",
            "{file} is a floating-point TIFF with {compression} compression, which Scumble does not read.",
            hint="Save it with Deflate compression or with none.",
            file=name,
            compression=compression,
        )
    with Image.open(io.BytesIO(data), formats=["TIFF"]) as image:
        raw_mode = _raw_mode(image.tile[0])
    if raw_mode.startswith("I;16"):
        return _decode_as(data, "TIFF", None).astype(np.uint16)
    return _both_bytes(data, "TIFF", raw_mode)


def _both_bytes(data: bytes, kind: str, raw_mode: str) -> np.ndarray:
    # RGBX and RGBa mean other things at eight bits (no alpha, premultiplied): here they are bytes.
    channels, order = raw_mode.split(";16")
    channels = {"RGBX": "RGBA", "RGBa": "RGBA"}.get(channels, channels)
    high = _decode_as(data, kind, f"{channels};16{order}")
    low = _decode_as(data, kind, f"{channels};16{_OTHER_BYTE[order]}")
    return high.astype(np.uint16) << 8 | low


def _decode_as(data: bytes, kind: str, raw_mode: str | None) -> np.ndarray:
    """Decode with another interpretation of the raw samples (None: the file's own)."""
    with Image.open(io.BytesIO(data), formats=[kind]) as image:
        if raw_mode is not None:
            image.tile = [tile._replace(args=_with_raw_mode(tile.args, raw_mode)) for tile in image.tile]
            if image.mode != raw_mode.split(";")[0]:
                image._mode = raw_mode.split(";")[0]
        return np.asarray(image)


def _raw_mode(tile) -> str:
    return tile.args if isinstance(tile.args, str) else tile.args[0]


def _with_raw_mode(args, raw_mode: str):
    return raw_mode if isinstance(args, str) else (raw_mode, *args[1:])


def _with_key_colour(array: np.ndarray, key) -> np.ndarray:
    """PNG's tRNS: every pixel of exactly this colour is transparent."""
    if key is None or array.shape[-1] not in (1, 3):
        return array
    transparent = (array == np.asarray(key, np.uint16)).all(-1, keepdims=True)
    return np.concatenate([array, np.where(transparent, 0, 65535).astype(np.uint16)], -1)


def _straight_alpha(array: np.ndarray, colours: int, extra: tuple[int, ...]) -> np.ndarray:
    """Keep colour and alpha, drop samples that are neither, divide out a premultiplied alpha."""
    if not extra or extra[0] not in (_ALPHA_ASSOCIATED, _ALPHA_STRAIGHT):
        return array[..., :colours]
    array = array[..., : colours + 1]
    if extra[0] == _ALPHA_STRAIGHT:
        return array
    limit = 1.0 if array.dtype.kind == "f" else float(np.iinfo(array.dtype).max)
    alpha = array[..., -1:].astype(np.float64)
    colour = array[..., :-1] * np.divide(limit, alpha, out=np.zeros_like(alpha), where=alpha > 0)
    if array.dtype.kind != "f":
        colour = np.clip(np.rint(colour), 0, limit)
    return np.concatenate([colour.astype(array.dtype), array[..., -1:]], -1)
