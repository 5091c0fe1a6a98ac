"""``scumble evaluate``: compare weights on the same pairs of photos and paintings."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from . import report
from .model_errors import model_errors

_EXAMPLES = """\b
Examples:
  scumble models fetch-judges
  scumble evaluate --content photos/ --style paintings/ --out report/
  scumble evaluate --content photos/ --style paintings/ --against microast-authors --out report/
  scumble evaluate --content photos/ --style paintings/ --weights run/weights.safetensors --out report/
"""


@click.command(epilog=_EXAMPLES)
@click.option("--content", required=True, type=click.Path(path_type=Path), help="Folder of photos.")
@click.option("--style", required=True, type=click.Path(path_type=Path), help="Folder of paintings.")
@click.option("--weights", default="microast", show_default=True, help="Model name or .safetensors file.")
@click.option("--against", multiple=True, help="Another model or file, measured alike; may be repeated.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the report.")
@click.option("--pairs", type=click.IntRange(1), help="Draw this many pairs instead of taking all.")
@click.option("--side", default=512, show_default=True, help="Short side of the images in pixels.")
@click.option("--json", "wants_json", is_flag=True, help="Print the means and intervals as JSON.")
def command(
    content: Path,
    style: Path,
    weights: str,
    against: tuple[str, ...],
    out: Path,
    pairs: int | None,
    side: int,
    wants_json: bool,
) -> None:
    """Measure weights: SSIM, style loss, LPIPS, palette and grid, each with a 95% interval.

    Writes report.json, report.md and a contact sheet (content, style, each candidate) into OUT.
    """
    from scumble_models.evaluation.report import as_function, evaluate, markdown_table
    from scumble_models.registry import load_candidate
    from scumble_models.training.data import ImageFolder

    with model_errors():
        candidates = {name: as_function(load_candidate(name)) for name in (weights, *against)}
        folders = [ImageFolder(f, short_side=side, unclear_rights=True) for f in (content, style)]
        with click.progressbar(length=1, label="Pairs", file=sys.stderr) as bar:

            def on_pair(_done: int, total: int) -> None:
                bar.length = total
                bar.update(1)

            rows = evaluate(candidates, folders[0], folders[1], out, pairs=pairs, on_pair=on_pair)
    if wants_json:
        report.as_json({row.name: {k: vars(v) for k, v in row.measures.items()} for row in rows})
    else:
        report.done(markdown_table(rows, pairs or len(folders[0]) * len(folders[1])).rstrip())
