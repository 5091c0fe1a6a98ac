#!/usr/bin/env python3
"""Make the sheets of photo looks in docs/images: of photos, the built-in ones, and eight pairs at 100%.

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
#: Photos with the left and top of what is shown at 100%, and two looks for each.
PAIRS = (
    (PHOTOS / "astronaut.jpg", (110, 0), ("canyon", "dish")),
    (PHOTOS / "cat.jpg", (60, 0), ("desert", "rocket")),
    (PHOTOS / "coffee.jpg", (150, 40), ("arch", "canyon")),
    (PHOTOS / "rocket.jpg", (180, 120), ("desert", "dish")),
)
SIDE, GAP, COLUMNS = 300, 6, 6


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=ROOT / "docs" / "images")
def main(out: Path) -> None:
    """Save the sheets."""
    engine, photos = load_model("photo"), [_square(path) for path in PAINTED]
    _save(_of_photos(engine, photos), out / "photo-looks.jpg")
    _save(_built_in(engine, photos), out / "photo-looks-bundled.jpg")
    _save(_pairs(engine), out / "photo-looks-pairs.jpg")


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


def _pairs(engine: StyleModel) -> list[list[np.ndarray]]:
    """One row a photo: a part of it at 100%, and twice a look and the same part in it."""
    rows: list[list[np.ndarray]] = []
    for path, (left, top), looks in PAIRS:
        with Image.open(path) as image:
            photo = np.array(image.convert("RGB"))
        part = (slice(top, top + SIDE), slice(left, left + SIDE))
        rows.append([photo[part]])
        for name in looks:
            look = _square(CONTENTS / f"{name}.jpg")
            rows[-1] += [look, _painted(engine, encode_style(engine, look, "RGB"), photo)[part]]
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
