#!/usr/bin/env python3
"""Make docs/tin.md: Thumbnail Instance Normalization and Whitening, and exact statistics beside them.

    python tools/tin.py [--engine microast] [--engine linearwct] [--largest 10000] [--kept run/tin.json]

Sections of other engines stay as they are. With --kept, peaks measured before are not measured again: the
largest pictures take hours. Everything in the page is measured by this script on the
machine that runs it: the pictures (full frame,
patches with their own statistics, TIN, exact), the error of a thumbnail's statistics against its size
(figure 8 of the URST paper) and peak memory against picture size (its table 1).
"""

from __future__ import annotations

import dataclasses
import json
import os
import platform
from itertools import pairwise
from pathlib import Path

import click
import numpy as np
from PIL import Image

from scumble_bench.contender import in_one_pass
from scumble_bench.memory import Peak, peak_memory
from scumble_models.pixels import NetworkView, PixelArray
from scumble_models.registry import StyleModel, load_model
from scumble_models.runner import THUMBNAIL, run_at_once
from scumble_models.signals import StyleSignals
from scumble_models.stylize import encode_style, stylize
from scumble_models.tiling.box import Box
from scumble_models.tiling.executor import full_statistics
from scumble_models.tiling.statistics import Statistics

ROOT = Path(__file__).parents[1]
PHOTO = ROOT / "examples" / "photos" / "rocket.jpg"
STYLE = ROOT / "examples" / "styles" / "swirls.jpg"
#: The photo is enlarged to this long side, so that it is cut into several patches.
LONG_SIDE = 2048
PATCH = 512
#: Overlap of patches in URST's published code, in pixels.
URST_HALO = 32
THUMBNAILS = (128, 256, 512, 1024, 2048, 4096)
SIDES = (1000, 2000, 4000, 6000, 10000)
AMPLIFY = 8
FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option("--engine", "engines", multiple=True, default=["microast"], show_default=True)
@click.option("--largest", default=10000, show_default=True, help="Leave out larger pictures of table 1.")
@click.option("--kept", type=FILE, help="Peaks already measured (JSON); new ones are added.")
def main(engines: tuple[str, ...], largest: int, kept: Path | None) -> None:
    """Measure everything and write docs/tin.md with its pictures."""
    images = ROOT / "docs" / "images"
    images.mkdir(parents=True, exist_ok=True)
    page = ROOT / "docs" / "tin.md"
    for engine in engines:
        model = in_one_pass(load_model(engine))  # patches and statistics are the matter here
        style = encode_style(model, np.asarray(Image.open(STYLE).convert("RGB")), "RGB")
        parts = (_pictures(model, style, images), _statistics(model, style), _memory(engine, largest, kept))
        # Read only now: another run may have added its engine meanwhile.
        _, *known = page.read_text(encoding="utf-8").split("\n## ") if page.is_file() else ("",)
        sections = {section.partition("\n")[0]: section for section in known}
        title = f"{model.info.title} (`{engine}`)"
        sections[title] = "\n".join((f"{title}\n", *parts))
        text = "\n## ".join((HEAD.format(machine=_machine()), *sections.values()))
        page.write_text(text, encoding="utf-8")


def _photo(long_side: int) -> np.ndarray:
    photo = Image.open(PHOTO).convert("RGB")
    factor = long_side / max(photo.size)
    size = (round(photo.width * factor), round(photo.height * factor))
    return np.asarray(photo.resize(size, Image.Resampling.LANCZOS))


def _pictures(model: StyleModel, style: StyleSignals, folder: Path) -> str:
    content = _photo(LONG_SIDE)
    full = stylize(model, content, "RGB", [(style, 1.0)], tiling="full")
    ways = {
        "own": _patches_alone(model, style, content),
        "halo": _fixed_halo(model, style, content),
        "thumbnail": stylize(model, content, "RGB", [(style, 1.0)], tiling="thumbnail", patch=PATCH),
        "exact": stylize(model, content, "RGB", [(style, 1.0)], tiling="exact", patch=PATCH),
    }
    lines = ["| | largest difference | mean difference | mean at patch borders |", "|---|---|---|---|"]
    names = {
        "own": "(b) each patch with its own statistics",
        "halo": f"(c) TIN with a halo of {URST_HALO} pixels",
        "thumbnail": "(c) TIN with the exact halo",
        "exact": "(d) exact statistics",
    }
    seams = np.abs(ways["halo"].astype(int) - ways["thumbnail"]).astype(np.uint8)
    for way, result in ways.items():
        error = np.abs(result.astype(int) - full).astype(np.uint8)
        border = _at_borders(error)
        lines.append(f"| {names[way]} | {error.max()} | {error.mean():.3f} | {border.mean():.3f} |")
    shown = {way: result for way, result in ways.items() if way != "halo"}
    rows = [[full, shown["own"]], [shown["thumbnail"], shown["exact"]]]
    name = f"tin-{model.info.name}.jpg"
    _sheet(rows).save(folder / name, quality=85)
    differences = [np.minimum(np.abs(r.astype(int) - full) * AMPLIFY, 255) for r in shown.values()]
    difference_name = f"tin-{model.info.name}-differences.png"
    _sheet([[d.astype(np.uint8) for d in differences]]).quantize(64).save(folder / difference_name)
    seams_name = f"tin-{model.info.name}-seams.png"
    _crossing(seams).save(folder / seams_name)
    size = f"{content.shape[1]}x{content.shape[0]}"
    texts = {"name": name, "difference": difference_name, "seams": seams_name, "table": "\n".join(lines)}
    found = {
        "field": _exact_halo(model),
        "seam_largest": seams.max(),
        "seam_border": f"{_at_borders(seams).mean():.3f}",
    }
    return PICTURES.format(size=size, patch=PATCH, halo=URST_HALO, amplify=AMPLIFY, **texts, **found)


def _patches_alone(model: StyleModel, style: StyleSignals, content: np.ndarray) -> np.ndarray:
    """What a naive program does: cut, stylize every piece as a picture of its own, and join."""
    result = np.empty_like(content)
    for top in range(0, content.shape[0], PATCH):
        for left in range(0, content.shape[1], PATCH):
            place = (slice(top, top + PATCH), slice(left, left + PATCH))
            piece = np.ascontiguousarray(content[place])
            result[place] = stylize(model, piece, "RGB", [(style, 1.0)], tiling="full")
    return result


def _fixed_halo(model: StyleModel, style: StyleSignals, content: np.ndarray) -> np.ndarray:
    """TIN as URST's code cuts it: patches that overlap by a fixed halo, whatever the network sees."""
    view = NetworkView(PixelArray(content, "RGB", model.device))
    signals, whole = style.to(model.device), Box(0, 0, content.shape[1], content.shape[0])
    statistics = full_statistics(model.network.stages(), signals, view.thumbnail(THUMBNAIL))
    result = np.empty_like(content)
    for tile in whole.tiles(PATCH):
        wide = Box(
            tile.left - URST_HALO, tile.top - URST_HALO, tile.right + URST_HALO, tile.bottom + URST_HALO
        )
        wide = wide.intersect(whole)
        output = run_at_once(model, signals, view.read(wide), statistics)[0].clamp(0, 1)
        rows, columns = tile.relative_to(wide).slices()
        result[tile.slices()] = (output[:, rows, columns].permute(1, 2, 0) * 255).round().byte().cpu().numpy()
    return result


def _exact_halo(model: StyleModel) -> int:
    """How many pixels of content beyond a patch of the result the network sees."""
    stages, side = model.network.stages(), 4096
    grids = [Box(0, 0, side, side)]
    for stage in stages:
        grids.append(stage.output_box(grids[-1]))
    middle = side // 2
    needed = Box(middle, middle, middle + PATCH, middle + PATCH)
    for stage, grid in zip(reversed(stages), reversed(grids[:-1]), strict=True):
        needed = stage.input_box(needed, grid)
    return middle - needed.left


def _crossing(error: np.ndarray, side: int = 240) -> Image.Image:
    """Where four patches meet, amplified and enlarged."""
    place = slice(PATCH - side // 2, PATCH + side // 2)
    seen = np.minimum(error[place, place].astype(int) * AMPLIFY, 255).astype(np.uint8)
    return Image.fromarray(seen).resize((2 * side, 2 * side), Image.Resampling.NEAREST)


def _at_borders(error: np.ndarray) -> np.ndarray:
    rows = [r for k in range(PATCH, error.shape[0], PATCH) for r in (k - 1, k)]
    columns = [c for k in range(PATCH, error.shape[1], PATCH) for c in (k - 1, k)]
    return np.concatenate([error[rows].ravel(), error[:, columns].ravel()])


def _sheet(rows: list[list[np.ndarray]], width: int = 640) -> Image.Image:
    pictures = [[Image.fromarray(cell) for cell in row] for row in rows]
    height = round(width * pictures[0][0].height / pictures[0][0].width)
    sheet = Image.new("RGB", (width * len(rows[0]), height * len(rows)))
    for y, row in enumerate(pictures):
        for x, picture in enumerate(row):
            sheet.paste(picture.resize((width, height), Image.Resampling.LANCZOS), (x * width, y * height))
    return sheet


def _statistics(model: StyleModel, style: StyleSignals) -> str:
    """Figure 8: how far a thumbnail's statistics are from those of the whole."""
    content = _photo(4096)
    view = NetworkView(PixelArray(content, "RGB", model.device))
    signals = style.to(model.device)
    stages = model.network.stages()
    sides = [side for side in THUMBNAILS if side < min(content.shape[:2])]
    truth = full_statistics(stages, signals, view.thumbnail(min(content.shape[:2])))
    second = {"moments": "std", "covariance": "covariance", "nothing": "-"}
    heads = [f"{s.name}: mean, {second[following.gathers]}" for s, following in pairwise(stages)]
    lines = ["| thumbnail short side | " + " | ".join(heads) + " |"]
    lines.append("|---" * len(stages) + "|")
    for side in sides:
        found = full_statistics(stages, signals, view.thumbnail(side))
        cells = []
        for own, true in zip(found, truth, strict=True):
            cells.append(", ".join(f"{error:.1%}" for error in _errors(own, true)))
        lines.append(f"| {side} | {' | '.join(cells)} |")
    size = f"{content.shape[1]}x{content.shape[0]}"
    return STATISTICS.format(size=size, table="\n".join(lines))


def _errors(found: Statistics, true: Statistics) -> tuple[float, float]:
    """Relative errors of the mean and of the deviation, or of the whole covariance."""
    if found[1].ndim == 4:
        mean, std = ((a - b).abs() / true[1] for a, b in zip(found, true, strict=True))
        return mean.mean().item(), std.mean().item()
    # Some of a deep layer's channels hardly vary: by each one's own deviation the mean would be theirs alone.
    deviation = true[1].diagonal(dim1=1, dim2=2).clamp_min(0.0).sqrt()
    mean = (found[0] - true[0]).abs().sum() / deviation.sum()
    return mean.item(), ((found[1] - true[1]).norm() / true[1].norm()).item()


def _memory(engine: str, largest: int, kept: Path | None) -> str:
    lines, before = ["| picture | full frame | TIN | exact |", "|---|---|---|---|"], 0
    for side in (s for s in SIDES if s <= largest):
        cells = []
        for tiling in ("full", "thumbnail", "exact"):
            peak = _peak(engine, side, tiling, kept)
            before = before or peak.before
            cells.append(f"{peak.bytes / 1e6:,.0f} MB" if peak.bytes else "does not fit")
            click.echo(f"{engine} {side} {tiling}: {cells[-1]}", err=True)
        lines.append(f"| {side}x{side} | {' | '.join(cells)} |")
    return MEMORY.format(table="\n".join(lines), before=before / 1e6)


def _peak(engine: str, side: int, tiling: str, kept: Path | None) -> Peak:
    known = json.loads(kept.read_text(encoding="utf-8")) if kept and kept.is_file() else {}
    name = f"{engine} {side} {tiling}"
    if name not in known:
        known[name] = dataclasses.asdict(peak_memory(engine, side, tiling, PATCH))
        if kept:
            kept.write_text(json.dumps(known, indent=1), encoding="utf-8")
    return Peak(**known[name])


def _machine() -> str:
    return f"{platform.machine()} with {os.cpu_count()} cores, {platform.system()}, no GPU"


HEAD = """# Patches: Thumbnail Instance Normalization, and exact statistics

Made by `python tools/tin.py` on {machine}; nothing here is typed in.

Instance normalisation needs the mean and deviation of every channel over the whole picture. Cut a large
picture into patches and let each use its own, and neighbours come out in different colours. URST (Chen
et al., AAAI 2022) takes the statistics of a thumbnail for all patches (TIN, Eq. 2). Scumble also has `exact`:
the statistics of the whole picture, gathered patch by patch (Chan's merge, float64), with patches that carry
a halo of the exact receptive field. It equals the full frame, at any size, in constant memory.
Engines that whiten features need a covariance instead:
a thumbnail's is Thumbnail Instance Whitening (TIW, Eq. 6), and the exact one is merged in the same way.
"""
PICTURES = """### Four ways

A photo of {size} pixels, patches of {patch}. Left to right, top to bottom: (a) full frame, (b), (c), (d).

![Full frame, patches alone, TIN, exact](images/{name})

Differences to the full frame, {amplify} times amplified: (b), (c), (d).

![Differences](images/{difference})

Differences in levels of 255:

{table}

A result's pixel depends on {field} pixels around it, so a smaller halo leaves seams. Below: the difference
between TIN with a halo of {halo} pixels, as in URST's code, and with the exact one, where four patches meet,
{amplify} times amplified. It is nothing but seams: at patch borders {seam_border} levels on average,
{seam_largest} at most.

![Seams where four patches meet](images/{seams})
"""
STATISTICS = """### Statistics against thumbnail size (figure 8 of the paper)

Mean absolute error over the channels at each point of normalisation, relative to the channel's
deviation in the whole picture; where there is a covariance, relative to the mean deviation of all channels,
and the error of the matrix, in Frobenius norm ({size} pixels, enlarged from a smaller photo, so without
detail of its own at this size):

{table}
"""
MEMORY = """### Peak memory against picture size (table 1 of the paper)

Largest resident memory of a process that stylizes one picture on the CPU, patches of 512. The full frame has
picture and result in memory and is stopped where it asks for over 14 GB; in patches they lie in files, as
they do in the daemon for large layers. {before:,.0f} MB of each figure are the program, torch and the model.

{table}
"""

if __name__ == "__main__":
    main()
