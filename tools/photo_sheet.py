#!/usr/bin/env python3
"""Make docs/images/photo-looks.jpg and photo-looks-bundled.jpg: in looks of photos, and in built-in ones.

All photos are from examples/ and the contents on which styles are learned.

python tools/photo_sheet.py [--out docs/images]
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
from built_in import signals_of
from PIL import Image, ImageOps

from scumble.marks import PHOTO
from scumble_daemon.library.builtin import PICTURE, builtin_styles
from scumble_models.model import StyleModel
from scumble_models.registry import load_model
from scumble_models.signals import StyleSignals
from scumble_models.stylize import encode_style, stylize

ROOT = Path(__file__).parents[1]
CONTENTS = ROOT / "models" / "scumble_models" / "learning" / "contents"
PHOTOS = ROOT / "examples" / "photos"
LOOKS = ("canyon", "desert", "dish", "rocket")
PAINTED = (PHOTOS / "astronaut.jpg", PHOTOS / "cat.jpg", CONTENTS / "arch.jpg", PHOTOS / "coffee.jpg")
SIDE, GAP, COLUMNS = 300, 6, 6


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=ROOT / "docs" / "images")
def main(out: Path) -> None:
    """Save both sheets."""
    engine, photos = load_model("photo"), [_square(path) for path in PAINTED]
    _save(_of_photos(engine, photos), out / "photo-looks.jpg")
    _save(_built_in(engine, photos), out / "photo-looks-bundled.jpg")


def _of_photos(engine: StyleModel, photos: list[np.ndarray]) -> list[list[np.ndarray]]:
    """One row a look; the first row and the first column show what went in."""
    rows = [[np.full((SIDE, SIDE, 3), 255, np.uint8), *photos]]
    for name in LOOKS:
        look = _square(CONTENTS / f"{name}.jpg")
        signals = encode_style(engine, look, "RGB")
        rows.append([look, *(_painted(engine, signals, photo) for photo in photos)])
    return rows


def _built_in(engine: StyleModel, photos: list[np.ndarray]) -> list[list[np.ndarray]]:
    """A column a look, six beside each other: its picture, and two photos in it."""
    looks = [entry for entry in builtin_styles(ROOT / "styles") if entry.credits.mark == PHOTO]
    rows: list[list[np.ndarray]] = []
    for first in range(0, len(looks), COLUMNS):
        columns = []
        for entry in looks[first : first + COLUMNS]:
            signals = signals_of(engine, entry.name)
            painted = [_painted(engine, signals, photo) for photo in photos[:3:2]]
            columns.append([_square(entry.folder / PICTURE), *painted])
        rows += [list(row) for row in zip(*columns, strict=True)]
    return rows


def _painted(engine: StyleModel, signals: StyleSignals, photo: np.ndarray) -> np.ndarray:
    return np.asarray(stylize(engine, photo, "RGB", [(signals, 1.0)]))


def _save(rows: list[list[np.ndarray]], out: Path) -> None:
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
