"""Read a picture: upright, RGB or RGBA, at the depth of its file."""

from __future__ import annotations

import difflib
import io
import os
import stat
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageCms, ImageFile, ImageOps, UnidentifiedImageError

from scumble.errors import ScumbleError
from scumble.geometry import Extent
from scumble.layer_memory import copy_of
from scumble.pixels import PixelFormat, Pixels

from . import deep, metadata
from .limits import MAX_FILE_BYTES, MAX_PIXELS, MAX_STYLE_PIXELS, check_size

# Only formats that hold pictures, decoded by code made for untrusted files: Pillow would hand an
# EPS file to Ghostscript.
_FORMATS = ["JPEG", "PNG", "TIFF", "WEBP", "GIF", "BMP", "PPM"]  # JPEG includes MPO
_DTYPES = {"uint8": "u8", "uint16": "u16", "float16": "f16", "float32": "f32"}

# Pillow warns from 89 megapixels and refuses at twice its limit; ours is checked right after the
# header is read, so Pillow's must not come first.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS

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
        raise ScumbleError("not-an-image", f"{name} is an empty file.")
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
            f"The mask {name} is {gray.width}x{gray.height}, "
            f"but the picture is {extent.width}x{extent.height}.",
            hint="Give a mask of the picture's size.",
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


def _decode(data: bytes, name: str, most_pixels: int) -> LoadedImage:
    decoded = _decode_tiff(data, name, most_pixels) if deep.is_tiff(data) else None
    if decoded is None:
        decoded = _decode_with_pillow(data, name, most_pixels)
    notes = list(decoded.notes)
    if decoded.pages > 1:
        notes.append(f"{name} has {decoded.pages} pages or frames: the first one is used.")
    array = metadata.upright(_in_colour(decoded.array), decoded.orientation)
    profile = metadata.rgb_profile(decoded.profile)
    if decoded.profile and not profile:
        notes.append(f"The colour profile of {name} is not one for RGB and was left out.")
    channels = "RGB" if array.shape[2] == 3 else "RGBA"
    pixels = Pixels(
        Extent(array.shape[1], array.shape[0]),
        PixelFormat(_DTYPES[array.dtype.name], channels),
        copy_of(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data),
        profile,
    )
    return LoadedImage(
        pixels,
        metadata.travelling_exif(decoded.exif),
        profile,
        decoded.dpi,
        decoded.file_format,
        tuple(notes),
    )


def _decode_tiff(data: bytes, name: str, most_pixels: int) -> _Decoded | None:
    image = deep.decode_deep_tiff(data, name, most_pixels)
    if image is None:
        return None
    exif = metadata.read_exif_directory(data)
    orientation = 1 if image.upright else metadata.orientation_of(exif)
    return _Decoded(image.array, orientation, exif, image.profile, None, "TIFF", image.pages, [])


def _decode_with_pillow(data: bytes, name: str, most_pixels: int) -> _Decoded:
    with _open(data, name, most_pixels) as image:
        kind = image.format or ""
        # A phone's MPO holds depth maps and previews behind its picture: nobody means those.
        pages = 1 if kind == "MPO" else getattr(image, "n_frames", 1)
        profile, dpi, notes = image.info.get("icc_profile"), image.info.get("dpi"), []
        if kind == "PNG" and deep.is_deep_png(image):
            array = deep.decode_png16(data).array
        elif kind == "PPM" and image.mode in ("I", "I;16"):
            array = np.asarray(image).astype(np.uint16)[..., None]
        elif image.mode in ("I", "F", "LAB") or image.mode.startswith("I;16"):
            raise ScumbleError(
                "unsupported-format",
                f"{name} holds pixels of a kind that Scumble does not read ({kind}, {image.mode}).",
                hint="Export it as RGB with 8 or 16 bits per channel.",
            )
        else:
            converted = _as_rgb(image, profile)
            if image.mode == "CMYK":
                profile = None
                notes.append(f"{name} was converted from CMYK to RGB.")
            array = np.asarray(converted)
        # After loading: Pillow has turned a TIFF by now, and its EXIF knows.
        exif = image.getexif()
        orientation = metadata.orientation_of(exif)
        return _Decoded(array, orientation, exif, profile, dpi, kind, pages, notes)


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
            f"{name} is not an image that Scumble can read.",
            hint="It reads JPEG, PNG, TIFF, WebP, GIF, BMP and PPM.",
        ) from error
    except Image.DecompressionBombError as error:
        raise ScumbleError(
            "image-too-large",
            f"{name} is larger than the {MAX_PIXELS / 1e6:.0f} megapixels that Scumble takes.",
            hint="Scale it down or cut it into parts.",
        ) from error
    except MemoryError as error:
        raise ScumbleError(
            "image-too-large", f"{name} is too large for the memory of this machine."
        ) from error
    except Exception as error:
        raise ScumbleError(
            "image-truncated",
            f"{name} is damaged or cut short and cannot be decoded.",
            hint="Open it in the program that made it and save it again.",
            detail=f"{type(error).__name__}: {error}",
        ) from error


def _read_file(path: Path) -> bytes:
    check_ordinary(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError as error:
        raise ScumbleError("file-missing", f"There is no file {path}.", hint=_near_names(path)) from error
    except IsADirectoryError as error:
        raise ScumbleError("is-a-directory", f"{path} is a folder.", hint="Give an image file.") from error
    except (OSError, ValueError) as error:
        # Windows answers a folder with "permission denied".
        if path.is_dir():
            raise ScumbleError(
                "is-a-directory", f"{path} is a folder.", hint="Give an image file."
            ) from error
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ScumbleError("cannot-read", f"{path} cannot be read: {reason}.") from error
    if len(data) > MAX_FILE_BYTES:
        raise ScumbleError("image-too-large", f"{path} is larger than {MAX_FILE_BYTES >> 30} GiB.")
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
            f"{path} is not an ordinary file, but a pipe, a socket or a device.",
            hint="To pipe a picture in, give - as its name.",
        )


def _near_names(path: Path) -> str:
    try:
        names = [entry.name for entry in path.parent.iterdir() if entry.is_file()]
    except OSError:
        return ""
    near = difflib.get_close_matches(path.name, names, n=3, cutoff=0.75)
    return f"Did you mean {' or '.join(near)}?" if near else ""
