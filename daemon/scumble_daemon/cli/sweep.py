"""``scumble sweep``: one picture in several styles and strengths, as one sheet to choose from."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scumble.request import MAX_STYLES, StylizeRequest

from . import report
from .given_styles import GivenStyle, load_styles, with_recipe
from .interrupt import cancel_on_interrupt
from .options import engine_options, json_option, style_option
from .outputs import plan_outputs
from .picture import connect
from .progress import progress_bar
from .style_text import parse_style, style_files

if TYPE_CHECKING:
    from PIL import Image

_EXAMPLES = """\b
Examples:
  scumble sweep photo.jpg --style irises --style comic --style tiles -o sheet.png
  scumble sweep photo.jpg --style irises --strengths 0.25,0.5,0.75,1 --size 480 -o sheet.png
  scumble sweep photo.jpg --style irises --style comic --stroke-size 2 -o sheet.png
"""
_GAP, _HEAD, _MARGIN = 6, 26, 10
_INK, _PAPER = (34, 34, 34), (255, 255, 255)


class _Weights(click.ParamType):
    name = "W,W,..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            weights = [float(text) for text in value.split(",")]
        except ValueError:
            weights = []
        if not 1 <= len(weights) <= MAX_STYLES or not all(0 <= weight <= 1 for weight in weights):
            self.fail(f"{value!r} is not a list of strengths from 0 to 1, such as 0.25,0.5,1.", param, ctx)
        return weights


@click.command(epilog=_EXAMPLES)
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@style_option
@click.option(
    "--strengths",
    "--weights",
    "weights",
    type=_Weights(),
    default="0.25,0.5,0.75,1",
    show_default=True,
    help="One column each.",
)
@click.option("-o", "--output", metavar="OUT", required=True, help="The sheet to write, such as sheet.png.")
@click.option(
    "--size",
    metavar="N",
    type=click.IntRange(32, 2048),
    default=320,
    show_default=True,
    help="Longest side of each picture; the photo is scaled to it before it is stylized.",
)
@engine_options
@json_option
def command(
    source: Path,
    styles: Sequence[str],
    weights: list[float],
    output: str,
    size: int,
    wants_json: bool,
    **settings: Any,
) -> None:
    """Show IN in every style (one row each) at every strength (one column each).

    Pictures are small, so that a sheet takes seconds.
    """  # fmt: skip
    if any(parse_style(text).share != 1 for text in styles):
        raise click.UsageError("A sweep shows each style by itself: leave the share away.")
    target = plan_outputs([source], output, "sweep", [source, *style_files(styles)])[0]
    given = load_styles(styles)
    started = time.monotonic()
    photo = _small_photo(source, size)
    rows = _stylize(photo, given, weights, with_recipe(given, settings))
    _write(_sheet(rows, [style.title for style in given], weights), target)
    seconds = time.monotonic() - started
    if wants_json:
        labels = [style.label for style in given]
        report.as_json({"output": str(target), "styles": labels, "weights": weights, "seconds": seconds})
    else:
        report.done(f"{target} ({len(given)} styles, {len(weights)} strengths, {seconds:.1f} s)")


def _small_photo(source: Path, size: int) -> Image.Image:
    from ..images import read_image
    from ..images.flat import as_rgb

    photo = as_rgb(read_image(source).pixels)
    photo.thumbnail((size, size))
    return photo


def _stylize(
    photo: Image.Image, styles: Sequence[GivenStyle], weights: list[float], settings: dict[str, Any]
) -> list[list[Image.Image]]:
    from PIL import Image

    from scumble import Progress
    from scumble.conversion import as_pixels, to_array

    layer = as_pixels(photo)
    total = len(styles) * len(weights)
    rows: list[list[Image.Image]] = []
    started = time.monotonic()
    placed = [style.placed(layer.extent) for style in styles]
    requests = [
        [StylizeRequest(layer, (style,), weight=weight, **settings) for weight in weights] for style in placed
    ]
    with connect() as client, cancel_on_interrupt() as cancel, progress_bar("sweep") as on_progress:
        for row in requests:
            rows.append([])
            for request in row:
                result = client.submit(request).result(cancel=cancel)
                rows[-1].append(Image.fromarray(to_array(result)))
                done = sum(map(len, rows))
                left = (time.monotonic() - started) / done * (total - done)
                if on_progress:
                    on_progress(Progress(done, total, "sweep", left))
    return rows


def _sheet(rows: list[list[Image.Image]], titles: list[str], weights: list[float]) -> Image.Image:
    from PIL import Image, ImageDraw, ImageFont

    width, height = rows[0][0].size
    font = ImageFont.load_default(15)
    left = min(220, max(int(font.getlength(title)) for title in titles)) + 2 * _MARGIN
    extent = (left + len(weights) * (width + _GAP), _HEAD + len(rows) * (height + _GAP))
    sheet = Image.new("RGB", extent, _PAPER)
    draw = ImageDraw.Draw(sheet)
    for column, weight in enumerate(weights):
        x = left + column * (width + _GAP) + width / 2
        draw.text((x, _HEAD / 2), f"{weight:.0%}", fill=_INK, font=font, anchor="mm")
    for index, (row, title) in enumerate(zip(rows, titles, strict=True)):
        y = _HEAD + index * (height + _GAP)
        lines = "\n".join(_wrapped(title, font, left - 2 * _MARGIN))
        draw.multiline_text((_MARGIN, y + height / 2), lines, fill=_INK, font=font, anchor="lm")
        for column, picture in enumerate(row):
            sheet.paste(picture, (left + column * (width + _GAP), y))
    return sheet


def _wrapped(title: str, font: Any, width: int) -> list[str]:
    lines = [""]
    for word in title.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines[:4]


def _write(sheet: Image.Image, target: Path) -> None:
    from scumble.conversion import as_pixels

    from ..images import write_image

    for note in write_image(target, as_pixels(sheet)):
        report.note(note)
