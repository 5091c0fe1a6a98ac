"""``scumble evaluate``: compare weights on the same pairs of photos and paintings."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ..model_errors import model_errors
from . import report

_EXAMPLES = """\b
Examples:
  scumble models fetch-judges
  scumble evaluate --content photos/ --style paintings/ --out report/
  scumble evaluate --content photos/ --style paintings/ --against microast-authors --out report/
  scumble evaluate --content photos/ --style paintings/ --weights run/weights.safetensors --out report/
  scumble evaluate --content photos/ --learned starry-night --learned scream --out report/
"""


@click.command(epilog=_EXAMPLES)
@click.option("--content", required=True, type=click.Path(path_type=Path), help="Folder of photos.")
@click.option("--style", type=click.Path(path_type=Path), help="Folder of paintings.")
@click.option(
    "--learned", multiple=True, help="A built-in style before, at first sight and learned; or: all."
)
@click.option("--weights", default="microast", show_default=True, help="Model name or .safetensors file.")
@click.option("--against", multiple=True, help="Another model or file, measured alike; may be repeated.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the report.")
@click.option("--pairs", type=click.IntRange(1), help="Draw this many pairs instead of taking all.")
@click.option("--side", default=512, show_default=True, help="Short side of the images in pixels.")
@click.option("--json", "wants_json", is_flag=True, help="Print the means and intervals as JSON.")
def command(
    content: Path,
    style: Path | None,
    learned: tuple[str, ...],
    weights: str,
    against: tuple[str, ...],
    out: Path,
    pairs: int | None,
    side: int,
    wants_json: bool,
) -> None:
    """Measure weights: SSIM, style loss, LPIPS, palette and grid, each with a 95% interval.

    Writes report.json, report.md and a contact sheet (content, style, each candidate) into OUT. With
    --learned it measures what learning changes in built-in styles instead.
    """
    if learned:
        _compare_learned(content, learned, weights, out, side, wants_json)
        return
    if style is None:
        raise click.UsageError("Give a folder of paintings with --style, or styles with --learned.")
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


def _compare_learned(
    content: Path, names: tuple[str, ...], engine: str, out: Path, side: int, wants_json: bool
) -> None:
    from scumble_models.errors import ModelError
    from scumble_models.evaluation.report import save_report
    from scumble_models.evaluation.styles import compare, learned_table
    from scumble_models.first_sight import first_sight
    from scumble_models.registry import load_model
    from scumble_models.stylize import STYLE_SIDE, encode_style
    from scumble_models.training.data import ImageFolder, decode_picture

    from ..library.builtin import builtin_styles
    from ..library.learned import load_learned
    from ..library.places import builtin_folder

    with model_errors():
        model = load_model(engine)
        entries = {entry.name: entry for entry in builtin_styles(builtin_folder())}
        wanted = list(entries) if names == ("all",) else names
        photos = [photo[None].float() / 255 for photo in ImageFolder(content, short_side=side).images]
        styles = {}
        for name in wanted:
            if name not in entries:
                raise ModelError(
                    "There is no built-in style {style}.", hint="See: scumble styles list", style=name
                )
            data, image = load_learned(entries[name], model.info.sha256), entries[name].image
            if data is None or image is None:
                if names == ("all",):
                    continue
                raise ModelError(
                    "{style} is not learned yet.", hint="Try: scumble styles learn {style}", style=name
                )
            picture = decode_picture(image, STYLE_SIDE)
            pixels = picture.permute(1, 2, 0).contiguous().numpy()
            plain, first = (see(model, pixels, "RGB") for see in (encode_style, first_sight))
            styles[name] = (picture[None].float() / 255, (plain, first, model.info.read_style(data)))
        with click.progressbar(length=1, label="Results", file=sys.stderr) as bar:

            def on_result(_done: int, total: int) -> None:
                bar.length = total
                bar.update(1)

            found = compare(model, photos, styles, on_result)
    document = {
        "photos": len(photos),
        "correlation": found.correlation,
        "styles": [vars(s) for s in found.styles],
    }
    table = learned_table(found, len(photos))
    save_report(out, document, table)
    if wants_json:
        report.as_json(document)
    else:
        report.done(table.rstrip())
