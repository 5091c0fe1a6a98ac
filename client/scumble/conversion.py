"""Whatever a script calls an image, as Pixels. NumPy and Pillow are used when present."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, List, Sequence, Tuple, Union

from .errors import ScumbleError
from .pixels.geometry import Extent
from .pixels.layer_memory import copy_of
from .pixels.pixels import PixelFormat, Pixels
from .request import StyleSource, StyleWeight

LayerLike = Union[Pixels, str, "os.PathLike[str]", Any]
StyleLike = Union[StyleSource, Pixels, bytes, str, "os.PathLike[str]", Any]

_ARRAY_DTYPES = {"uint8": "u8", "uint16": "u16", "float16": "f16", "float32": "f32"}
_BY_COUNT = {1: "GRAY", 2: "GRAYA", 3: "RGB", 4: "RGBA"}
_PIL_MODES = {"L": "GRAY", "LA": "GRAYA", "RGB": "RGB", "RGBA": "RGBA"}


def as_pixels(layer: LayerLike) -> Pixels:
    """Pixels of a path, a PIL image, a NumPy array (HxW, HxWxC) or Pixels.

    Raises ScumbleError `file-missing`, `not-an-image`, `bad-pixels`, or `no-pillow` for a path where
    Pillow is not installed.
    """
    if isinstance(layer, Pixels):
        return layer
    if isinstance(layer, (str, os.PathLike)):
        return _read(Path(layer))
    if _is_pillow(layer):
        return _from_pillow(layer)
    if hasattr(layer, "__array_interface__"):
        return _from_array(layer)
    raise ScumbleError(
        "bad-pixels",
        "A {type} is not an image.",
        hint="Give a path, Pixels, a PIL image or a NumPy array.",
        type=type(layer).__name__,
    )


def as_given(layer: LayerLike, pixels: Pixels) -> Any:
    """Pixels as what a layer was given as: a PIL image, or an array with as many axes; else as they are.

    Raises as `Pixels.to_pillow`.
    """
    if _is_pillow(layer):
        return pixels.to_pillow()
    if isinstance(layer, (Pixels, str, os.PathLike)):
        return pixels
    array = to_array(pixels)
    array = array if array.flags.writeable else array.copy()
    return array if layer.ndim == 3 else array[..., 0]


def as_styles(style: Union[StyleLike, Sequence[Tuple[StyleLike, float]]]) -> Tuple[StyleWeight, ...]:
    """The styles of a request from one style, or from (style, weight) pairs.

    Raises ScumbleError `bad-style`, `file-missing`, `is-a-directory` and as :func:`as_pixels`.
    """
    if isinstance(style, (list, tuple)):
        mix: List[StyleWeight] = []
        for pair in style:
            if not isinstance(pair, (list, tuple)) or len(pair) != 2:
                raise ScumbleError("bad-style", "A mix of styles is a list of (style, weight).")
            mix.append(StyleWeight(_style_source(pair[0]), pair[1]))
        return tuple(mix)
    return (StyleWeight(_style_source(style)),)


def to_array(pixels: Pixels) -> Any:
    """A NumPy array (H, W, C) over the pixels' own memory."""
    import numpy as np

    return np.asarray(pixels)


def _is_pillow(layer: object) -> bool:
    return hasattr(layer, "getbands") and hasattr(layer, "tobytes")


def _style_source(style: StyleLike) -> StyleSource:
    if isinstance(style, StyleSource):
        return style
    if isinstance(style, (bytes, bytearray, memoryview)):
        return StyleSource(file=bytes(style))
    if isinstance(style, str) and _is_name(style) and not Path(style).exists():
        return StyleSource(library=style)
    if isinstance(style, (str, os.PathLike)):
        # The file itself goes to the daemon, which decodes it and knows it again by its hash.
        return StyleSource(file=_read_bytes(Path(style)))
    return StyleSource(pixels=as_pixels(style))


def _is_name(text: str) -> bool:
    return not any(mark in text for mark in "/\\.\0")


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ScumbleError("file-missing", "There is no file {file}.", file=path) from error
    except IsADirectoryError as error:
        raise ScumbleError("is-a-directory", "{file} is a directory.", file=path) from error
    except (OSError, ValueError) as error:
        raise ScumbleError(
            "file-unreadable", "{file} cannot be read.", detail=str(error), file=path
        ) from error


def _read(path: Path) -> Pixels:
    data = _read_bytes(path)
    try:
        from PIL import Image, ImageOps
    except ImportError as error:
        raise ScumbleError(
            "no-pillow", "Reading image files needs Pillow.", hint="pip install pillow"
        ) from error
    import io

    try:
        with Image.open(io.BytesIO(data)) as image:
            upright = ImageOps.exif_transpose(image)
            pixels = _from_pillow(upright)
    except ScumbleError:
        raise
    except Exception as error:  # decoders raise nearly anything for damaged files
        raise ScumbleError(
            "not-an-image", "{file} is not an image that can be read.", detail=str(error), file=path
        ) from error
    return pixels


def _from_pillow(image: Any) -> Pixels:
    profile = image.info.get("icc_profile")
    extent = Extent(*image.size)
    if image.mode in ("I;16", "I;16L"):
        return Pixels(extent, PixelFormat("u16", "GRAY"), image.tobytes(), profile)
    if image.mode == "F":
        return Pixels(extent, PixelFormat("f32", "GRAY"), image.tobytes(), profile)
    if image.mode not in _PIL_MODES:
        transparent = "transparency" in image.info or image.mode in ("PA", "La", "RGBa")
        image = image.convert("RGBA" if transparent else "RGB")
    return Pixels(extent, PixelFormat("u8", _PIL_MODES[image.mode]), image.tobytes(), profile)


def _from_array(array: Any) -> Pixels:
    dtype = _ARRAY_DTYPES.get(array.dtype.name)
    channels = _BY_COUNT.get(1 if array.ndim == 2 else array.shape[-1])
    if dtype is None or channels is None or array.ndim not in (2, 3):
        raise ScumbleError(
            "bad-pixels",
            "An array of {dtype} {shape} is not an image.",
            hint="Use shape (H, W, C), C from 1 to 4, of uint8, uint16, float16 or float32.",
            dtype=array.dtype.name,
            shape=array.shape,
        )
    little_endian = array.astype(array.dtype.newbyteorder("<"), order="C", copy=False)
    extent = Extent(array.shape[1], array.shape[0])
    data = copy_of(little_endian.reshape(-1).view("uint8").data)
    return Pixels(extent, PixelFormat(dtype, channels), data)
