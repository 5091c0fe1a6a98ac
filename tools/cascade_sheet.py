#!/usr/bin/env python3
"""Make docs/images/cascade.jpg: one photo at several resolutions, painted; whole above, at 100% below.

    python tools/cascade_sheet.py [PHOTO] [--style starry-night] [--megapixels 0.6 2 12 50]

The photo is scaled to each size, so the same picture is seen with more and more pixels. Prints how far each
result, scaled down, is from what a preview of it shows.
"""

from __future__ import annotations

import math
from pathlib import Path

import click
import numpy as np
from built_in import signals_of
from PIL import Image
from preview_difference import SEEN, area_mean
from stroke_scale import fitting, painted

from scumble_models.allocation import keep_freed_memory
from scumble_models.look import Look
from scumble_models.registry import load_model

ROOT = Path(__file__).parents[1]
CELL, GAP = (400, 300), 6


@click.command()
@click.argument("photo", default=ROOT / "examples" / "photos" / "coffee.jpg", type=click.Path(path_type=Path))
@click.option("--style", default="starry-night", show_default=True)
@click.option("--megapixels", multiple=True, type=float, default=(0.6, 2.0, 12.0, 50.0), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=ROOT / "docs" / "images" / "cascade.jpg")
def main(photo: Path, style: str, megapixels: tuple[float, ...], out: Path) -> None:
    """Paint the photo at each size, and lay the sheet out."""
    keep_freed_memory()
    model = load_model("microast")
    styles = [(signals_of(model, style), 1.0)]
    original = Image.open(photo).convert("RGB")
    sheet = Image.new(
        "RGB", (len(megapixels) * (CELL[0] + GAP) + GAP, 2 * (CELL[1] + GAP) + GAP), (255, 255, 255)
    )
    for column, size in enumerate(megapixels):
        scale = math.sqrt(size * 1e6 / (original.width * original.height))
        large = original.resize(
            (round(original.width * scale), round(original.height * scale)), Image.Resampling.LANCZOS
        )
        preview = painted(model, area_mean(large, fitting(large, SEEN)), styles, Look())
        result = painted(model, large, styles, Look())
        off = np.abs(
            np.asarray(area_mean(result, fitting(result, SEEN)), float) - np.asarray(preview, float)
        ).mean()
        click.echo(f"{size:g} MP: {off:.2f} of 255 from the preview")
        x = GAP + column * (CELL[0] + GAP)
        whole = result.resize(_fitting(result, CELL[0]), Image.Resampling.LANCZOS)
        sheet.paste(whole, (x, GAP))
        left, top = round(result.width * 0.45), round(result.height * 0.2)
        left, top = min(left, result.width - CELL[0]), min(top, result.height - CELL[1])
        sheet.paste(result.crop((left, top, left + CELL[0], top + CELL[1])), (x, 2 * GAP + CELL[1]))
    out.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(out, quality=86)
    click.echo(str(out))


def _fitting(image: Image.Image, long_side: int) -> tuple[int, int]:
    scale = long_side / max(image.size)
    return round(image.width * scale), round(image.height * scale)


if __name__ == "__main__":
    main()
