"""``scumble unstyle``: a style is taken off again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from . import report
from .options import device_option, json_option
from .outputs import make_folders, plan_outputs
from .picture import PictureJob
from .piping import Pipes, format_option
from .stylize import run_all

_EXAMPLES = """\b
Examples:
  scumble stylize photo.jpg --style painting.jpg --engine artflow -o painted.png
  scumble unstyle painted.png -o photo-again.png
  scumble unstyle painted/*.png -o photos/
"""


@click.command(epilog=_EXAMPLES)
@click.argument("inputs", metavar="IN...", nargs=-1, required=True)
@click.option(
    "-o", "--output", metavar="OUT|DIR", required=True,
    help="The file to write, or a folder. Several inputs need a folder.",
)  # fmt: skip
@device_option
@format_option
@json_option
def command(
    inputs: Sequence[str], output: str, device: str, output_name: str | None, wants_json: bool
) -> int:
    """Take the style off pictures that a reversible engine, such as artflow, has painted.

    Their files say how, in their EXIF. What rounding to 8 bits and clipping to black or white has cost does
    not come back: write PNG or TIFF of 16 bits to lose little.
    """
    pipes = Pipes(inputs, output, output_name, wants_json)
    with pipes.opened():
        paths = [Path(name) for name in pipes.inputs]
        targets = plan_outputs(paths, pipes.output, "unstyled", paths)
        make_folders(targets)
        job = PictureJob((), {"device": device})
        pairs = list(zip(paths, targets, strict=True))
        results = run_all(pairs, job, None, wants_json or pipes.writes, pipes)
    if wants_json:
        report.as_json({"results": [result.as_dict() for result in results]})
    return max(result.exit_code for result in results)
