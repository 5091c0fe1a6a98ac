#!/usr/bin/env python3
"""Make docs/images/gallery.jpg: every bundled photo in every bundled style, with the default weights.

python tools/gallery.py [--engine microast] [--out docs/images/gallery.jpg]
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
from PIL import Image, ImageOps

from scumble_models.registry import load_model
from scumble_models.stylize import encode_style, stylize

ROOT = Path(__file__).parents[1]
CELL = (300, 225)
GAP = 6


@click.command()
@click.option("--engine", default="microast", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=ROOT / "docs" / "images" / "gallery.jpg")
def main(engine: str, out: Path) -> None:
    """Stylize at twice the cell's size, as a picture on a page is seen, and lay the sheet out."""
    model = load_model(engine)
    photos, styles = (
        [Image.open(path).convert("RGB") for path in sorted((ROOT / "examples" / kind).glob("*.jpg"))]
        for kind in ("photos", "styles")
    )
    columns, rows = len(photos) + 1, len(styles) + 1
    size = (columns * (CELL[0] + GAP) + GAP, rows * (CELL[1] + GAP) + GAP)
    sheet = Image.new("RGB", size, "white")
    for column, photo in enumerate(photos, 1):
        _place(sheet, photo, column, 0)
    for row, style in enumerate(styles, 1):
        _place(sheet, style, 0, row)
        signals = encode_style(model, np.asarray(style), "RGB")
        for column, photo in enumerate(photos, 1):
            large = ImageOps.fit(photo, (CELL[0] * 2, CELL[1] * 2), Image.Resampling.LANCZOS)
            result = stylize(model, np.asarray(large), "RGB", [(signals, 1.0)])
            _place(sheet, Image.fromarray(result), column, row)
    out.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(out, quality=88)
    click.echo(str(out))


def _place(sheet: Image.Image, picture: Image.Image, column: int, row: int) -> None:
    cell = ImageOps.fit(picture, CELL, Image.Resampling.LANCZOS)
    sheet.paste(cell, (GAP + column * (CELL[0] + GAP), GAP + row * (CELL[1] + GAP)))


if __name__ == "__main__":
    main()
