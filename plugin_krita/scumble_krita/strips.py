"""Layers are read and written in strips: a whole one at once would be in memory twice."""

from __future__ import annotations

from typing import Any, Callable, Iterator, Optional

from scumble import Bounds, PixelFormat, Pixels
from scumble.pixels.layer_memory import LayerMemory

from .qt import QtCore

STRIP_BYTES = 16 << 20


def strips(bounds: Bounds, pixel_format: PixelFormat) -> Iterator[Bounds]:
    """Full-width parts of `bounds` of at most `STRIP_BYTES`, or one row, each."""
    return bounds.strips(max(1, STRIP_BYTES // max(1, bounds.width * pixel_format.bytes_per_pixel)))


def read(
    node: Any,
    bounds: Bounds,
    pixel_format: PixelFormat,
    on_strip: Optional[Callable[[float], None]] = None,
) -> Pixels:
    """A layer as it looks on its own, with its masks; `on_strip` gets how much is done, 0 to 1."""
    memory = LayerMemory(pixel_format.byte_count(bounds.extent))
    for strip in strips(bounds, pixel_format):
        memory.append(bytes(node.projectionPixelData(*strip)))
        if on_strip is not None:
            on_strip((strip.bottom - bounds.y) / bounds.height)
    return Pixels(bounds.extent, pixel_format, memory.finish())


def write(node: Any, bounds: Bounds, pixels: Pixels) -> None:
    """Put pixels of the size of `bounds` into a layer."""
    view, offset = pixels.view(), 0
    for strip in strips(bounds, pixels.format):
        size = pixels.format.byte_count(strip.extent)
        node.setPixelData(QtCore.QByteArray(bytes(view[offset : offset + size])), *strip)
        offset += size


def erase(node: Any, bounds: Bounds, pixel_format: PixelFormat) -> None:
    """Take the pixels of a layer away; `pixel_format` is that of the layer."""
    for strip in strips(bounds, pixel_format):
        node.setPixelData(QtCore.QByteArray(bytes(pixel_format.byte_count(strip.extent))), *strip)
