"""A layer as a small picture: 8-bit BGRA, in the layer's own colour space."""

from __future__ import annotations

import functools
import math
import struct
from array import array
from typing import Any, List

from scumble import Bounds, Extent, PixelFormat, Pixels

from .qt import Qt, QtGui

STYLE_SIDE = 1024
MOST_READ = 32_000_000
"""Pixels that are looked at for a small picture; of more, fewer rows are taken."""
MOST_CONVERTED = 2_000_000
"""The same of floats, which are looked up one by one: a quarter of a second."""
STRIP_ROWS = 64
_BGRA = PixelFormat("u8", "BGRA")
_WORDS = {1: "B", 2: "H", 4: "I", 8: "Q"}


def scaled(node: Any, bounds: Bounds, pixel_format: PixelFormat, side: int) -> Pixels:
    """A part of a layer, scaled down so that neither side is longer than `side`.

    Of whole numbers every pixel counts, up to `MOST_READ`: a preview is as near to the result as its copy is
    to the mean of the pixels. Of floats one in some does, beyond `MOST_CONVERTED`.
    """
    longest = max(bounds.width, bounds.height)
    factor = min(1.0, side / longest)
    extent = Extent(max(1, round(bounds.width * factor)), max(1, round(bounds.height * factor)))
    if pixel_format.dtype[0] == "u":
        return pixels_of(_averaged(node, bounds, pixel_format, extent))
    step = math.ceil(math.sqrt(bounds.area / MOST_CONVERTED))
    sampled = Extent(len(range(step // 2, bounds.width, step)), len(range(step // 2, bounds.height, step)))
    if sampled.is_empty:  # a line thinner than the step
        sampled = Extent(max(1, sampled.width), max(1, sampled.height))
    picture = image_of(Pixels(sampled, _BGRA, _sample(node, bounds, pixel_format, step, sampled)))
    narrow = resized(picture, Extent(extent.width, sampled.height))
    return pixels_of(_lowered(narrow, extent))


def image_of(pixels: Pixels) -> Any:
    """A QImage over 8-bit BGRA pixels; it does not outlive them."""
    width, height = pixels.extent
    image = QtGui.QImage(bytes(pixels.view()), width, height, 4 * width, QtGui.QImage.Format.Format_ARGB32)
    return image.copy()


def pixels_of(image: Any) -> Pixels:
    """The pixels of a QImage as 8-bit BGRA."""
    image = image.convertToFormat(QtGui.QImage.Format.Format_ARGB32)
    extent = Extent(image.width(), image.height())
    return Pixels(extent, _BGRA, image.constBits().asstring(_BGRA.byte_count(extent)))


def as_format(image: Any, pixel_format: PixelFormat) -> bytes:
    """The pixels of a QImage in the format of a layer."""
    data = pixels_of(image if pixel_format.channels == "BGRA" else image.rgbSwapped()).view()
    if pixel_format.channels == "GRAYA":
        pairs = bytearray(2 * image.width() * image.height())
        pairs[0::2] = grays(image)
        pairs[1::2] = data[3::4]
        data = memoryview(pairs)
    return _widened(bytes(data), pixel_format.dtype)


def grays(image: Any) -> bytes:
    """How light each pixel of a QImage is, one byte each."""
    gray = image.convertToFormat(QtGui.QImage.Format.Format_Grayscale8)
    stride, (width, height) = gray.bytesPerLine(), (image.width(), image.height())
    rows = gray.constBits().asstring(stride * height)
    return b"".join(rows[y * stride : y * stride + width] for y in range(height))


def _widened(data: bytes, dtype: str) -> bytes:
    """8-bit samples in another depth: one table for each byte of the wider sample."""
    if dtype == "u8":
        return data
    scale, code = {"u16": (257, "H"), "f16": (1 / 255, "e"), "f32": (1 / 255, "f")}[dtype]
    values = struct.pack("<256" + code, *(scale * value for value in range(256)))
    size = struct.calcsize(code)
    out = bytearray(size * len(data))
    for place in range(size):
        out[place::size] = data.translate(values[place::size])
    return bytes(out)


def resized(image: Any, extent: Extent) -> Any:
    """A QImage of that size."""
    if (image.width(), image.height()) == tuple(extent):
        return image
    return image.scaled(
        *extent, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    )


def _averaged(node: Any, bounds: Bounds, pixel_format: PixelFormat, extent: Extent) -> Any:
    """A QImage of that size: the means over the layer's pixels, or over those of one row in some."""
    every = max(1, math.ceil(bounds.area / MOST_READ))
    count = 1 if every > 1 else STRIP_ROWS
    rows: List[bytes] = []
    for top in range(0, bounds.height, max(every, count)):
        y, high = min(top + every // 2, bounds.height - 1), min(count, bounds.height - top)
        data = bytes(node.projectionPixelData(bounds.x, bounds.y + y, bounds.width, high))
        part = image_of(Pixels(Extent(bounds.width, high), _BGRA, to_bgra(data, pixel_format)))
        rows.append(bytes(pixels_of(resized(part, Extent(extent.width, high))).view()))
    data = b"".join(rows)
    read = Extent(extent.width, len(data) // (4 * extent.width))
    return _lowered(image_of(Pixels(read, _BGRA, data)), extent)


def _lowered(narrow: Any, extent: Extent) -> Any:
    """A QImage whose width is that already, with its height reduced.

    As a negative: Qt cuts fractions off, and the second loss makes up for that of the width.
    """
    return _negative(resized(_negative(narrow), extent))


def _negative(image: Any) -> Any:
    negative = image.convertToFormat(QtGui.QImage.Format.Format_ARGB32)
    negative.invertPixels(QtGui.QImage.InvertMode.InvertRgb)
    return negative


def _sample(node: Any, bounds: Bounds, pixel_format: PixelFormat, step: int, sampled: Extent) -> bytes:
    """Every `step`-th pixel of every `step`-th row, as 8-bit BGRA."""
    first = min(step // 2, bounds.width - 1)
    rows: List[bytes] = []
    for row in range(sampled.height):
        y = bounds.y + min(step // 2 + row * step, bounds.height - 1)
        data = bytes(node.projectionPixelData(bounds.x, y, bounds.width, 1))
        rows.append(_every(data, pixel_format.bytes_per_pixel, first, step))
    return to_bgra(b"".join(rows), pixel_format)


def _every(data: bytes, size: int, first: int, step: int) -> bytes:
    if size in _WORDS:
        return array(_WORDS[size], data)[first::step].tobytes()
    halves = memoryview(data).cast("Q")  # 16 bytes a pixel
    out = array("Q", bytes(size * len(range(first, len(data) // size, step))))
    out[0::2] = array("Q", halves[2 * first :: 2 * step].tobytes())
    out[1::2] = array("Q", halves[2 * first + 1 :: 2 * step].tobytes())
    return out.tobytes()


def to_bgra(data: bytes, pixel_format: PixelFormat) -> bytes:
    """Pixels as 8-bit BGRA."""
    if pixel_format.dtype == "u16":
        data = data[1::2]  # little-endian: the high byte
    elif pixel_format.dtype != "u8":
        if pixel_format.dtype == "f32":  # the upper half, which has more digits than 8 bits need
            upper = bytearray(len(data) // 2)
            upper[0::2], upper[1::2] = data[2::4], data[3::4]
            data = bytes(upper)
        data = bytes(map(_levels(pixel_format.dtype).__getitem__, array("H", data)))
    if pixel_format.channels == "BGRA":
        return data
    out = bytearray(4 * (len(data) // pixel_format.channel_count))
    order = (2, 1, 0, 3) if pixel_format.channels == "RGBA" else (0, 0, 0, 1)
    for channel, source in enumerate(order):
        out[channel::4] = data[source :: pixel_format.channel_count]
    return bytes(out)


@functools.lru_cache(maxsize=2)
def _levels(dtype: str) -> bytes:
    """The 8-bit level of each half float, or of all floats that begin with the same 16 bits."""
    if dtype == "f16":
        values = struct.unpack("<65536e", array("H", range(65536)).tobytes())
    else:
        middles = array("I", range(0x8000, 1 << 32, 1 << 16))
        values = struct.unpack("<65536f", middles.tobytes())
    # What is no number becomes 0 as well.
    return bytes([int(v * 255 + 0.5) if 0.0 < v < 1.0 else 255 if v >= 1.0 else 0 for v in values])
