#!/usr/bin/env python3
"""Measure what --stroke-size does, and write the table of docs/styles.md.

    python tools/stroke_scale.py [--write]

Over the example photos and some styles of the library: the centroid of the spectrum of what a style adds
to the photo, which falls as strokes grow, and how much of the photo's finest structure is in the result.
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
from built_in import signals_of
from page import put, table
from PIL import Image, ImageFilter

from scumble_models.look import Look
from scumble_models.registry import load_model
from scumble_models.stylize import stylize

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "styles.md"
STYLES = ("swirls", "irises", "linocut", "tesserae", "sainte-victoire")
SIZES = (0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)


@click.command()
@click.option("--write", is_flag=True, help="Put the table into docs/styles.md.")
def main(write: bool) -> None:
    """Measure, and print the table."""
    model = load_model("microast", "cpu")
    photos = [
        np.asarray(Image.open(path).convert("RGB"))
        for path in sorted((ROOT / "examples" / "photos").glob("*.jpg"))
    ]
    found = {size: ([], []) for size in SIZES}
    for name in STYLES:
        signals = [(signals_of(model, name), 1.0)]
        for photo in photos:
            for size, (centroids, likenesses) in found.items():
                result = stylize(model, photo, "RGB", signals, look=Look(stroke_size=size))
                centroids.append(centroid(light(result) - light(photo)))
                likenesses.append(likeness(light(result), light(photo)))
    plain = np.mean(found[1.0][0])
    rows = [
        [f"{size:g}", f"{np.mean(c):.3f}", f"{plain / np.mean(c):.2f}", f"{np.mean(k):.2f}"]
        for size, (c, k) in found.items()
    ]
    header = [
        "`--stroke-size`",
        "centroid, cycles per pixel",
        "centroid of size 1, divided by it",
        "likeness of the finest structure to the photo's",
    ]
    text = table(header, rows)
    click.echo(text)
    if write:
        put(PAGE, "stroke sizes", text)


def light(image: np.ndarray) -> np.ndarray:
    """Lightness of a picture, 0 to 255."""
    return np.asarray(Image.fromarray(image).convert("L"), float)


def centroid(values: np.ndarray) -> float:
    """Mean spatial frequency in cycles per pixel, weighted by amplitude."""
    spectrum = np.abs(np.fft.rfft2(values - values.mean()))
    down, across = np.fft.fftfreq(values.shape[0])[:, None], np.fft.rfftfreq(values.shape[1])[None]
    return float((spectrum * np.hypot(down, across)).sum() / spectrum.sum())


def likeness(result: np.ndarray, photo: np.ndarray) -> float:
    """Correlation of what a blur of one pixel takes away: 1 where every edge and hair is still there."""
    fine = []
    for values in (result, photo):
        image = Image.fromarray(values.astype(np.uint8))
        fine.append((values - np.asarray(image.filter(ImageFilter.GaussianBlur(1)), float)).ravel())
    return float(np.corrcoef(*fine)[0, 1])


if __name__ == "__main__":
    main()
