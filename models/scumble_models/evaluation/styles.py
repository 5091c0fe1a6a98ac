"""What learning changes: photos in each style by the network's own decoder, at first sight, and learned."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import torch
import torch.nn.functional as F
from torch import Tensor

from scumble_models.blur import gaussian
from scumble_models.colour import luminance
from scumble_models.evaluation.measures import Judges
from scumble_models.grid import grid_energy
from scumble_models.learned import painting_model
from scumble_models.model import StyleModel
from scumble_models.runner import run_at_once
from scumble_models.signals import StyleSignals

#: Fine detail is luminance less its Gaussian blur of this deviation in pixels.
DETAIL_SIGMA = 4.0
#: Side of the windows in which the lattice is measured: brush strokes differ over so much, a mesh does not.
WINDOW = 64
KINDS = ("network", "first sight", "learned")


@dataclass(frozen=True)
class StyleFigures:
    """Means over the photos for one style, by kind (:data:`KINDS`).

    Attributes:
        style: style loss on VGG-16; ``alexnet``: on AlexNet, which no training used; ``ssim`` with the photo;
            ``mesh``: amplitude at periods 2 and 4 in levels of 255.
    """

    name: str
    style: tuple[float, ...]
    alexnet: tuple[float, ...]
    ssim: tuple[float, ...]
    mesh: tuple[float, ...]


@dataclass(frozen=True)
class LearnedReport:
    """The figures of every style, and by kind how alike the fine detail of two styles on one photo is.

    Attributes:
        correlation: median over all photos and pairs of styles.
    """

    styles: list[StyleFigures]
    correlation: tuple[float, ...]


@torch.inference_mode()
def compare(
    model: StyleModel,
    photos: Sequence[Tensor],
    styles: Mapping[str, tuple[Tensor, Sequence[StyleSignals]]],
    on_result: Callable[[int, int], None] | None = None,
) -> LearnedReport:
    """Paint every photo in every style in each of :data:`KINDS` and measure.

    Args:
        photos: ``(1, 3, H, W)`` in 0..1, best such that no training has seen.
        styles: by name the picture ``(1, 3, H, W)`` and its signals by kind.
        on_result: called with the results done and those in all.
    """
    judges, done = Judges(list(photos)), 0
    details: dict[str, list[list[Tensor]]] = {kind: [[] for _ in photos] for kind in KINDS}
    figures = []
    for name, (picture, signals_by_kind) in styles.items():
        found: dict[str, dict[str, list[float]]] = {}
        for kind, signals in zip(KINDS, signals_by_kind, strict=True):
            painter, values = painting_model(model, signals), found.setdefault(kind, {})
            for number, photo in enumerate(photos):
                result = run_at_once(painter, signals, photo).clamp(0.0, 1.0)
                measured = judges.measure(photo, picture, result) | {"mesh": mesh(result)}
                for key, value in measured.items():
                    values.setdefault(key, []).append(value)
                details[kind][number].append(fine_detail(result))
                done += 1
                if on_result:
                    on_result(done, len(photos) * len(styles) * len(KINDS))
        means = {key: tuple(statistics.fmean(found[kind][key]) for kind in KINDS) for key in found[KINDS[0]]}
        figures.append(
            StyleFigures(name, means["style"], means["style_alexnet"], means["ssim"], means["mesh"])
        )
    alike = tuple(
        statistics.median(
            [correlation(a, b) for results in details[kind] for a, b in combinations(results, 2)] or [1.0]
        )
        for kind in KINDS
    )
    return LearnedReport(figures, alike)


def mesh(image: Tensor) -> float:
    """Root mean square amplitude at periods 2 and 4, phase-locked within windows, in levels of 255."""
    return 255.0 * math.sqrt(grid_energy(image, WINDOW).mean().item())


def fine_detail(image: Tensor) -> Tensor:
    """Luminance less its blur, ``(1, 1, H, W)``."""
    light = luminance(image)
    radius = math.ceil(3 * DETAIL_SIGMA)
    return light - gaussian(F.pad(light, (radius,) * 4, mode="reflect"), DETAIL_SIGMA, radius)


def correlation(first: Tensor, second: Tensor) -> float:
    """Pearson's correlation of two maps: 1 for the same marks, 0 for marks that have nothing in common."""
    return torch.corrcoef(torch.stack([first.flatten(), second.flatten()]))[0, 1].item()


def learned_table(report: LearnedReport, photos: int) -> str:
    """A Markdown table: each figure by the network's own decoder, at first sight, and learned."""
    lines = [
        f"| {photos} photos | style (VGG-16) ↓ | style (AlexNet) ↓ | SSIM | mesh, of 255 ↓ |",
        "|---|---|---|---|---|",
    ]
    for row in report.styles:
        figures = (row.style, row.alexnet, row.ssim, row.mesh)
        cells = (" → ".join(f"{value:.2f}" for value in values) for values in figures)
        lines.append(f"| {row.name} | " + " | ".join(cells) + " |")
    for number, kind in enumerate(KINDS[1:], 1):
        ratios = [
            statistics.fmean(getattr(row, key)[number] / getattr(row, key)[0] for row in report.styles)
            for key in ("style", "alexnet", "ssim", "mesh")
        ]
        cells = (f"**{ratio:.2f}**" for ratio in ratios)
        lines.append(f"| **{kind}, mean of ratios** | " + " | ".join(cells) + " |")
    network, first, learned = report.correlation
    lines += [
        "",
        f"Fine detail of two styles on one photo correlates {network:.2f}, at first sight {first:.2f}, "
        f"learned {learned:.2f}.",
    ]
    return "\n".join(lines) + "\n"
