#!/usr/bin/env python3
"""Make the pictures of docs/styles.md: all built-in styles on a sheet, and what each control does on another.

python tools/style_sheets.py [--out docs/images]
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import click
import numpy as np
from built_in import signals_of
from PIL import Image, ImageDraw, ImageFont, ImageOps

from scumble_daemon.library.builtin import builtin_styles
from scumble_models.look import Look
from scumble_models.registry import StyleModel, load_model
from scumble_models.stylize import stylize

ROOT = Path(__file__).parents[1]
PHOTOS = ROOT / "examples" / "photos"
GAP, LABEL = 6, 20
INK, PAPER = (34, 34, 34), (255, 255, 255)

Cell = tuple[str, np.ndarray]


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=ROOT / "docs" / "images")
def main(out: Path) -> None:
    """Write styles.jpg and controls.jpg."""
    out.mkdir(parents=True, exist_ok=True)
    for name, cells, columns, size in (
        ("styles.jpg", _styles(), 5, (240, 160)),
        ("controls.jpg", _controls(), 4, (300, 225)),
    ):
        _sheet(list(cells), columns, size).save(out / name, quality=86)
        click.echo(str(out / name))


def _styles() -> Iterable[Cell]:
    photo = _photo("coffee", (600, 400))
    for entry in builtin_styles(ROOT / "styles"):
        model = load_model(entry.settings.get("engine", "microast"))
        yield entry.name, stylize(model, photo, "RGB", [(signals_of(model, entry.name), 1.0)])


def _controls() -> Iterable[Cell]:
    """Four cells for each control: a row of the sheet."""
    model, photo = load_model("microast"), _photo("astronaut", (600, 450))

    def painted(
        style: str, weight: float = 1.0, model: StyleModel = model, **look: float | str
    ) -> np.ndarray:
        styles = [(signals_of(model, style), 1.0)]
        return stylize(model, photo, "RGB", styles, weight=weight, look=Look(**look))  # type: ignore[arg-type]

    for weight in (0.25, 0.5, 0.75, 1.0):
        yield f"--strength {weight:g}", painted("starry-night", weight)
    for size in (0.25, 0.5, 1, 2):
        yield f"--stroke-size {size:g}", painted("swirls", stroke_size=size)
    yield "the photo", photo
    for colours in ("off", "luminance", "palette"):
        yield f"--preserve-color {colours}", painted("goldfish", preserve_color=colours)
    yield "--contrast 0.7", painted("stained-glass", contrast=0.7)
    yield "--contrast 1.5", painted("stained-glass", contrast=1.5)
    yield "--stroke-size 3", painted("tesserae", stroke_size=3)
    yield "--stroke-size 3 --detail 1", painted("tesserae", stroke_size=3, detail=1.0)
    yield "--protect-skin 0", painted("starry-night")
    yield "--protect-skin 1", painted("starry-night", protect_skin=1.0)
    yield "--protect-edges 1", painted("starry-night", protect_edges=1.0)
    yield "both 0.6", painted("starry-night", protect_skin=0.6, protect_edges=0.6)
    for engine in ("microast", "microast-bold", "adain"):
        yield f"--engine {engine}", painted("irises", model=load_model(engine))
    ramp = np.clip((np.arange(photo.shape[1]) / photo.shape[1] - 0.4) * 5 * 255, 0, 255).astype(np.uint8)
    right = np.broadcast_to(ramp, photo.shape[:2])
    styles = [(signals_of(model, name), 1.0) for name in ("starry-night", "hatching")]
    yield (
        "starry-night@left.png, hatching@right.png",
        stylize(model, photo, "RGB", styles, style_masks=[255 - right, right]),
    )


def _photo(name: str, size: tuple[int, int]) -> np.ndarray:
    with Image.open(PHOTOS / f"{name}.jpg") as image:
        return np.asarray(
            ImageOps.fit(image.convert("RGB"), size, Image.Resampling.LANCZOS, centering=(0.5, 0))
        )


def _sheet(cells: Sequence[Cell], columns: int, size: tuple[int, int]) -> Image.Image:
    """Cells row by row, each with its name below; results are shown at half their size or less."""
    rows = -(-len(cells) // columns)
    width, height = size[0] + GAP, size[1] + LABEL + GAP
    sheet = Image.new("RGB", (columns * width + GAP, rows * height + GAP), PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for index, (name, values) in enumerate(cells):
        x, y = GAP + index % columns * width, GAP + index // columns * height
        sheet.paste(ImageOps.fit(Image.fromarray(values), size, Image.Resampling.LANCZOS), (x, y))
        draw.text((x + size[0] / 2, y + size[1] + LABEL / 2), name, fill=INK, font=font, anchor="mm")
    return sheet


if __name__ == "__main__":
    main()
