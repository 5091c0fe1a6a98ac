"""The way of a layer through client, daemon and worker and back, when nothing is computed."""

from __future__ import annotations

import mmap
import os
import statistics
import time
from dataclasses import dataclass

import numpy as np

from scumble import Client, Extent, PixelFormat, Pixels

_PRIVATE: dict = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_PRIVATE") else {}


@dataclass(frozen=True)
class Wire:
    """Medians in seconds: of the whole way, and of copying the layer twice into fresh memory."""

    width: int
    height: int
    seconds: float
    two_copies: float


def measure_wire(client: Client, width: int, height: int, repeats: int) -> Wire:
    """An array of RGBA bytes with style weight 0, so that its pixels come back as they are.

    Signatures, digests and all copies are in it, from the caller's array to memory that the caller can read,
    but not letting that memory go. Both are measured in turn. The memory of the copies is fresh from the
    system, as that of a layer that arrives is.
    """
    style = Pixels(Extent(8, 8), PixelFormat("u8", "RGB"), bytes(8 * 8 * 3))
    ways, copies = [], []
    for _ in range(repeats + 1):
        # Other pixels each time, or the daemon would have them already.
        data = np.resize(np.frombuffer(os.urandom(4096), np.uint8), width * height * 4)
        layer = data.reshape(height, width, 4)
        started = time.perf_counter()
        result = client.stylize(layer, style, weight=0.0)
        bytes(
            result.reshape(-1)[:: mmap.PAGESIZE]
        )  # a page of shared memory is had when it is first looked at
        ways.append(time.perf_counter() - started)
        del result
        memories = [mmap.mmap(-1, data.nbytes, **_PRIVATE) for _ in range(2)]
        started = time.perf_counter()
        for memory in memories:
            memory[:] = data.data
        copies.append(time.perf_counter() - started)
        for memory in memories:
            memory.close()
    return Wire(width, height, statistics.median(ways[1:]), statistics.median(copies[1:]))
