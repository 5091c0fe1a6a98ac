#!/usr/bin/env python3
"""Make docs/images/gallery.jpg: photos in six built-in styles, and gallery-gray.jpg, the same without colour.

With another engine it is gallery-ENGINE.jpg.

python tools/gallery.py [--engine microast] [--out docs/images] [STYLE...]
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
from built_in import picture_of, signals_of
from PIL import Image, ImageOps

from scumble_models.registry import load_model
from scumble_models.stylize import stylize

ROOT = Path(__file__).parents[1]
STYLES = ("starry-night", "great-wave", "scream", "linocut", "stained-glass", "grande-jatte")
CELL = (300, 225)
GAP = 6


@click.command()
@click.argument("styles", nargs=-1)
@click.option("--engine", default="microast", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=ROOT / "docs" / "images")
def main(styles: tuple[str, ...], engine: str, out: Path) -> None:
    """Stylize at twice the cell's size, as a picture on a page is seen, and lay the sheets out."""
    model, styles = load_model(engine), styles or STYLES
    photos = [Image.open(p).convert("RGB") for p in sorted((ROOT / "examples" / "photos").glob("*.jpg"))]
    columns, rows = len(photos) + 1, len(styles) + 1
    size = (columns * (CELL[0] + GAP) + GAP, rows * (CELL[1] + GAP) + GAP)
    sheet = Image.new("RGB", size, "white")
    for column, photo in enumerate(photos, 1):
        _place(sheet, photo, column, 0)
    for row, style in enumerate(styles, 1):
        _place(sheet, picture_of(style), 0, row)
        signals = signals_of(model, style)
        for column, photo in enumerate(photos, 1):
            large = ImageOps.fit(photo, (CELL[0] * 2, CELL[1] * 2), Image.Resampling.LANCZOS)
            result = stylize(model, np.asarray(large), "RGB", [(signals, 1.0)])
            _place(sheet, Image.fromarray(np.asarray(result)), column, row)
    out.mkdir(parents=True, exist_ok=True)
    made = {"gallery.jpg": sheet, "gallery-gray.jpg": sheet.convert("L")}
    for name, picture in (made if engine == "microast" else {f"gallery-{engine}.jpg": sheet}).items():
        picture.save(out / name, quality=86)
        click.echo(str(out / name))


def _place(sheet: Image.Image, picture: Image.Image, column: int, row: int) -> None:
    cell = ImageOps.fit(picture, CELL, Image.Resampling.LANCZOS)
    sheet.paste(cell, (GAP + column * (CELL[0] + GAP), GAP + row * (CELL[1] + GAP)))


if __name__ == "__main__":
    main()
