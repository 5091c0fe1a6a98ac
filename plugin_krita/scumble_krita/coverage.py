"""A selection into an alpha channel, with the standard library and not a pixel more than needed."""

from __future__ import annotations

import re
import struct
from typing import Optional

from scumble import Bounds, Extent, Pixels

# Where nothing is selected, and where an edge is soft; what is selected in full stays as it is.
_NOTHING, _SOFT = re.compile(rb"\x00+"), re.compile(rb"[^\x00\xff]")
_CODES = {"u8": "<B", "u16": "<H", "f16": "<e", "f32": "<f"}


def into_alpha(pixels: Pixels, coverage: bytes, extent: Extent, region: Optional[Bounds]) -> Pixels:
    """The pixels with their alpha multiplied by the coverage.

    `coverage` has one byte for each pixel of `extent`, of which `pixels` is the part `region`.
    """
    area = Bounds.of(extent) if region is None else region
    size, sample = pixels.format.bytes_per_pixel, struct.Struct(_CODES[pixels.format.dtype])
    whole = pixels.format.dtype[0] == "u"
    data, view = bytearray(pixels.view()), memoryview(coverage)
    for row in range(area.height):
        start = (area.y + row) * extent.width + area.x
        line = bytes(view[start : start + area.width])
        origin = row * area.width * size
        for run in _NOTHING.finditer(line):
            first, last = origin + run.start() * size, origin + run.end() * size
            data[first:last] = bytes(last - first)
        for match in _SOFT.finditer(line):
            at = origin + (match.start() + 1) * size - sample.size
            alpha = sample.unpack_from(data, at)[0] * match.group()[0] / 255
            sample.pack_into(data, at, int(alpha + 0.5) if whole else alpha)
    return Pixels(pixels.extent, pixels.format, data)


def moved(coverage: bytes, area: Bounds, to: Bounds) -> bytes:
    """The coverage of `area` as that of `to`, both in the image's coordinates: 0 where `area` has none."""
    both, out = area.intersect(to), bytearray(to.area)
    for y in range(both.y, both.bottom):
        source = (y - area.y) * area.width + both.x - area.x
        place = (y - to.y) * to.width + both.x - to.x
        out[place : place + both.width] = coverage[source : source + both.width]
    return bytes(out)
