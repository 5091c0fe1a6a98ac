"""Make the built-in style library: styles/<name>/ with style.toml, its picture, signals and a thumbnail.

    python tools/make_styles.py --sources DIR [NAME...]

DIR is a folder of paintings with a MANIFEST.csv that says what each is and why it may be used. It is not
part of this repository; a style ships as a copy of its picture at the size at which styles are learned, with
its credits. Without DIR the pictures that are here already are taken, so that anyone can make signals
again: they belong to the weights that made them, and so does what tools/learn_library.py learned.

What is in the library stands in tools/styles.toml.
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
from PIL import Image, ImageOps

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "examples"), str(ROOT / "tools")]

import make_style  # noqa: E402 - examples and tools are no packages
import photo_looks  # noqa: E402
import style_painters  # noqa: E402

from scumble.marks import PHOTO_ENGINE  # noqa: E402
from scumble_daemon.library.builtin import PICTURE, tomllib  # noqa: E402
from scumble_daemon.library.signals import signals_name  # noqa: E402
from scumble_daemon.library.thumbnails import jpeg_of_image  # noqa: E402
from scumble_models.registry import StyleModel, list_models, load_model  # noqa: E402
from scumble_models.stylize import STYLE_SIDE, encode_style  # noqa: E402

#: Longest side of a style's thumbnail, and how much longer than the other it may be: a scroll of ten
#: metres would be a thread in a gallery.
THUMBNAIL_SIDE, LONGEST = 192, 4 / 3
MAX_THUMBNAIL_BYTES = 12 * 1024
#: Signals that are larger (keys of attention, covariances) are made of the picture when they are needed.
MAX_SIGNALS_BYTES = 64 * 1024
PAINTERS = {
    **make_style.PAINTERS,
    **style_painters.PAINTERS,
    **{f"look: {name}": photo_looks.look_painter(name) for name in photo_looks.LOOKS},
}
#: Rights, as the manifest states them, under which a picture may become a style.
ALLOWED = ("stated public domain", "CC0")


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
    for name in names or table:
        picture, origin = _picture(output / name, table[name], sources)
        is_new = sources is not None or "painter" in table[name]
        _write_style(output / name, table[name], origin, picture, models, is_new=is_new)
        click.echo(name)
    if not names:
        for folder in output.iterdir():
            if folder.is_dir() and folder.name not in table:
                shutil.rmtree(folder)
                click.echo(f"{folder.name} removed")


def _picture(folder: Path, row: dict[str, Any], sources: Path | None) -> tuple[Image.Image, dict[str, str]]:
    """The style's picture, and its licence and source as they are stated."""
    if "painter" in row:
        painter = row["painter"]
        seed = list(PAINTERS).index(painter)
        origin = {"licence": "MIT", "source": f"painted by code: {painter}"}
        return _middle(PAINTERS[painter](np.random.default_rng(seed)), row.get("part", 1.0)), origin
    if sources is None:
        if not (folder / PICTURE).is_file():
            raise click.UsageError(f"{folder.name} is not here yet: give --sources DIR.")
        here = tomllib.loads((folder / "style.toml").read_text(encoding="utf-8"))
        return Image.open(folder / PICTURE).convert("RGB"), {k: here[k] for k in ("licence", "source")}
    with (sources / "MANIFEST.csv").open(encoding="utf-8", newline="") as file:
        found = next((line for line in csv.DictReader(file) if line["file"] == row["file"]), None)
    if found is None:
        raise click.ClickException(f"{folder.name}: the manifest has no {row['file']}.")
    if not found["rights"].startswith(ALLOWED):
        raise click.ClickException(f"{folder.name}: the rights {found['rights']!r} do not suffice.")
    origin = {"licence": "public domain work", "source": f"{found['source']}: {found['title']}"}
    picture = Image.open(sources / row["file"]).convert("RGB")
    if "crop" in row:
        picture = picture.crop(
            tuple(round(side * at) for side, at in zip(picture.size * 2, row["crop"], strict=True))
        )
        origin["source"] += ", a part of it"
    return picture, origin


def _middle(picture: Image.Image, part: float) -> Image.Image:
    """The middle of a picture, `part` of its sides, enlarged to the whole's size."""
    width, height = (round(side * part) for side in picture.size)
    left, top = (picture.width - width) // 2, (picture.height - height) // 2
    box = (left, top, left + width, top + height)
    return picture.resize(picture.size, Image.Resampling.LANCZOS, box)


def _write_style(
    folder: Path,
    row: dict[str, Any],
    origin: dict[str, str],
    picture: Image.Image,
    models: list[StyleModel],
    *,
    is_new: bool,
) -> None:
    signals_folder = folder / "signals"
    if signals_folder.is_dir():
        shutil.rmtree(signals_folder)
    signals_folder.mkdir(parents=True)
    if is_new:
        _shipped(picture).save(folder / PICTURE, quality=88)
    picture = Image.open(folder / PICTURE).convert("RGB")
    look = row["mark"] == "photo"
    for model in models:
        if look != (model.info.name == PHOTO_ENGINE):
            continue
        data = encode_style(model, np.asarray(picture), "RGB").to_bytes()
        if len(data) <= MAX_SIGNALS_BYTES:
            (signals_folder / signals_name(model.info.name, model.info.sha256)).write_bytes(data)
    (folder / "thumbnail.jpg").write_bytes(thumbnail(picture))
    credits = {key: row[key] for key in ("title", "artist", "year", "family", "mark", "tags") if key in row}
    # JSON's strings and lists of strings are TOML's too.
    lines = [f"{k} = {json.dumps(v, ensure_ascii=False)}" for k, v in {**credits, **origin}.items()]
    for language, title in row.get("titles", {}).items():
        lines.insert(1, f"titles.{language} = {json.dumps(title, ensure_ascii=False)}")
    (folder / "style.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _shipped(picture: Image.Image) -> Image.Image:
    """A picture at the size at which styles are learned, its short side :data:`STYLE_SIDE`."""
    scale = min(1.0, STYLE_SIDE / min(picture.size))
    size = (round(picture.width * scale), round(picture.height * scale))
    return picture.resize(size, Image.Resampling.LANCZOS)


def thumbnail(picture: Image.Image) -> bytes:
    """A small JPEG of a painting for the galleries."""
    width, height = picture.size
    size = (round(min(width, LONGEST * height)), round(min(height, LONGEST * width)))
    data = jpeg_of_image(ImageOps.fit(picture, size), THUMBNAIL_SIDE, MAX_THUMBNAIL_BYTES)
    assert len(data) <= MAX_THUMBNAIL_BYTES, len(data)
    return data


if __name__ == "__main__":
    main()
