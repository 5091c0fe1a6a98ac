#!/usr/bin/env python3
"""Make docs/images/photo-looks.jpg: photos in the looks of other photos, all from examples/ and the contents.

python tools/photo_sheet.py [--out docs/images/photo-looks.jpg]
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
from PIL import Image, ImageOps

from scumble_models.registry import load_model
from scumble_models.stylize import encode_style, stylize

ROOT = Path(__file__).parents[1]
CONTENTS = ROOT / "models" / "scumble_models" / "learning" / "contents"
PHOTOS = ROOT / "examples" / "photos"
LOOKS = ("canyon", "desert", "dish", "rocket")
PAINTED = (PHOTOS / "astronaut.jpg", PHOTOS / "cat.jpg", CONTENTS / "arch.jpg", PHOTOS / "coffee.jpg")
SIDE, GAP = 300, 6


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=ROOT / "docs" / "images" / "photo-looks.jpg")
def main(out: Path) -> None:
    """One row a look; the first row and the first column show what went in."""
    engine, photos = load_model("photo"), [_square(path) for path in PAINTED]
    rows = [[np.full((SIDE, SIDE, 3), 255, np.uint8), *photos]]
    for name in LOOKS:
        look = _square(CONTENTS / f"{name}.jpg")
        signals = encode_style(engine, look, "RGB")
        rows.append([look, *(stylize(engine, photo, "RGB", [(signals, 1.0)]) for photo in photos)])  # type: ignore[list-item]
    padded = [
        [np.pad(cell, ((0, GAP), (0, GAP), (0, 0)), constant_values=255) for cell in row] for row in rows
    ]
    Image.fromarray(np.concatenate([np.concatenate(row, 1) for row in padded])).save(out, quality=88)
    click.echo(str(out))


def _square(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.array(ImageOps.fit(image.convert("RGB"), (SIDE, SIDE)))


if __name__ == "__main__":
    main()
