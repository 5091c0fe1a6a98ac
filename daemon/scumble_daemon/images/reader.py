"""Read a picture: upright, RGB or RGBA, at the depth of its file."""

from __future__ import annotations

import dataclasses
import difflib
import io
import os
import re
import stat
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageFile, ImageOps, UnidentifiedImageError

from scumble.errors import ScumbleError
from scumble.pixels.geometry import Extent
from scumble.pixels.layer_memory import copy_of
from scumble.pixels.pixels import PixelFormat, Pixels

from ..image_formats import way_out
from . import deep, foreign, metadata
from .carried import NOTHING, PNG_MAGIC, Carried, carried_by, carried_in_tags, has_pointers, split_png
from .gray import gray_to_srgb, is_gray_profile
from .limits import MAX_FILE_BYTES, MAX_PIXELS, MAX_STYLE_PIXELS, check_size

# Only formats that hold pictures, decoded by code made for untrusted files: Pillow would hand an
# EPS file to Ghostscript.
_FORMATS = ["JPEG", "PNG", "TIFF", "WEBP", "GIF", "BMP", "PPM", "AVIF", "PSD"]  # JPEG includes MPO
_DTYPES = {"uint8": "u8", "uint16": "u16", "float16": "f16", "float32": "f32"}

# Pillow warns from 89 megapixels and refuses at twice its limit; ours is checked right after the
# header is read, so Pillow's must not come first.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS

_PPM_HEAD = re.compile(rb"P6\s(?:#[^\n]*\n|\s)*\d+\s+(?:#[^\n]*\n\s*)*\d+\s+(?:#[^\n]*\n\s*)*(\d{1,5})\s")

# Pillow loads its plug-ins on first use, and open(formats=...) does not wait for that.
Image.init()


@dataclass(frozen=True)
class LoadedImage:
    """A decoded picture and what its file said besides.

    `pixels` are upright, RGB or RGBA, u8, u16, f16 or f32. `exif` is ready to be written with
    them (orientation 1, no thumbnail). `notes` are sentences about what reading has changed.
    """

    pixels: Pixels
    exif: bytes | None = None
    icc_profile: bytes | None = None
    dpi: tuple[float, float] | None = None
    file_format: str = ""
    notes: tuple[str, ...] = ()
    carried: Carried = NOTHING


def read_image(path: str | os.PathLike[str]) -> LoadedImage:
    """Read the picture at `path`.

    Raises ScumbleError `file-missing`, `is-a-directory`, `cannot-read`, `not-an-image`,
    `image-truncated`, `image-empty`, `image-too-large` or `unsupported-format`.
    """
    return decode_image(_read_file(Path(path)), str(path), MAX_PIXELS)


def decode_image(data: bytes, name: str = "The picture", most_pixels: int = MAX_STYLE_PIXELS) -> LoadedImage:
    """Decode the bytes of an image file; `name` is how messages call it.

    Raises as :func:`read_image`, without the codes that need a file system.
    """
    if not data:
        raise ScumbleError("not-an-image", "{file} is an empty file.", file=name)
    return _typed_errors(name, lambda: _decode(data, name, most_pixels))


def read_mask(path: str | os.PathLike[str], extent: Extent) -> bytes:
    """Read a mask as 8-bit coverage, row by row: white (255) is stylized, black (0) kept.

    Raises as :func:`read_image`, and ScumbleError `bad-mask` unless it has the size `extent`.
    """
    data, name = _read_file(Path(path)), str(path)

    def decode() -> Image.Image:
        with _open(data, name) as image:
            return ImageOps.exif_transpose(image).convert("L")

    gray = _typed_errors(name, decode)
    if gray.size != tuple(extent):
        raise ScumbleError(
            "bad-mask",
            "The mask {file} is {width}x{height}, but the picture is {expected_width}x{expected_height}.",
            hint="Give a mask of the picture's size.",
            file=name,
            width=gray.width,
            height=gray.height,
            expected_width=extent.width,
            expected_height=extent.height,
        )
    return gray.tobytes()


class _Decoded(NamedTuple):
    array: np.ndarray
    orientation: int
    exif: Image.Exif
    profile: bytes | None
    dpi: tuple[float, float] | None
    file_format: str
    pages: int
    notes: list[str]
    carried: Carried = NOTHING


def _decode(data: bytes, name: str, most_pixels: int) -> LoadedImage:
    kind = foreign.kind_of_data(data, name)
    decoded = _decode_foreign(data, name, kind, most_pixels) if kind else None
    if decoded is None and deep.is_tiff(data):
        decoded = _decode_tiff(data, name, most_pixels)
    if decoded is None:
        decoded = _decode_with_pillow(data, name, most_pixels)
    notes = list(decoded.notes)
    if decoded.pages > 1:
        notes.append(f"{name} has {decoded.pages} pages or frames: the first one is used.")
    array, profile = decoded.array, decoded.profile
    if profile and is_gray_profile(profile) and array.shape[2] < 3:
        gray = gray_to_srgb(array[..., :1], profile)
        if gray is not None:
            array, profile = np.concatenate([gray, array[..., 1:]], axis=2), None
            notes.append(f"{name} was converted from its gray profile to sRGB.")
    array = metadata.upright(_in_colour(array), decoded.orientation)
    unfit, profile = profile, metadata.rgb_profile(profile)
    if unfit and not profile:
        notes.append(f"The colour profile of {name} is not one for RGB and was left out.")
    channels = "RGB" if array.shape[2] == 3 else "RGBA"
    reversal = metadata.take_reversal(decoded.exif)
    pixels = Pixels(
        Extent(array.shape[1], array.shape[0]),
        PixelFormat(_DTYPES[array.dtype.name], channels),
        copy_of(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data),
        profile,
        reversal,
    )
    exif = metadata.travelling_exif(decoded.exif)
    carried = decoded.carried
    if has_pointers(carried):
        carried = dataclasses.replace(carried, xmp=b"")
        notes.append(f"A gain map or film behind {name} was left out, and the XMP that speaks of it.")
    return LoadedImage(
        pixels,
        exif,
        profile,
        decoded.dpi,
        decoded.file_format,
        tuple(notes),
        carried,
    )


def _decode_tiff(data: bytes, name: str, most_pixels: int) -> _Decoded | None:
    image = deep.decode_deep_tiff(data, name, most_pixels)
    if image is None:
        return None
    notes = []
    if image.tags is None:
        exif = metadata.read_exif_directory(data)
    else:
        exif = metadata.exif_of_tags(image.tags)
        if ExifTags.IFD.Exif in image.tags or ExifTags.IFD.GPSInfo in image.tags:
            notes.append(f"What the camera said of {name} was left out: it is a big-endian BigTIFF.")
    carried = carried_in_tags(exif)
    pages, profile = image.pages, image.profile
    return _Decoded(image.array, image.orientation, exif, profile, None, "TIFF", pages, notes, carried)


def _decode_foreign(data: bytes, name: str, kind: str, most_pixels: int) -> _Decoded:
    found = foreign.decode_foreign(data, name, kind, most_pixels)
    exif = metadata.parse_exif(found.exif) if found.exif else Image.Exif()
    carried = Carried(xmp=found.xmp)
    return _Decoded(found.array, 1, exif, found.profile, None, kind, 1, list(found.notes), carried)


def _decode_with_pillow(data: bytes, name: str, most_pixels: int) -> _Decoded:
    if data[:4] == b"8BPS" and (data[4:6] != b"\0\1" or data[22:24] not in (b"\0\1", b"\0\x08")):
        raise ScumbleError(
            "unsupported-format",
            "{file} is a PSD of more than 8 bits, or a PSB, which Scumble does not read.",
            hint="Save it as TIFF, which keeps its depth.",
            file=name,
        )
    data, png = split_png(data) if data.startswith(PNG_MAGIC) else (data, None)
    with _open(data, name, most_pixels) as image:
        kind = image.format or ""
        # A phone's MPO holds depth maps and previews behind its picture: nobody means those.
        # A PSD's are its layers, and what is decoded is all of them.
        pages = 1 if kind in ("MPO", "PSD") else getattr(image, "n_frames", 1)
        profile, dpi, notes = image.info.get("icc_profile"), image.info.get("dpi"), []
        if kind == "PNG" and deep.is_deep_png(image):
            array = deep.decode_png16(data).array
        elif kind == "PPM" and image.mode in ("I", "I;16"):
            array = np.asarray(image).astype(np.uint16)[..., None]
        elif kind == "PPM" and image.mode == "RGB" and _is_deep_ppm(data):
            array = _deep_ppm(data, image.size)
        elif image.mode in ("I", "F", "LAB") or image.mode.startswith("I;16"):
            raise ScumbleError(
                "unsupported-format",
                "{file} holds pixels of a kind that Scumble does not read ({kind}, {format}).",
                hint="Export it as RGB with 8 or 16 bits per channel.",
                file=name,
                kind=kind,
                format=image.mode,
            )
        else:
            if kind == "PSD" and not _is_merged(image):
                raise ScumbleError(
                    "unsupported-format",
                    "{file} holds its layers only, and no merged picture.",
                    hint="Save it with maximized compatibility, or as TIFF.",
                    file=name,
                )
            # A gray profile needs its gray.
            keeps = is_gray_profile(profile) and image.mode in ("L", "LA")
            converted = image if keeps else _as_rgb(image, profile)
            if image.mode == "CMYK":
                profile = None
                notes.append(f"{name} was converted from CMYK to RGB.")
            array = np.asarray(converted)
            array = array[..., None] if array.ndim == 2 else array
            if kind == "AVIF" and _is_deep_avif(data):
                notes.append(f"{name} holds more than 8 bits, of which 8 were read.")
        # After loading: Pillow has turned a TIFF by now, and its EXIF knows.
        exif = image.getexif()
        orientation = metadata.orientation_of(exif)
        carried = carried_in_tags(exif) if kind == "TIFF" else carried_by(image, png)
        return _Decoded(array, orientation, exif, profile, dpi, kind, pages, notes, carried)


def _is_merged(image: Image.Image) -> bool:
    """Whether a PSD says that it holds all its layers merged; older ones do not say, and do."""
    said = [data for code, _, data in getattr(image, "resources", ()) if code == 1057]
    return not said or said[0][4:5] != b"\0"


def _is_deep_avif(data: bytes) -> bool:
    at = data.find(b"av1C")
    return at >= 0 and len(data) > at + 6 and bool(data[at + 6] & 0x40)


def _is_deep_ppm(data: bytes) -> bool:
    found = _PPM_HEAD.match(data)
    return found is not None and int(found[1]) > 255


def _deep_ppm(data: bytes, size: tuple[int, int]) -> np.ndarray:
    """Binary PPM of two bytes a sample, scaled to the whole range."""
    found = _PPM_HEAD.match(data)
    assert found is not None
    top = min(65535, int(found[1]))
    samples = np.frombuffer(data, ">u2", size[0] * size[1] * 3, found.end())
    scaled = (np.minimum(samples, top).astype(np.uint32) * 65535 + top // 2) // top
    return scaled.astype(np.uint16).reshape(size[1], size[0], 3)


def _open(data: bytes, name: str, most_pixels: int = MAX_PIXELS) -> ImageFile.ImageFile:
    image = Image.open(io.BytesIO(data), formats=_FORMATS)
    check_size(name, *image.size, most_pixels)
    return image


def _as_rgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if image.mode == "CMYK" and profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            target = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):
            converted = None  # a profile that does not fit its pixels: the plain conversion
        if converted is not None:
            return converted
    has_alpha = image.mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in image.info
    return image.convert("RGBA" if has_alpha else "RGB")


def _in_colour(array: np.ndarray) -> np.ndarray:
    """HxWxC with C = 3 or 4: a style brings colours, so gray must be able to take them."""
    if array.shape[2] >= 3:
        return array
    return np.concatenate([array[..., :1].repeat(3, axis=2), array[..., 1:]], axis=2)


def _typed_errors(name: str, decode):
    """Run `decode`; whatever a decoder raises becomes one ScumbleError.

    Decoders meet damaged files with OSError, SyntaxError, struct.error, zlib.error, EOFError,
    IndexError and more, so the net is wide on purpose. Their warnings about odd metadata say
    nothing to an artist.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return decode()
    except ScumbleError:
        raise
    except UnidentifiedImageError as error:
        raise ScumbleError(
            "not-an-image",
            "{file} is not an image that Scumble can read.",
            hint=way_out(Path(name)) or "It reads JPEG, PNG, TIFF, WebP, AVIF, PSD, GIF, BMP and PPM.",
            file=name,
        ) from error
    except Image.DecompressionBombError as error:
        raise ScumbleError(
            "image-too-large",
            "{file} is larger than the {most} megapixels that Scumble takes.",
            hint="Scale it down or cut it into parts.",
            file=name,
            most=format(MAX_PIXELS / 1e6, ".0f"),
        ) from error
    except MemoryError as error:
        raise ScumbleError(
            "image-too-large", "{file} is too large for the memory of this machine.", file=name
        ) from error
    except Exception as error:
        raise ScumbleError(
            "image-truncated",
            "{file} is damaged or cut short and cannot be decoded.",
            hint="Open it in the program that made it and save it again.",
            detail=f"{type(error).__name__}: {error}",
            file=name,
        ) from error


def _read_file(path: Path) -> bytes:
    check_ordinary(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError as error:
        near = _near_names(path)
        raise ScumbleError(
            "file-missing",
            "There is no file {file}.",
            hint="Did you mean {near}?" if near else "",
            file=path,
            near=" or ".join(map(str, near)),
        ) from error
    except IsADirectoryError as error:
        raise ScumbleError(
            "is-a-directory", "{file} is a folder.", hint="Give an image file.", file=path
        ) from error
    except (OSError, ValueError) as error:
        # Windows answers a folder with "permission denied".
        if path.is_dir():
            raise ScumbleError(
                "is-a-directory", "{file} is a folder.", hint="Give an image file.", file=path
            ) from error
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ScumbleError(
            "cannot-read", "{file} cannot be read: {reason}.", file=path, reason=reason
        ) from error
    if len(data) > MAX_FILE_BYTES:
        raise ScumbleError(
            "image-too-large", "{file} is larger than {most} GiB.", file=path, most=MAX_FILE_BYTES >> 30
        )
    return data


def check_ordinary(path: Path) -> None:
    """Refuse pipes, sockets and devices before they are opened: they may never end, or never begin.

    Raises ScumbleError `cannot-read`. What is not there at all passes.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise ScumbleError(
            "cannot-read",
            "{file} is not an ordinary file, but a pipe, a socket or a device.",
            hint="To pipe a picture in, give - as its name.",
            file=path,
        )


def _near_names(path: Path) -> list[Path]:
    try:
        names = [entry.name for entry in path.parent.iterdir() if entry.is_file()]
    except OSError:
        return []
    return [path.with_name(name) for name in difflib.get_close_matches(path.name, names, n=3, cutoff=0.75)]
