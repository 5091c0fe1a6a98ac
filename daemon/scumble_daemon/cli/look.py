"""``scumble look``: photo looks for other programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scumble.errors import ScumbleError

from ..model_errors import model_errors
from . import report
from .options import weight_option
from .style_text import is_library_name

if TYPE_CHECKING:
    import numpy as np

_EXAMPLES = """\b
Examples:
  scumble look export evening.jpg -o evening.cube
  scumble look export evening.jpg --for holiday/a.jpg --for holiday/b.jpg -o evening.cube
"""


@click.group("look")
def command() -> None:
    """Take the look of a photo to other programs."""


@command.command("export", epilog=_EXAMPLES)
@click.argument("photo", type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The .cube file.")
@click.option(
    "--for", "targets", multiple=True, type=click.Path(path_type=Path),
    help="A photo that the look is for; may be repeated. Without it: photos of many kinds.",
)  # fmt: skip
@weight_option
@click.option("--points", default=33, show_default=True, type=click.IntRange(2, 129), help="On each side.")
@click.option("--json", "wants_json", is_flag=True, help="Print what was written as JSON.")
def export_command(
    photo: Path, output: Path, targets: tuple[Path, ...], weight: float, points: int, wants_json: bool
) -> None:
    """Write the look of PHOTO, a file or a style of the library, as a 3D LUT.

    GIMP (G'MIC), Krita, darktable and video editors read it. A look moves the colours of some photos to those
    of PHOTO, so it fits photos like those that it was made for.
    """
    if output.suffix.lower() != ".cube":
        raise ScumbleError(
            "unknown-format",
            "{file} is not named as a LUT.",
            hint="Name it {stem}.cube.",
            file=output.name,
            stem=output.stem,
        )
    from ..storage.atomic import atomic_file

    style, contents = _picture(photo), [_picture(path) for path in targets]
    with model_errors():
        from scumble_models.learning.contents import bundled
        from scumble_models.photo.lut import look_table
        from scumble_models.pixels import NetworkView, PixelArray
        from scumble_models.registry import load_model
        from scumble_models.stylize import STYLE_SIDE, encode_style

        engine = load_model("photo")
        given = [NetworkView(PixelArray(one, "RGB")).thumbnail(STYLE_SIDE) for one in contents]
        signals = encode_style(engine, style, "RGB")
        lut = look_table(engine, signals, given or bundled(engine.device), weight, points)
    with atomic_file(output) as file:
        file.write(lut.text(photo.stem).encode("utf-8"))
    if wants_json:
        written = {"path": str(output), "points": points, "largest": lut.largest, "mean": lut.mean}
        click.echo(json.dumps(written))
        return
    click.echo(f"{output}: {points} points on each side")
    report.note(f"Between them it leaves the look by {lut.mean:.2f} of 255, and {lut.largest:.1f} at most.")


def _picture(path: Path) -> np.ndarray:
    """The colours of a file or a style, ``(H, W, 3)`` of 8 bits."""
    import numpy as np

    from ..images import read_image
    from ..images.flat import as_rgb

    if is_library_name(path):
        from ..library import Library

        entry = Library().find(str(path))
        if entry.image is None:
            raise ScumbleError(
                "no-image", "The style {style} is there without its picture.", style=entry.name
            )
        path = entry.image
    return np.asarray(as_rgb(read_image(path).pixels))
