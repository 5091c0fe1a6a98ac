"""Pixels as Pillow shows and saves them. Pillow, and for deep colours NumPy, are imported when needed."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any, Optional, Tuple, Union

from ..errors import ScumbleError
from ..files import write_whole

_MODES = {"RGBA": "RGBA", "BGRA": "RGBA", "RGB": "RGB", "GRAY": "L", "GRAYA": "LA"}
_GRAY_MODES = {"u16": "I;16", "f32": "F"}
_TYPES = {"u8": "<u1", "u16": "<u2", "f16": "<f2", "f32": "<f4"}
SHOWN = 1200
"""Longest side of a picture in a notebook."""


def type_string(dtype: str) -> str:
    """What NumPy calls that depth, as in ``<u2``."""
    return _TYPES[dtype]


def image_of(size: Tuple[int, int], dtype: str, channels: str, data: memoryview) -> Any:
    """A PIL image. Pillow has gray images of 16 bits and of floats; other deep ones come with 8 bits.

    Raises ScumbleError `no-pillow`, or `no-numpy` for depths that need it.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise ScumbleError("no-pillow", "A picture needs Pillow.", hint="pip install pillow") from error
    if channels == "GRAY" and dtype in _GRAY_MODES:
        return Image.frombytes(_GRAY_MODES[dtype], size, bytes(data))
    if dtype != "u8":
        data = _with_8_bits(dtype, data)
    mode = _MODES[channels]
    return Image.frombytes(mode, size, bytes(data), "raw", channels if channels == "BGRA" else mode)


def save(image: Any, path: Union[str, "os.PathLike[str]"], profile: Optional[bytes], options: dict) -> None:
    """Write an image file of the kind that the name says; what cannot hold transparency gets white there.

    Raises ScumbleError `cannot-write`.
    """
    from PIL import Image

    if os.fspath(path).lower().endswith((".jpg", ".jpeg", ".jpe")):
        if image.mode in ("RGBA", "LA"):
            paper = Image.new("RGBA", image.size, "white")
            paper.alpha_composite(image.convert("RGBA"))
            image = paper.convert("RGB" if image.mode == "RGBA" else "L")
        options = {"quality": 95, **options}
    if profile is not None:
        options = {"icc_profile": profile, **options}
    try:
        kind = options.pop("format", None) or Image.registered_extensions()[Path(path).suffix.lower()]
        buffer = io.BytesIO()
        image.save(buffer, kind, **options)
        write_whole(path, buffer.getvalue())
    except (OSError, ValueError, KeyError) as error:
        raise ScumbleError(
            "cannot-write", "{file} cannot be written.", detail=str(error), file=path
        ) from error


def png_of(image: Any) -> bytes:
    """The image as a PNG no longer than `SHOWN` a side."""
    if image.mode in ("F", "I;16"):
        image = image.point(lambda v: v * (255 if image.mode == "F" else 1 / 257)).convert("L")
    image.thumbnail((SHOWN, SHOWN))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _with_8_bits(dtype: str, data: memoryview) -> memoryview:
    try:
        import numpy as np
    except ImportError as error:
        raise ScumbleError(
            "no-numpy", "Colours of more than 8 bits need NumPy.", hint="pip install numpy"
        ) from error
    values = np.frombuffer(data, _TYPES[dtype]).astype(np.float32)
    if dtype == "u16":
        values = values / 65535
    return memoryview((np.nan_to_num(np.clip(values, 0, 1)) * 255 + 0.5).astype(np.uint8).tobytes())
