"""Write a picture in the format its name asks for, with the metadata of the one it came from."""

from __future__ import annotations

import io
import os
import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from scumble.conversion import to_array
from scumble.errors import ScumbleError
from scumble.pixels.geometry import Extent
from scumble.pixels.pixels import Pixels

from ..image_formats import output_format
from ..storage.atomic import atomic_file
from . import metadata
from .carried import Carried, left_out, photoshop_segment, png_chunks, png_info
from .png16 import write_png16
from .reader import LoadedImage

_LONGEST_SIDE = {"JPEG": 65_500, "WebP": 16_383}
_MAX_SEGMENT = 65_533 - 6  # EXIF must fit one JPEG segment
_MAX_XMP = 65_502
_DIRECTORY_TAGS = (34665, 34853)  # Exif and GPS


def write_image(
    path: str | os.PathLike[str], pixels: Pixels, *, like: LoadedImage | None = None
) -> list[str]:
    """Write `pixels` to `path`; the extension chooses JPEG, PNG, TIFF or WebP.

    The depth is kept as far as the format can hold it (PNG 16 bits, TIFF float). EXIF and resolution come
    from `like`, what takes a style off again from `pixels`, the colour profile from `pixels` or else from
    `like`. The file appears whole or not at all. Returns sentences about what the format could not hold.
    Raises ScumbleError `unsupported-format`, `image-too-large`, `cannot-write`, `is-a-directory`.
    """
    path = Path(path)
    kind = output_format(path)
    check_sides(path, kind, pixels.extent)
    notes: list[str] = []
    array = _fit(_to_array(pixels), kind, path, notes)
    profile = pixels.profile or (like.icc_profile if like else None)
    exif = _exif_for(pixels, like)
    dpi = like.dpi if like else None
    carried = like.carried if like else Carried()
    if missing := left_out(carried, kind):
        notes.append(f"{path.name} cannot hold everything that came with the picture; left out: {missing}.")
    with atomic_file(path) as file:
        # Its encoders have no descriptor to write to past a full disk: see `WholeFile`.
        if kind == "TIFF":
            _write_tiff(file, array, profile, exif, dpi, carried)
        elif array.dtype == np.uint16:
            chunks = png_chunks(carried, bool(profile))
            write_png16(file, array, profile=profile, exif=exif, dpi=dpi, chunks=chunks)
        else:
            _write_with_pillow(file, array, kind, profile, exif, dpi, carried, notes)
    return notes


def png_of(pixels: Pixels) -> bytes:
    """The bytes of a PNG at the pixels' depth; of floating-point ones at 16 bits."""
    array, buffer = _fit(_to_array(pixels), "PNG", Path("picture.png"), []), io.BytesIO()
    if array.dtype == np.uint16:
        write_png16(buffer, array, profile=pixels.profile)
    else:
        _write_with_pillow(buffer, array, "PNG", pixels.profile, None, None, Carried(), [])
    return buffer.getvalue()


def check_sides(path: Path, kind: str, extent: Extent) -> None:
    """Refuse what a format cannot hold. Raises ScumbleError `image-too-large`."""
    longest = _LONGEST_SIDE.get(kind)
    if longest and max(extent) > longest:
        raise ScumbleError(
            "image-too-large",
            "{file} cannot be {kind}: that format ends at {most} pixels a side.",
            hint="Write PNG or TIFF.",
            file=path,
            kind=kind,
            most=longest,
        )


def _to_array(pixels: Pixels) -> np.ndarray:
    """HxWxC, in the order gray, gray+alpha, RGB or RGBA."""
    array = to_array(pixels)
    return array[..., [2, 1, 0, 3]] if pixels.format.channels == "BGRA" else array


def _fit(array: np.ndarray, kind: str, path: Path, notes: list[str]) -> np.ndarray:
    """What the format can hold of these samples."""
    if kind in ("JPEG", "WebP"):
        if array.dtype != np.uint8:
            notes.append(f"{path.name} holds 8 bits per channel, fewer than the picture had.")
        array = _to_depth(array, np.uint8)
    elif kind == "PNG" and array.dtype.kind == "f":
        if not (array.min() >= 0 and array.max() <= 1):  # also what is no number
            notes.append(f"{path.name} holds 16-bit integers: values outside 0 to 1 were clipped.")
        array = _to_depth(array, np.uint16)
    elif array.dtype == np.float16:
        array = array.astype(np.float32)  # few programs open half floats in a TIFF
    if kind == "JPEG" and array.shape[2] in (2, 4):
        if (array[..., -1] < 255).any():
            notes.append(f"{path.name} cannot be transparent: the picture was laid on white.")
        array = _on_white(array)
    return array


def _to_depth(array: np.ndarray, dtype: type[np.uint8] | type[np.uint16]) -> np.ndarray:
    if array.dtype == dtype:
        return array
    limit = np.iinfo(dtype).max
    if array.dtype.kind == "f":
        values = np.nan_to_num(array.astype(np.float32), nan=0.0, posinf=1.0, neginf=0.0)
        return np.rint(np.clip(values, 0, 1) * limit).astype(dtype)
    return ((array.astype(np.uint32) * limit + 32767) // 65535).astype(dtype)


def _on_white(array: np.ndarray) -> np.ndarray:
    alpha = array[..., -1:].astype(np.uint16)
    colour = array[..., :-1].astype(np.uint16)
    return ((colour * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def _exif_for(pixels: Pixels, like: LoadedImage | None) -> bytes | None:
    exif = like.exif if like else None
    if exif is not None:
        exif = metadata.exif_of_size(exif, pixels.extent.width, pixels.extent.height)
    return metadata.with_reversal(exif, pixels.reversal) if pixels.reversal else exif


def _write_with_pillow(
    file: BinaryIO,
    array: np.ndarray,
    kind: str,
    profile: bytes | None,
    exif: bytes | None,
    dpi: tuple[float, float] | None,
    carried: Carried,
    notes: list[str],
) -> None:
    image = Image.fromarray(array[..., 0] if array.shape[2] == 1 else array)
    options: dict[str, object] = {"icc_profile": profile}
    if exif and kind == "JPEG" and len(exif) > _MAX_SEGMENT:
        notes.append("The EXIF data is too long for a JPEG and was left out.")
    elif exif:
        options["exif"] = exif
    if dpi and kind != "WebP":
        options["dpi"] = dpi
    if kind == "PNG":
        options["pnginfo"] = png_info(carried, bool(profile))
    elif len(carried.xmp) > _MAX_XMP and kind == "JPEG":
        notes.append("The XMP data is too long for a JPEG and was left out.")
    elif carried.xmp:
        options["xmp"] = carried.xmp
    if kind == "JPEG":
        options.update(quality=95, subsampling=0)
        if carried.comment:
            options["comment"] = carried.comment[:_MAX_SEGMENT]
        segment = photoshop_segment(carried.iptc) if carried.iptc else b""
        if carried.iptc and not segment:
            notes.append("The IPTC captions are too long for a JPEG and were left out.")
        options["extra"] = segment
    elif kind == "WebP":
        options.update(quality=95, exact=True)
    if kind == "WebP" and image.mode in ("L", "LA"):
        image = image.convert("RGB" if image.mode == "L" else "RGBA")
    image.save(file, kind, **options)


def _write_tiff(
    file: BinaryIO,
    array: np.ndarray,
    profile: bytes | None,
    exif: bytes | None,
    dpi: tuple[float, float] | None,
    carried: Carried,
) -> None:
    import tifffile

    parsed = metadata.parse_exif(exif) if exif else None
    tags = _tiff_tags(parsed) if parsed else []
    directories = [tag for tag in _DIRECTORY_TAGS if parsed and metadata.exif_directory(parsed, 0, tag)]
    tags += [(tag - 1, "I", 1, 0, True) for tag in directories]
    tags += [(700, "B", len(carried.xmp), carried.xmp, True)] if carried.xmp else []
    tags += [(33723, "B", len(carried.iptc), carried.iptc, True)] if carried.iptc else []
    channels = array.shape[2]
    buffer = io.BytesIO()  # tifffile seeks and patches; a file it can do that in is in memory
    tifffile.imwrite(
        buffer,
        array if channels > 1 else array[..., 0],
        byteorder="<",
        bigtiff=False,
        photometric="rgb" if channels >= 3 else "minisblack",
        extrasamples=["unassalpha"] if channels in (2, 4) else None,
        planarconfig="contig" if channels > 1 else None,
        compression="zlib",
        compressionargs={"level": 4},
        predictor=array.dtype.kind != "f",
        iccprofile=profile,
        resolution=dpi,
        resolutionunit="INCH" if dpi else None,
        metadata=None,
        software=False,
        extratags=tags,
    )
    for tag in directories:
        assert parsed is not None
        _append_directory(buffer, parsed, tag)
    file.write(buffer.getbuffer())


def _tiff_tags(exif: Image.Exif) -> list[tuple]:
    return [
        (tag, "s", 0, value, True)
        for tag, value in exif.items()
        if tag in metadata.DESCRIPTIVE_TAGS and isinstance(value, str)
    ]


def _append_directory(buffer: io.BytesIO, exif: Image.Exif, tag: int) -> None:
    """Put the Exif or GPS directory behind the picture and let its tag point there.

    tifffile writes no tag that points to a directory. It wrote the unused one before it, which
    stands in the right place of the sorted list, and that becomes the tag.
    """
    import tifffile

    offset = buffer.seek(0, io.SEEK_END)
    offset += offset % 2  # directories begin on even addresses
    buffer.seek(offset)
    buffer.write(metadata.exif_directory(exif, offset, tag))
    buffer.seek(0)
    with tifffile.TiffFile(buffer) as tiff:
        entry = tiff.pages.first.tags[tag - 1].offset
    buffer.seek(entry)
    buffer.write(struct.pack("<HHII", tag, 4, 1, offset))
