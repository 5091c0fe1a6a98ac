"""Pictures of any size: TIFF, PNG and JPEG through libvips, in strips, with pixels in a temporary file.

A picture is first decoded into a raw file and mapped. PNG and JPEG can be decoded from top to bottom
only, and exact tiling reads the layer two or three times with overlapping patches, so a raw copy that
is read in any order is needed for them anyway; a TIFF goes the same way, which keeps one path and
makes a disk of three to sixteen bytes per pixel the only price. libvips comes with the extra
``scale`` and is imported when it is first needed.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from scumble.errors import ScumbleError
from scumble.job import Progress
from scumble.pixels.disk import mapped, release
from scumble.pixels.geometry import Extent
from scumble.pixels.pixels import PixelFormat, Pixels

from ..image_formats import output_format
from ..storage.atomic import atomic_file
from ..storage.spool import use_for_temporary_files
from . import metadata
from .deep import is_tiff
from .limits import MAX_PIXELS
from .whole import check_whole
from .writer import check_sides

#: From this many pixels on a picture is not held in memory.
LARGE = 1 << 26
INSTALL = "Install the part that takes pictures of any size: pip install 'pyvips[binary]'"
#: A picture that unfolds to more than this many times its file is no picture: JPEG ends at about 250,
#: 8-bit PNG at 1,030 for one colour.
MOST_EXPANSION = 1100
BIGTIFF_OVER = 2 << 30  # bytes before compression; a TIFF of the old kind ends at 4 GiB

_DTYPES = {"uchar": "u8", "ushort": "u16", "float": "f32", "double": "f32"}
_FORMATS = {"u8": "uchar", "u16": "ushort", "f32": "float"}
_SPACES = {"u8": "srgb", "u16": "rgb16", "f32": "scrgb"}
_RGB = ("srgb", "rgb", "rgb16", "scrgb")
_GRAY = ("b-w", "grey16")
_WHITE = {"u8": 255, "u16": 65535, "f32": 1.0}

OnProgress = Callable[[Progress], None]


def is_large(path: Path) -> bool:
    """Whether this is a TIFF, PNG or JPEG with more than :data:`LARGE` pixels, by its header alone."""
    try:
        if not path.is_file():  # a pipe that is opened may never end
            return False
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if is_tiff(file.read(4)):
                width, height = _tiff_size(path)
            else:
                file.seek(0)
                with Image.open(file, formats=["PNG", "JPEG"]) as image:
                    width, height = image.size
        return width * height > LARGE
    except Image.DecompressionBombError:
        return True
    except Exception:  # whoever reads it says what is wrong with it
        return False


def is_available() -> bool:
    """Whether libvips is here."""
    return _import() is not None


def read_large(
    path: Path, on_progress: OnProgress | None = None, cancel: threading.Event | None = None
) -> tuple[Pixels, tuple[str, ...]]:
    """The picture, upright, RGB or RGBA, u8, u16 or f32, mapped from a temporary file; and notes.

    Raises ScumbleError `image-too-large` without libvips, `not-an-image`, `unsupported-format`,
    `image-truncated`, `disk-full` or `cancelled`.
    """
    vips = _vips(path)
    with _explained(vips, path, "image-truncated"):
        image = _open(vips, path)
        notes = []
        if _field(image, "n-pages", 1) > 1:
            notes.append(f"{path} has {image.get('n-pages')} pages or frames: the first one is used.")
        profile = metadata.rgb_profile(_field(image, "icc-profile-data", None))
        if image.interpretation == "cmyk":
            image, profile = _from_cmyk(image), None
            notes.append(f"{path} was converted from CMYK to RGB.")
        elif not profile and _field(image, "icc-profile-data", None):
            notes.append(f"The colour profile of {path} is not one for RGB and was left out.")
        image = _in_rgb(image, path)
        extent = Extent(image.width, image.height)
        pixel_format = PixelFormat(_DTYPES[image.format], "RGB" if image.bands == 3 else "RGBA")
        _check_expansion(path, extent, pixel_format.byte_count(extent))
        data = _raw(image, pixel_format.byte_count(extent), "read", on_progress, cancel)
    return Pixels(extent, pixel_format, data, profile), tuple(notes)


def read_large_mask(path: Path, extent: Extent) -> memoryview:
    """A mask as 8-bit coverage, mapped from a temporary file.

    Raises as :func:`read_large`, and ScumbleError `bad-mask` unless it has the size `extent`.
    """
    vips = _vips(path)
    with _explained(vips, path, "image-truncated"):
        image = _open(vips, path)
        if (image.width, image.height) != tuple(extent):
            raise ScumbleError(
                "bad-mask",
                "The mask {file} is {width}x{height}, but the picture is {expected_width}x{expected_height}.",
                hint="Give a mask of the picture's size.",
                file=path,
                width=image.width,
                height=image.height,
                expected_width=extent.width,
                expected_height=extent.height,
            )
        image = _at_depth(image.colourspace("b-w")[0], "u8")
        return _raw(image, extent.area, "read", None, None)


def fit_mask(path: Path, coverage: bytes, size: tuple[int, int], extent: Extent) -> memoryview:
    """Coverage of that width and height brought to `extent`, mapped from a temporary file.

    Raises ScumbleError `image-too-large` without libvips, or `disk-full`.
    """
    vips = _vips(path)
    with _explained(vips, path, "image-truncated"):
        image = vips.Image.new_from_memory(coverage, *size, 1, "uchar").copy(interpretation="b-w")
        scales = (extent.width / size[0], extent.height / size[1])
        fitted = image.resize(scales[0], vscale=scales[1], kernel="linear")
        # Rounding may leave it a pixel short.
        fitted = fitted.gravity("north-west", *extent, extend="copy")
        return _raw(fitted, extent.area, "read", None, None)


def write_large(
    path: Path,
    pixels: Pixels,
    like: Path,
    *,
    pyramid: bool = False,
    on_progress: OnProgress | None = None,
    cancel: threading.Event | None = None,
) -> list[str]:
    """Write `pixels` to `path` with profile and resolution of the picture `like`; returns notes.

    TIFFs are tiled, with ``pyramid`` also in all halved sizes, and BigTIFF where they need to be. The
    file appears whole or not at all. Raises as `write_image`, and ScumbleError `cancelled`.
    """
    vips, kind = _vips(path), output_format(path)
    check_sides(path, kind, pixels.extent)
    dtype, notes = pixels.format.dtype, []
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(atomic_file(path))
        stack.enter_context(_explained(vips, path, "cannot-write"))
        image = vips.Image.new_from_memory(
            pixels.data, *pixels.extent, pixels.format.channel_count, _FORMATS[dtype]
        ).copy(interpretation=_SPACES[dtype])
        stack.enter_context(_watched(image, pixels.data, "write", on_progress, cancel))
        image = _with_metadata(vips, image, pixels, vips.Image.new_from_file(str(like)), kind, notes)
        image = _fit(image, kind, path, notes)
        target = vips.Target.new_to_descriptor(file.descriptor)
        image.write_to_target(target, _options(kind, image, pixels.byte_count, pyramid))
        check_whole(path, file, kind, pixels.extent)
    return notes


def _fit(image: Any, kind: str, path: Path, notes: list[str]) -> Any:
    """What the format can hold of it; as in :mod:`scumble_daemon.images.writer`."""
    if kind in ("JPEG", "WebP") and image.format != "uchar":
        notes.append(f"{path.name} holds 8 bits per channel, fewer than the picture had.")
        image = _at_depth(image, "u8")
    elif kind == "PNG" and image.format == "float":
        notes.append(f"{path.name} holds 16-bit integers: values outside 0 to 1 were clipped.")
        image = _at_depth(image, "u16")
    if kind == "JPEG" and image.hasalpha():
        notes.append(f"{path.name} cannot be transparent: the picture was laid on white.")
        image = image.flatten(background=255)
    return image


def _options(kind: str, image: Any, size: int, pyramid: bool) -> str:
    """What libvips calls the format and its options."""
    if kind == "TIFF":
        # Few programs know the predictor for floating point.
        predictor = "none" if image.format == "float" else "horizontal"
        options = f"tile,tile-width=256,tile-height=256,compression=deflate,predictor={predictor}"
        options += ",pyramid" if pyramid else ""
        return f".tif[{options}{',bigtiff' if size > BIGTIFF_OVER else ''}]"
    return {"PNG": ".png[compression=4]", "JPEG": ".jpg[Q=95,subsample-mode=off]"}.get(
        kind, ".webp[Q=95,exact]"
    )


def _import() -> Any:
    try:
        import pyvips
    except (ImportError, OSError):  # the package, or the library that it loads
        return None
    return pyvips


def _vips(path: Path) -> Any:
    vips = _import()
    if vips is None:
        raise ScumbleError(
            "image-too-large",
            "{file} is a picture of more than {most} megapixels or a pyramid, for which a part of "
            "Scumble is not installed.",
            hint=INSTALL,
            file=path,
            most=format(MAX_PIXELS / 1e6, ",.0f"),
        )
    vips.cache_set_max(0)  # it would keep files open
    return vips


def _check_expansion(path: Path, extent: Extent, size: int) -> None:
    """Refuse a small file that would fill the disk."""
    file_bytes = path.stat().st_size
    if extent.area > MAX_PIXELS and size > MOST_EXPANSION * file_bytes:
        raise ScumbleError(
            "image-too-large",
            "{file} is larger than the {most} megapixels that Scumble takes from a file of only {size} kB.",
            hint="If it really is a picture, save it as an uncompressed TIFF.",
            file=path,
            most=format(MAX_PIXELS / 1e6, ".0f"),
            size=format(file_bytes / 1e3, ",.0f"),
        )


def _open(vips: Any, path: Path) -> Any:
    """The picture as it is seen, not decoded yet."""
    image = vips.Image.new_from_file(str(path), access="sequential", fail_on="error")
    if _field(image, "orientation", 1) == 1:
        return image
    # Turning needs the rows in another order: libvips decodes into a temporary file first.
    use_for_temporary_files()
    return vips.Image.new_from_file(str(path), fail_on="error").autorot()


def _field(image: Any, name: str, default: Any) -> Any:
    return image.get(name) if image.get_typeof(name) else default


def _from_cmyk(image: Any) -> Any:
    if image.get_typeof("icc-profile-data"):
        return image.icc_transform("srgb", embedded=True)
    return image.colourspace("srgb")


def _in_rgb(image: Any, path: Path) -> Any:
    """Three or four bands of a depth that we have; gray becomes colour, for a style brings some."""
    gray = image.interpretation in _GRAY or image.bands < 3
    if image.format not in _DTYPES or not (gray or image.interpretation in _RGB):
        raise ScumbleError(
            "unsupported-format",
            "{file} holds pixels of a kind that Scumble does not read ({kind}, {format}).",
            hint="Export it as RGB with 8 or 16 bits per channel.",
            file=path,
            kind=image.interpretation,
            format=image.format,
        )
    colours = 1 if gray else 3
    alpha = [image[colours]] if image.bands > colours and _has_alpha(path) else []
    bands = [image[0]] * 3 if gray else [image[0], image[1], image[2]]
    if len(bands) + len(alpha) != image.bands or gray:
        image = bands[0].bandjoin(bands[1:] + alpha)
    return image.cast("float") if image.format == "double" else image


def _has_alpha(path: Path) -> bool:
    """Whether what follows the colours is alpha: in a TIFF it can be anything."""
    with path.open("rb") as file:
        if not is_tiff(file.read(4)):
            return True
    import tifffile

    with tifffile.TiffFile(path) as tiff:
        return tuple(tiff.pages.first.extrasamples)[:1] in ((1,), (2,))


def _tiff_size(path: Path) -> tuple[int, int]:
    import tifffile

    with tifffile.TiffFile(path) as tiff:
        return tiff.pages.first.imagewidth, tiff.pages.first.imagelength


def _at_depth(image: Any, dtype: str) -> Any:
    """Rounded to another depth; libvips' cast clips what does not fit."""
    source = _WHITE[_DTYPES[image.format]]
    if source == _WHITE[dtype]:
        return image
    interpretation = _SPACES[dtype] if image.bands >= 3 else "b-w"
    scaled = (image * (_WHITE[dtype] / source)).rint().cast(_FORMATS[dtype])
    return scaled.copy(interpretation=interpretation)


def _raw(
    image: Any, size: int, stage: str, on_progress: OnProgress | None, cancel: threading.Event | None
) -> memoryview:
    """The samples of a picture in a temporary file that goes when they do."""
    use_for_temporary_files()
    # A file that is mapped cannot be removed on Windows; it is when the system cleans up.
    with tempfile.TemporaryDirectory(prefix="scumble-", ignore_cleanup_errors=True) as folder:
        if shutil.disk_usage(folder).free < size:
            raise _disk_full("the picture", f"{size / 1e6:,.0f} MB are needed")
        path = Path(folder) / "raw"
        with _watched(image, b"", stage, on_progress, cancel):
            image.rawsave(str(path))
        with path.open("rb") as file:
            return mapped(file, size)


@contextlib.contextmanager
def _watched(
    image: Any, data: Any, stage: str, on_progress: OnProgress | None, cancel: threading.Event | None
) -> Iterator[None]:
    """While `image` is computed: report, stop when asked, let mapped pages go that were read."""

    def on_eval(image: Any, progress: Any) -> None:
        release(data)
        if on_progress is not None:
            on_progress(Progress(int(progress.percent), 100, stage, float(progress.eta)))
        if cancel is not None and cancel.is_set():
            image.set_kill(True)

    image.set_progress(True)
    image.signal_connect("eval", on_eval)
    yield  # and the image lives as long as this: libvips calls back into it


def _with_metadata(vips: Any, image: Any, pixels: Pixels, like: Any, kind: str, notes: list[str]) -> Any:
    """Profile, resolution and, where libvips writes it, EXIF."""
    image = image.copy(xres=like.xres, yres=like.yres)
    if pixels.profile:
        image.set_type(vips.GValue.blob_type, "icc-profile-data", bytes(pixels.profile))
    fields = [name for name in like.get_fields() if name.startswith("exif-ifd")]
    if kind == "TIFF":
        if fields:
            notes.append("The EXIF data was left out: it is not written to large TIFF files.")
        return image
    if fields:
        image.set_type(vips.GValue.blob_type, "exif-data", like.get("exif-data"))
        image.set_type(vips.GValue.gint_type, "orientation", 1)
    for name in fields:
        left_out = name.startswith("exif-ifd1-") or name.endswith("-Orientation")
        if not left_out and metadata.REVERSAL not in str(like.get(name)):
            image.set_type(vips.GValue.gstr_type, name, like.get(name))
    return image


def _disk_full(what: object, detail: str) -> ScumbleError:
    return ScumbleError(
        "disk-full",
        "There is no room on the disk for {what}.",
        hint="Free some space, or set SCUMBLE_SPOOL_DIR to a folder on a larger disk.",
        detail=detail,
        what=what,
    )


@contextlib.contextmanager
def _explained(vips: Any, path: Path, code: str) -> Iterator[None]:
    """What libvips raises, as one ScumbleError."""
    try:
        yield
    except vips.Error as error:
        detail = f"{error.message} {error.detail}".strip()
        if "killed" in detail.lower():
            raise ScumbleError("cancelled", "The job was cancelled.") from error
        if "No space left" in detail:
            raise _disk_full(path, detail) from error
        if code == "cannot-write":
            message, hint = "{file} cannot be written.", "Choose another folder or format."
        else:
            message = "{file} is damaged or cut short and cannot be decoded."
            hint = "Open it in the program that made it and save it again."
        raise ScumbleError(code, message, hint=hint, detail=detail, file=path) from error
