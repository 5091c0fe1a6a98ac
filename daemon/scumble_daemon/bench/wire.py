"""The way of a layer through client, daemon and worker and back, when nothing is computed."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

from scumble import Client, Extent, PixelFormat, Pixels


@dataclass(frozen=True)
class Wire:
    """Medians in seconds: of the whole way, and of copying the layer twice in memory."""

    width: int
    height: int
    seconds: float
    two_copies: float


def measure_wire(client: Client, width: int, height: int, repeats: int) -> Wire:
    """A layer of RGBA bytes with style weight 0, so that its pixels come back as they are.

    Signatures, digests and copies are in it. Both are measured in turn.
    """
    style = Pixels(Extent(8, 8), PixelFormat("u8", "RGB"), bytes(8 * 8 * 3))
    ways, copies = [], []
    for repeat in range(repeats + 1):
        # Other pixels each time, or the daemon would have them already.
        data = bytes([repeat % 256]) * (width * height * 4)
        layer = Pixels(Extent(width, height), PixelFormat("u8", "RGBA"), data)
        started = time.perf_counter()
        client.stylize(layer, style, weight=0.0)
        ways.append(time.perf_counter() - started)
        started = time.perf_counter()
        for _ in range(2):
            bytearray(data)
        copies.append(time.perf_counter() - started)
    return Wire(width, height, statistics.median(ways[1:]), statistics.median(copies[1:]))
