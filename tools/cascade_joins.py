#!/usr/bin/env python3
"""Compare ways of joining the levels of a cascade: docs/images/cascade-joins.jpg, and a table.

    python tools/cascade_joins.py [--style starry-night] [--write]

A portrait of the examples, enlarged to 4 megapixels, with lines of text drawn on it in that resolution, is
painted in each way: seen whole, and a face and text at 100%. The table goes to docs/decisions/cascade.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import numpy as np
from built_in import signals_of
from page import put, table
from PIL import Image, ImageDraw, ImageFont
from preview_difference import SEEN, area_mean
from stroke_scale import fitting, painted, scaled
from torch import Tensor

from scumble_bench.contender import in_one_pass
from scumble_models.allocation import keep_freed_memory
from scumble_models.cascade import contents
from scumble_models.cascade.climb import Climb
from scumble_models.cascade.contents import LevelInput
from scumble_models.look import Look
from scumble_models.registry import load_model
from scumble_models.tiling.box import Box

ROOT = Path(__file__).parents[1]
PAGE, SHEET = ROOT / "docs" / "decisions" / "cascade.md", ROOT / "docs" / "images" / "cascade-joins.jpg"
SIDE, CELL, GAP = 2048, 256, 6
TEXT, FACE = Box(120, 1700, 120 + CELL, 1700 + CELL), Box(850, 350, 850 + CELL, 350 + CELL)
LINES = (
    (64, "Paint me"),
    (40, "at any size, please"),
    (28, "a line of smaller print"),
    (20, "and a footnote"),
)


def mixed(level: LevelInput, box: Box) -> Tensor:
    """Of the enlarged result four fifths, of the content one."""
    cells = level._scale.cells_for(box)
    return 0.8 * level._scale.enlarge(level._result.read(cells), cells, box) + 0.2 * level._content.read(box)


def coloured(level: LevelInput, box: Box) -> Tensor:
    """With the content's finer band in colour, not only its luminance."""
    cells = level._scale.cells_for(box)
    coarse = level._result.read(cells) - contents.BETA * level._coarser.read(cells)
    fine = level._scale.enlarge(coarse, cells, box) + contents.BETA * level._content.read(box)
    return fine.clamp(0.0, 1.0)


@contextmanager
def joined(
    beta: float = contents.BETA,
    read: Callable[[LevelInput, Box], Tensor] = LevelInput.read,
    keep_low: bool = True,
) -> Iterator[None]:
    """Levels joined in another way."""
    before = contents.BETA, LevelInput.read, Climb.join
    contents.BETA, LevelInput.read = beta, read  # type: ignore[method-assign]
    if not keep_low:
        Climb.join = property(lambda _: None)  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        contents.BETA, LevelInput.read, Climb.join = before  # type: ignore[method-assign]


WAYS = {
    "one pass": None,
    "0.8 of the result, 0.2 of the photo": {"read": mixed, "keep_low": False},
    "luminance band, low band free": {"keep_low": False},
    "no band of the photo": {"beta": 0.0},
    "0.4 of the band": {"beta": 0.4},
    "0.8 of it (as it is)": {},
    "1.6 of it": {"beta": 1.6},
    "0.8 of it in colour": {"read": coloured},
    "0.8 of it, `--detail 0.7`": {},
}


@click.command()
@click.option("--style", default="starry-night", show_default=True)
@click.option("--write", is_flag=True, help="Put table and sheet into docs/.")
@click.option("--out", type=click.Path(path_type=Path), default=SHEET, help="Of the sheet.")
def main(style: str, write: bool, out: Path) -> None:
    """Paint in each way, measure, and lay the sheet out."""
    keep_freed_memory()
    model = load_model("microast", "cpu")
    styles, photo = [(signals_of(model, style), 1.0)], picture()
    preview = np.asarray(painted(model, area_mean(photo, fitting(photo, SEEN)), styles, Look()), float)
    sheet = Image.new("RGB", (len(WAYS) * (CELL + GAP) + GAP, 3 * (CELL + GAP) + GAP), (255, 255, 255))
    rows = []
    for column, (name, way) in enumerate(WAYS.items()):
        with joined(**(way or {})):
            look = Look(detail=0.7) if "detail" in name else Look()
            result = painted(in_one_pass(model) if way is None else model, photo, styles, look)
        off = np.abs(np.asarray(area_mean(result, fitting(result, SEEN)), float) - preview).mean()
        likeness = (f"{likeness_at(photo, result, place):.2f}" for place in (TEXT, FACE))
        rows.append([name, f"{off:.1f}", *likeness])
        click.echo(" | ".join(rows[-1]), err=True)
        for row, part in enumerate((scaled(result, CELL), result.crop(FACE), result.crop(TEXT))):
            sheet.paste(part, (GAP + column * (CELL + GAP), GAP + row * (CELL + GAP)))
    text = table(["way", "preview and result, of 255", "likeness of text", "of a face"], rows)
    click.echo(text)
    if write or out != SHEET:
        sheet.save(out, quality=86)
    if write:
        put(PAGE, "joins", text)


def picture() -> Image.Image:
    """The portrait with text on it."""
    photo = scaled(Image.open(ROOT / "examples" / "photos" / "astronaut.jpg").convert("RGB"), SIDE)
    draw, y = ImageDraw.Draw(photo), TEXT.top + 30
    draw.rectangle((TEXT.left, TEXT.top, TEXT.right + 300, TEXT.bottom), fill=(236, 232, 220))
    for size, line in LINES:
        draw.text((TEXT.left + 14, y), line, (30, 30, 40), ImageFont.load_default(size))
        y += round(1.35 * size)
    return photo


def likeness_at(photo: Image.Image, result: Image.Image, place: Box) -> float:
    """Correlation of the lightness's slopes at a place: 1 where all edges are those of the photo."""
    slopes = [np.gradient(np.asarray(image.crop(place).convert("L"), float)) for image in (photo, result)]
    return float(np.corrcoef(*(np.hypot(*pair).ravel() for pair in slopes))[0, 1])


if __name__ == "__main__":
    main()
