#!/usr/bin/env python3
"""Make docs/images/artflow.jpg: a style on photos, another one on top, and both taken off again.

python tools/artflow_sheet.py [--engine artflow] [--published RUN/weights.safetensors] [--photos FOLDER]
                              [--out docs/images]

Results are kept in 16 bits. Prints how far what comes back is from the photo, in levels of 8 bits, with
results of 8 and of 16 bits. With `--published`, the weights of recipe-published.toml (`scumble train`), it
also makes artflow-grid.jpg, a sky with the published network and with ours, and prints both grids.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file

from scumble_daemon.library.builtin import PICTURE
from scumble_models.artflow.network import ArtFlow
from scumble_models.blend import Blend
from scumble_models.grid import grid_energy
from scumble_models.model import StyleModel
from scumble_models.registry import load_model
from scumble_models.reversal import reversal_of, take_off
from scumble_models.runner import KeptStatistics
from scumble_models.signals import StyleSignals
from scumble_models.stylize import encode_style, stylize

ROOT = Path(__file__).parents[1]
STYLES = ("great-wave", "scream")
GRID = "scream"
PHOTOS = [ROOT / "examples" / "photos" / f"{name}.jpg" for name in ("astronaut", "cat", "coffee", "rocket")]
SKY = ROOT / "models" / "scumble_models" / "learning" / "contents" / "canyon.jpg"
SIDE, GAP, CROP, ZOOM = 320, 6, 80, 4


@click.command()
@click.option("--engine", default="artflow", show_default=True)
@click.option("--published", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--photos", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--out", type=click.Path(path_type=Path), default=ROOT / "docs" / "images")
def main(engine: str, published: Path | None, photos: Path | None, out: Path) -> None:
    """Save the sheets and print what was measured."""
    model = load_model(engine)
    styles = [_signals(model, name) for name in STYLES]
    rows = [_row(model, styles, _photo(path), path.stem) for path in PHOTOS]
    _save(rows, out / f"{engine}.jpg")
    if published is None:
        return
    network = ArtFlow(published=True).eval().requires_grad_(False)
    network.load_state_dict(load_file(published))
    given = sorted(photos.iterdir()) if photos else [*PHOTOS, SKY]
    sky = _photo(SKY)
    cells = [sky]
    for name, one in (("published", network), ("ours", model.network)):
        assert isinstance(one, ArtFlow)
        found = [_grid(one, _smooth(_photo(path))) for path in given]
        click.echo(
            f"grid of {name}: {np.mean(found):.2f} of 255, over {len(given)} smoothed photos in {GRID}"
        )
        cells.append(_at_once(one, sky))
    crop = (slice(20, 20 + CROP), slice(120, 120 + CROP))
    _save([[cell[crop].repeat(ZOOM, 0).repeat(ZOOM, 1) for cell in cells]], out / "artflow-grid.jpg")


def _row(model: StyleModel, styles: Sequence[StyleSignals], photo: np.ndarray, name: str) -> list[np.ndarray]:
    """The photo, in one style, in both, with the second taken off and with the first, too."""
    cells = [photo]
    for kind, factor in (("8 bits", 1), ("16 bits", 257)):
        shown, reversals = photo.astype(np.uint8 if factor == 1 else np.uint16) * factor, []
        row = [shown]
        for signals in styles:
            shown, reversal = _painted(model, shown, signals)
            row.append(shown)
            reversals.append(reversal)
        for reversal in reversed(reversals):
            back, own, shared = take_off(model, reversal)
            shown = np.asarray(stylize(back, shown, "RGB", [(own, 1.0)], shared=shared))
            row.append(shown)
        once, _reversal = _painted(model, row[0], styles[0])
        back, own, shared = take_off(model, reversals[0])
        alone = np.asarray(stylize(back, once, "RGB", [(own, 1.0)], shared=shared))
        errors = [float(np.abs(found / factor - photo).mean()) for found in (alone, row[-1])]
        click.echo(f"{name}, {kind}: {errors[0]:.2f} after one style, {errors[1]:.2f} after two")
        if factor > 1:
            cells += [np.rint(cell / factor).astype(np.uint8) for cell in row[1:]]
    return cells


def _painted(model: StyleModel, pixels: np.ndarray, signals: StyleSignals) -> tuple[np.ndarray, bytes]:
    kept = KeptStatistics()
    result = np.asarray(stylize(model, pixels, "RGB", [(signals, 1.0)], kept=kept))
    return result, reversal_of(model, kept, Blend([(signals, 1.0)], 1.0, [None]).signals(model))


def _signals(model: StyleModel, name: str) -> StyleSignals:
    with Image.open(ROOT / "styles" / name / PICTURE) as image:
        return encode_style(model, np.asarray(image.convert("RGB")), "RGB")


@torch.inference_mode()
def _at_once(network: ArtFlow, photo: np.ndarray) -> np.ndarray:
    with Image.open(ROOT / "styles" / GRID / PICTURE) as image:
        image.thumbnail((512, 512))
        style = network.encode_style(_tensor(np.asarray(image.convert("RGB"))))
    result = network(_tensor(photo), style).clamp(0, 1)[0].permute(1, 2, 0)
    return np.rint(result.numpy() * 255).astype(np.uint8)


def _grid(network: ArtFlow, photo: np.ndarray) -> float:
    """Amplitude at the squeezes' periods of what is painted on a picture without, in levels of 8 bits."""
    return 255 * float(grid_energy(_tensor(_at_once(network, photo)))) ** 0.5


def _smooth(photo: np.ndarray) -> np.ndarray:
    """The photo without anything that is finer than an eighth of it."""
    image = Image.fromarray(photo)
    small = image.resize((8, 8), Image.Resampling.BOX)
    return np.asarray(small.resize(image.size, Image.Resampling.BICUBIC))


def _tensor(pixels: np.ndarray) -> torch.Tensor:
    height, width = (side // 4 * 4 for side in pixels.shape[:2])
    return torch.from_numpy(pixels[:height, :width].copy()).permute(2, 0, 1)[None] / 255


def _photo(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        small = image.convert("RGB")
        small.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        return np.asarray(small)


def _save(rows: list[list[np.ndarray]], out: Path) -> None:
    lines = [
        np.concatenate([np.pad(c, ((0, GAP), (0, GAP), (0, 0)), constant_values=255) for c in row], 1)
        for row in rows
    ]
    width = max(line.shape[1] for line in lines)
    wide = [np.pad(n, ((0, 0), (0, width - n.shape[1]), (0, 0)), constant_values=255) for n in lines]
    Image.fromarray(np.concatenate(wide)).save(out, quality=88)
    click.echo(str(out))


if __name__ == "__main__":
    main()
