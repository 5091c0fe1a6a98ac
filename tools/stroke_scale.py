#!/usr/bin/env python3
"""Measure what --stroke-size does, and write the table of docs/styles.md.

    python tools/stroke_scale.py [--write]

Over two of the example photos, enlarged to 1280 pixels, and some styles of the library, with the picture seen
whole (reduced to 640 pixels): the centroid of the spectrum, which falls as strokes grow. Once that of what a
style adds to the photo, by amplitude, in which fine texture counts most; once that of the painting, by power
and without what is wider than 64 pixels, in which marks count most. And how far a preview is from the result.
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
from built_in import signals_of
from page import put, table
from PIL import Image

from scumble.editing.estimate import preview_side
from scumble_models.look import Look
from scumble_models.registry import StyleModel, load_model
from scumble_models.signals import StyleSignals
from scumble_models.stylize import stylize

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "styles.md"
STYLES = ("starry-night", "linocut", "watercolour")
SIZES = (0.25, 0.5, 1.0, 2.0, 4.0)
PHOTOS = ("astronaut.jpg", "coffee.jpg")
LONG_SIDE, SEEN = 1280, 640
#: What is wider, in pixels, is the photo's own tones.
WIDEST_MARK = 64


@click.command()
@click.option("--write", is_flag=True, help="Put the table into docs/styles.md.")
def main(write: bool) -> None:
    """Measure, and print the table."""
    model = load_model("microast", "cpu")
    photos = [
        scaled(Image.open(ROOT / "examples" / "photos" / name).convert("RGB"), LONG_SIDE) for name in PHOTOS
    ]
    added: dict[float, list[float]] = {size: [] for size in SIZES}
    marks: dict[float, list[float]] = {size: [] for size in SIZES}
    off: dict[float, list[float]] = {size: [] for size in SIZES}
    for name in STYLES:
        signals = [(signals_of(model, name), 1.0)]
        for photo in photos:
            seen = scaled(photo, SEEN)
            for size in SIZES:
                result = painted(model, photo, signals, Look(stroke_size=size))
                small = scaled(result, SEEN)
                added[size].append(centroid(light(small) - light(seen)))
                marks[size].append(centroid_of_marks(light(small)))
                copy = scaled(photo, min(LONG_SIDE, preview_side(size)))
                preview = painted(model, copy, signals, Look(stroke_size=size)).resize(
                    small.size, Image.Resampling.BOX
                )
                off[size].append(float(np.abs(np.asarray(preview, float) - np.asarray(small, float)).mean()))
    rows = [
        [
            f"{size:g}",
            *(
                f"{np.mean(found[1.0]) / np.mean(found[size]):.2f} ({np.mean(found[size]):.3f})"
                for found in (added, marks)
            ),
            f"{np.mean(off[size]):.1f}",
        ]
        for size in SIZES
    ]
    header = [
        "`--stroke-size`, which is what the next two would ideally be",
        "centroid of size 1 divided by its own: what is added, by amplitude (cycles per pixel)",
        "the same: the painting, by power",
        "preview and result, of 255",
    ]
    text = table(header, rows)
    click.echo(text)
    if write:
        put(PAGE, "stroke sizes", text)


def scaled(image: Image.Image, long_side: int) -> Image.Image:
    """A picture brought to a long side."""
    smaller = long_side < max(image.size)
    way = Image.Resampling.BOX if smaller else Image.Resampling.LANCZOS
    return image.resize(fitting(image, long_side), way)


def fitting(image: Image.Image, long_side: int) -> tuple[int, int]:
    """The size of a picture whose long side is brought to a number of pixels."""
    scale = long_side / max(image.size)
    return round(image.width * scale), round(image.height * scale)


def painted(
    model: StyleModel, photo: Image.Image, styles: list[tuple[StyleSignals, float]], look: Look
) -> Image.Image:
    """The photo in the styles."""
    return Image.fromarray(np.asarray(stylize(model, np.asarray(photo), "RGB", styles, look=look)))


def light(image: Image.Image) -> np.ndarray:
    """Lightness of a picture, 0 to 255."""
    return np.asarray(image.convert("L"), float)


def centroid(values: np.ndarray) -> float:
    """Mean spatial frequency in cycles per pixel, weighted by amplitude."""
    spectrum = np.abs(np.fft.rfft2(values - values.mean()))
    down, across = np.fft.fftfreq(values.shape[0])[:, None], np.fft.rfftfreq(values.shape[1])[None]
    return float((spectrum * np.hypot(down, across)).sum() / spectrum.sum())


def centroid_of_marks(values: np.ndarray) -> float:
    """Mean spatial frequency in cycles per pixel, weighted by power, of all that is no wider than a mark."""
    window = np.hanning(values.shape[0])[:, None] * np.hanning(values.shape[1])[None]
    power = np.abs(np.fft.rfft2((values - values.mean()) * window)) ** 2
    frequency = np.hypot(np.fft.fftfreq(values.shape[0])[:, None], np.fft.rfftfreq(values.shape[1])[None])
    counts = frequency > 1 / WIDEST_MARK
    return float((power * frequency)[counts].sum() / power[counts].sum())


if __name__ == "__main__":
    main()
