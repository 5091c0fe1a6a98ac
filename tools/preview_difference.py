#!/usr/bin/env python3
"""Measure how far a preview is from the finished picture, and write the table of docs/styles.md.

    python tools/preview_difference.py [PHOTO ...] [--megapixels 2,12,24,50] [--write]

Each photo is scaled to each size and painted; scaled down to 640 pixels, the result is compared with what a
preview paints, which is the photo at that size, or at a larger one for smaller strokes. For each engine, in
some of its styles. Half an hour on one core for all of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
import torch
from built_in import signals_of
from page import put, table
from PIL import Image
from stroke_scale import fitting, painted, scaled

from scumble.editing.estimate import preview_side
from scumble_models.allocation import keep_freed_memory
from scumble_models.cascade.scales import any_scale
from scumble_models.look import Look
from scumble_models.registry import load_model
from scumble_models.tiling.box import Box

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "styles.md"
PHOTOS = [ROOT / "examples" / "photos" / "coffee.jpg"]
#: Long side of the pictures that are compared.
SEEN = 640
ENGINES = {
    "microast": ("starry-night", "hatching"),  # the second is the worst of all
    "photo": ("red-fuji",),
    "adain": ("starry-night",),
    "artflow-wct": ("starry-night",),
}


class Numbers(click.ParamType[Sequence[float]]):
    """Numbers between commas."""

    name = "N,..."

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Sequence[float]:
        """As click has it."""
        try:
            return tuple(float(text) for text in str(value).split(","))
        except ValueError:
            self.fail(f"{value!r} are not numbers such as 2,12.", param, ctx)


@click.command()
@click.argument("photos", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option("--megapixels", type=Numbers(), default="2,12,24,50", show_default=True)
@click.option(
    "--engine", "engines", multiple=True, type=click.Choice(list(ENGINES)), help="All when left out."
)
@click.option(
    "--style", "styles", multiple=True, help="In place of some for each engine; may be given again."
)
@click.option("--stroke-size", type=float, default=1.0, show_default=True)
@click.option("--write", is_flag=True, help="Put the table into docs/styles.md.")
def main(
    photos: tuple[Path, ...],
    megapixels: Sequence[float],
    engines: tuple[str, ...],
    styles: tuple[str, ...],
    stroke_size: float,
    write: bool,
) -> None:
    """Measure, and print the table."""
    keep_freed_memory()
    look, rows = Look(stroke_size=stroke_size), []
    for engine in engines or tuple(ENGINES):
        model = load_model(engine, "cpu")
        for name in styles or ENGINES[engine]:
            signals = [(signals_of(model, name), 1.0)]
            found: dict[float, list[float]] = {size: [] for size in megapixels}
            for path in photos or PHOTOS:
                original = Image.open(path).convert("RGB")
                for size in megapixels:
                    longer = max(original.size) * math.sqrt(size * 1e6 / (original.width * original.height))
                    photo = scaled(original, round(longer))
                    copy = area_mean(photo, fitting(photo, min(max(photo.size), preview_side(stroke_size))))
                    pictures = [painted(model, picture, signals, look) for picture in (copy, photo)]
                    seen = fitting(photo, SEEN)
                    preview, result = (np.asarray(area_mean(picture, seen), float) for picture in pictures)
                    found[size].append(float(np.abs(preview - result).mean()))
                    click.echo(f"{engine}, {name}, {path.stem}, {size:g} MP: {found[size][-1]:.2f}", err=True)
            cells = (f"{np.mean(values):.1f} ({max(values):.1f})" for values in found.values())
            rows.append([f"`{engine}`, {name}", *cells])
    text = table(["mean of 255 (worst photo)", *(f"{size:g} MP" for size in megapixels)], rows)
    click.echo(text)
    if write:
        put(PAGE, "preview and result", text)


def area_mean(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """A picture scaled down to a width and height: the mean over each pixel's area.

    Pillow's box filter takes whole pixels only: at 2.2 times that is 1 of 255 off, which some styles enlarge.
    """
    width, height = size
    scale = any_scale(Box(0, 0, *image.size), Box(0, 0, width, height))
    small = np.empty((height, width, 3), np.uint8)
    for cells in scale.coarse.tiles(128):
        pixels = scale.pixels_of(cells)
        part = torch.from_numpy(np.array(image.crop(pixels))).permute(2, 0, 1)[None].float()
        small[cells.slices()] = scale.reduce(part, pixels, cells)[0].permute(1, 2, 0).round().byte().numpy()
    return Image.fromarray(small)


if __name__ == "__main__":
    main()
