"""The evaluation itself: all pairs, every candidate, and what is written of it."""

from __future__ import annotations

import json
import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from scumble_models.evaluation.measures import Judges, Stylize, grid_score
from scumble_models.files import save_picture, write_atomically
from scumble_models.margins import padded
from scumble_models.model import StyleModel
from scumble_models.training.data import ImageFolder
from scumble_models.training.preview import to_image

RESAMPLES = 2000
#: Contents over which the layers of VGG-16 are scaled.
SCALE_IMAGES = 8
#: Pairs on the contact sheet.
SHEET_ROWS = 12
#: Styles over which the grid score is taken.
GRID_STYLES = 12
HIGHER_IS_BETTER = {"ssim"}


@dataclass(frozen=True)
class Interval:
    """A mean with its 95% bootstrap interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Row:
    """The measures of one candidate."""

    name: str
    measures: dict[str, Interval]


def as_function(model: StyleModel) -> Stylize:
    """A model as the measures see it: one full frame, clamped and cut to the content's size."""

    multiple = model.traits.size_multiple

    def stylize(content: Tensor, style: Tensor) -> Tensor:
        with torch.inference_mode():
            signals = model.network.encode_style(padded(style, multiple))
            result = model.network(padded(content, multiple), signals)
        return result[:, :, : content.shape[2], : content.shape[3]].clamp(0.0, 1.0)

    return stylize


def evaluate(
    candidates: dict[str, Stylize],
    contents: ImageFolder,
    styles: ImageFolder,
    out: Path,
    *,
    pairs: int | None = None,
    on_pair: Callable[[int, int], None] | None = None,
) -> list[Row]:
    """Measure every candidate on the same pairs and write ``report.json``, ``report.md``, ``sheet.jpg``.

    Args:
        pairs: number of pairs, drawn at random with a fixed seed; None takes all of them.
        on_pair: called with the pairs done and the pairs in all.
    """
    chosen = _choose(len(contents), len(styles), pairs)
    images = [c[None].float() / 255 for c in contents.images]
    paintings = [s[None].float() / 255 for s in styles.images]
    judges = Judges(images[:SCALE_IMAGES])
    values: dict[str, dict[str, list[float]]] = {name: {} for name in candidates}
    sheet: list[list[Tensor]] = []
    for number, (i, j) in enumerate(chosen, 1):
        row = [images[i], paintings[j]]
        for name, stylize in candidates.items():
            result = stylize(images[i], paintings[j])
            for measure, value in judges.measure(images[i], paintings[j], result).items():
                values[name].setdefault(measure, []).append(value)
            row.append(result)
        if len(sheet) < SHEET_ROWS:
            sheet.append(row)
        if on_pair:
            on_pair(number, len(chosen))
    for name, stylize in candidates.items():
        values[name]["grid"] = [grid_score(stylize, s) for s in paintings[:GRID_STYLES]]
    rows = [Row(name, {k: bootstrap(v) for k, v in found.items()}) for name, found in values.items()]
    document = {"pairs": len(chosen), "contents": len(contents), "styles": len(styles), "values": values}
    save_report(out, document, markdown_table(rows, len(chosen)))
    save_picture(contact_sheet(sheet), out / "sheet.jpg", quality=90)
    return rows


def bootstrap(values: Sequence[float]) -> Interval:
    """The mean and the 2.5 and 97.5 percentiles of the means of resamples."""
    generator = random.Random(0)
    means = sorted(statistics.fmean(generator.choices(values, k=len(values))) for _ in range(RESAMPLES))
    cut = round(RESAMPLES * 0.025)
    return Interval(statistics.fmean(values), means[cut], means[-cut - 1])


def markdown_table(rows: Sequence[Row], pairs: int) -> str:
    """A Markdown table, one line per candidate."""
    names = list(rows[0].measures)
    arrows = [f"{n} {'↑' if n in HIGHER_IS_BETTER else '↓'}" for n in names]
    lines = [f"| {pairs} pairs | {' | '.join(arrows)} |", "|---" * (len(names) + 1) + "|"]
    for row in rows:
        cells = [f"{v.mean:.3f} ({v.low:.3f} to {v.high:.3f})" for v in row.measures.values()]
        lines.append(f"| {row.name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def contact_sheet(rows: Sequence[Sequence[Tensor]], side: int = 320) -> Image.Image:
    """Content, style and each candidate's result, a row for each pair; each fitted into a square."""
    sheet = Image.new("RGB", (side * len(rows[0]), side * len(rows)), "white")
    for y, row in enumerate(rows):
        for x, tensor in enumerate(row):
            picture = to_image(tensor[0])
            picture.thumbnail((side - 4, side - 4), Image.Resampling.LANCZOS)
            sheet.paste(picture, (x * side, y * side))
    return sheet


def save_report(folder: Path, document: object, table: str) -> None:
    """Write ``report.json`` and ``report.md`` into a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(json.dumps(document, indent=1).encode(), folder / "report.json")
    write_atomically(table.encode(), folder / "report.md")


def _choose(contents: int, styles: int, pairs: int | None) -> list[tuple[int, int]]:
    everything = [(i, j) for i in range(contents) for j in range(styles)]
    if pairs is None or pairs >= len(everything):
        return everything
    return random.Random(0).sample(everything, pairs)
