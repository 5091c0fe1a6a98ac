"""Previews: how soon one comes, and whether they keep up with a slider."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

import numpy as np

from scumble import (
    Client,
    Extent,
    PixelFormat,
    Pixels,
    ScumbleError,
    StyleSource,
    StyleWeight,
    StylizeRequest,
)
from scumble_bench.pictures import STYLE_SIDE, photo

#: A small preview, a photo of 3:2 as editors show it, and the most that a preview can be.
SIZES = ((512, 341), (640, 427), (640, 640))
CHANGES_PER_S = 30
SWEEP_S = 4.0


@dataclass(frozen=True)
class Preview:
    """What previews of one size take.

    Attributes:
        seconds: median of one, style known, layer new to the daemon.
        again: median when only the weight of the style changes.
        changes: how often the slider moved in the sweep.
        answered: how many of these were answered before the next one came and cancelled them.
        last: seconds from the last change to its picture.
    """

    width: int
    height: int
    seconds: float
    again: float
    changes: int
    answered: int
    last: float


def measure_preview(client: Client, width: int, height: int, repeats: int) -> Preview:
    """Ask for previews one by one, then move a slider `CHANGES_PER_S` times a second, newest wins."""
    style = StyleSource(pixels=_pixels(photo(STYLE_SIDE, STYLE_SIDE, 2)))
    layers = [_pixels(photo(width, height, 3 + number)) for number in range(repeats + 1)]
    firsts = [_seconds(client, layer, style, 0.5) for layer in layers]
    weights = [0.5 + 0.4 * number / len(layers) for number in range(1, len(layers))]
    again = [_seconds(client, layers[0], style, weight) for weight in weights]
    medians = statistics.median(firsts[1:]), statistics.median(again)
    return Preview(width, height, *medians, *_sweep(client, layers[0], style))


def _sweep(client: Client, layer: Pixels, style: StyleSource) -> tuple[int, int, float]:
    changes, answered = round(CHANGES_PER_S * SWEEP_S), 0
    begun = time.perf_counter()
    for change in range(1, changes):
        job = client.submit(_request(layer, style, change / changes), urgent=True)
        try:
            job.result(max(0.0, begun + change / CHANGES_PER_S - time.perf_counter()))
            answered += 1
        except ScumbleError as error:
            if error.code != "timeout":
                raise
            job.cancel()
        time.sleep(max(0.0, begun + change / CHANGES_PER_S - time.perf_counter()))
    last = _seconds(client, layer, style, 1.0)
    return changes, answered + 1, last


def _seconds(client: Client, layer: Pixels, style: StyleSource, weight: float) -> float:
    started = time.perf_counter()
    client.submit(_request(layer, style, weight), urgent=True).result()
    return time.perf_counter() - started


def _request(layer: Pixels, style: StyleSource, weight: float) -> StylizeRequest:
    return StylizeRequest(layer, (StyleWeight(style),), weight=weight)


def _pixels(array: np.ndarray) -> Pixels:
    height, width = array.shape[:2]
    return Pixels(Extent(width, height), PixelFormat("u8", "RGB"), array.tobytes())
