"""Make the built-in style library: styles/<name>/ with style.toml, signals and a preview.

    python tools/make_styles.py --sources DIR [NAME...]

DIR is the training data (a MANIFEST.csv and the pictures it lists). It is not part of this
repository, and nothing of it is copied: a style ships as its signals, its credits and a photo of
ours stylized with it. So the script runs only where that folder is at hand; styles that are
painted by code need it too little to be refused without it.

What is in the library stands in tools/styles.toml. Signals belong to the weights that encoded
them: run this again, without names, whenever the weights of a built-in model change.
"""

from __future__ import annotations

import csv
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import click
import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "examples"), str(ROOT / "tools")]

import make_style  # noqa: E402 - examples and tools are no packages
import style_painters  # noqa: E402

from scumble_daemon.library.builtin import tomllib  # noqa: E402
from scumble_daemon.library.signals import signals_name  # noqa: E402
from scumble_daemon.library.thumbnails import jpeg_of_image  # noqa: E402
from scumble_models.registry import StyleModel, list_models, load_model  # noqa: E402
from scumble_models.stylize import STYLE_SIDE, encode_style, stylize  # noqa: E402

PREVIEW_PHOTO = ROOT / "examples" / "photos" / "coffee.jpg"
PREVIEW_ENGINE = "microast"
#: Stylized at twice the size it is shown at: strokes are as fine as in an artist's picture, and
#: still to be seen.
PREVIEW_SIZE, PREVIEW_WORK = (160, 120), (320, 240)
MAX_PREVIEW_BYTES = 8 * 1024
PAINTERS = {**make_style.PAINTERS, **style_painters.PAINTERS}
#: Rights, as the manifest states them, under which a picture may become a style.
ALLOWED = ("public domain work", "own (synthetic)", "CC0", "free licence")


@click.command()
@click.argument("names", metavar="[NAME...]", nargs=-1)
@click.option("--sources", type=click.Path(path_type=Path), help="Folder of the training data.")
@click.option("--output", type=click.Path(path_type=Path), default=ROOT / "styles", show_default=True)
@click.option("--engine", "engines", multiple=True, help="Models to encode with; all built-in ones.")
def main(names: tuple[str, ...], sources: Path | None, output: Path, engines: tuple[str, ...]) -> None:
    """Make the built-in styles, or those that are named."""
    table = tomllib.loads((ROOT / "tools" / "styles.toml").read_text(encoding="utf-8"))
    unknown = set(names) - table.keys()
    if unknown:
        raise click.UsageError(f"tools/styles.toml has no style {', '.join(sorted(unknown))}.")
    models = [load_model(name) for name in engines or [m.name for m in list_models() if m.builtin]]
    manifest = _manifest(sources) if sources else {}
    photo = np.asarray(
        Image.open(PREVIEW_PHOTO).convert("RGB").resize(PREVIEW_WORK, Image.Resampling.LANCZOS)
    )
    for name in names or table:
        picture, origin = _picture(name, table[name], sources, manifest)
        _write_style(output / name, table[name], origin, picture, models, photo)
        click.echo(name)
    if not names:
        for folder in output.iterdir():
            if folder.is_dir() and folder.name not in table:
                shutil.rmtree(folder)
                click.echo(f"{folder.name} removed")


def _manifest(sources: Path) -> dict[tuple[str, str], dict[str, str]]:
    with (sources / "MANIFEST.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == "style"]
    return {(row["title_or_name"], row["source"]): row for row in rows}


def _picture(
    name: str, row: dict[str, Any], sources: Path | None, manifest: dict[tuple[str, str], dict[str, str]]
) -> tuple[Image.Image, dict[str, str]]:
    """The style's picture, and its licence and source as they are stated."""
    if "painter" in row:
        painter = row["painter"]
        seed = list(PAINTERS).index(painter)
        origin = {"licence": "MIT", "source": f"painted by code: {painter}"}
        return PAINTERS[painter](np.random.default_rng(seed)), origin
    if sources is None:
        raise click.UsageError(f"{name} is made from a picture of the training data: give --sources DIR.")
    found = manifest.get((row["manifest"], row["origin"]))
    if found is None:
        raise click.ClickException(f"{name}: the manifest has no {row['manifest']!r} from {row['origin']}.")
    if not found["rights"].startswith(ALLOWED):
        raise click.ClickException(f"{name}: its rights are {found['rights']!r}, which does not suffice.")
    origin = {"licence": found["rights"], "source": f"{row['origin']}: {row['manifest']}"}
    return Image.open(sources / found["file"]).convert("RGB"), origin


def _seen_by(model: StyleModel, picture: Image.Image, row: dict[str, Any]) -> Image.Image:
    """What a network looks at: for MicroAST the middle of the picture, `part` of its sides, enlarged.

    Marks as wide as its own lattice of four pixels come back as a mesh, and wider ones as strokes.
    """
    if "part" not in row or model.info.architecture != "microast":
        return picture
    width, height = (round(side * row["part"]) for side in picture.size)
    left, top = (picture.width - width) // 2, (picture.height - height) // 2
    scale = STYLE_SIDE / min(width, height)
    return picture.resize(
        (round(width * scale), round(height * scale)),
        Image.Resampling.LANCZOS,
        (left, top, left + width, top + height),
    )


def _write_style(
    folder: Path,
    row: dict[str, Any],
    origin: dict[str, str],
    picture: Image.Image,
    models: list[StyleModel],
    photo: np.ndarray,
) -> None:
    signals_folder = folder / "signals"
    if signals_folder.is_dir():
        shutil.rmtree(signals_folder)
    signals_folder.mkdir(parents=True)
    for model in models:
        signals = encode_style(model, np.asarray(_seen_by(model, picture, row)), "RGB")
        file = signals_folder / signals_name(model.info.name, model.info.sha256)
        file.write_bytes(signals.to_bytes())
        if model.info.name == PREVIEW_ENGINE:
            result = Image.fromarray(stylize(model, photo, "RGB", [(signals, 1.0)]))
            (folder / "preview.jpg").write_bytes(_preview(result))
    credits = {key: row[key] for key in ("title", "artist", "year", "family", "tags") if key in row}
    # JSON's strings and lists of strings are TOML's too.
    lines = [f"{k} = {json.dumps(v, ensure_ascii=False)}" for k, v in {**credits, **origin}.items()]
    (folder / "style.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _preview(result: Image.Image) -> bytes:
    small = result.resize(PREVIEW_SIZE, Image.Resampling.LANCZOS)
    data = jpeg_of_image(small, max(PREVIEW_SIZE), MAX_PREVIEW_BYTES)
    assert len(data) <= MAX_PREVIEW_BYTES, len(data)
    return data


if __name__ == "__main__":
    main()
