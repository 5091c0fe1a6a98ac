#!/usr/bin/env python3
"""How quickly styles are learned from the network's own decoder, and from between learned neighbours.

    python tools/learning_starts.py PHOTO... [--style NAME...] [--steps 10,25,50,100] [--limit 1800]

Each style is learned anew by each number of steps from both starts, in learnings of their own, and paints
the photos; its style loss and mesh are divided by those of the first sight and averaged over the styles. The
limit is one long learning from the network's own decoder, of which the other gains are shares. Half a second
a step on two cores: three styles take ten minutes, and with a limit of 1800 an hour.
"""

from __future__ import annotations

import time
from pathlib import Path

import click
import numpy as np
import torch
from built_in import STYLES, entry_of, picture_of
from page import table
from preview_difference import Numbers
from torch import Tensor

from scumble_daemon.worker.starting import start_in
from scumble_models.allocation import keep_freed_memory
from scumble_models.evaluation.measures import Judges
from scumble_models.evaluation.styles import mesh
from scumble_models.learned import painting_model
from scumble_models.learning import Learner, LearnSettings
from scumble_models.learning.start import Start
from scumble_models.registry import load_model
from scumble_models.runner import run_at_once
from scumble_models.signals import StyleSignals
from scumble_models.stylize import STYLE_SIDE, encode_style
from scumble_models.training.data import decode_picture


@click.command()
@click.argument("photos", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--style", "styles", multiple=True, default=("great-wave", "scream", "kiss"), show_default=True)
@click.option("--steps", type=Numbers(), default="10,25,50,100", show_default=True)
@click.option("--limit", default=0, help="Steps of the long learning; 0 for none.")
def main(photos: tuple[Path, ...], styles: tuple[str, ...], steps: tuple[float, ...], limit: int) -> None:
    """Learn, measure, and print the table."""
    keep_freed_memory()
    model = load_model("microast", "cpu")
    contents = [_picture(photo) for photo in photos]
    judges = Judges(contents)
    found: dict[tuple[str, int], list[np.ndarray]] = {}
    for name in styles:
        entry, pixels = entry_of(name), np.asarray(picture_of(name))
        assert entry.image is not None
        painting = _picture(entry.image)

        def measured(signals: StyleSignals, painting: Tensor = painting) -> np.ndarray:
            painter, rows = painting_model(model, signals), []
            with torch.inference_mode():
                for content in contents:
                    result = run_at_once(painter, signals, content).clamp(0, 1)
                    rows.append([judges.measure(content, painting, result)["style"], mesh(result)])
            return np.mean(rows, 0)

        first = measured(encode_style(model, pixels, "RGB"))
        starts: dict[str, Start | None] = {"own": None, "near": start_in(STYLES, model, entry)}
        plan = [(kind, int(count)) for count in steps for kind in starts]
        for kind, count in plan + ([("own", limit)] if limit else []):
            started = time.monotonic()
            learner = Learner(model, pixels, "RGB", LearnSettings(steps=count), start=starts[kind])
            while learner.done < learner.steps:
                learner.step()
            found.setdefault((kind, count), []).append(measured(learner.signals()) / first)
            ratios = " ".join(f"{ratio:.2f}" for ratio in found[kind, count][-1])
            click.echo(f"{name} {kind} {count}: {ratios}, {time.monotonic() - started:.0f} s", err=True)
    means = {key: np.mean(rows, 0) for key, rows in found.items()}
    best = means.get(("own", limit))
    rows = []
    for (kind, count), (style, lattice) in means.items():
        share = "-" if best is None else f"{(1 - style) / (1 - best[0]):.0%}"
        rows.append([str(count), kind, f"{style:.2f}", f"{lattice:.2f}", share])
    click.echo(table(["steps", "start", "style loss", "mesh", "share of the limit's gain"], rows))


def _picture(path: Path) -> Tensor:
    return decode_picture(path, STYLE_SIDE)[None].float() / 255


if __name__ == "__main__":
    torch.manual_seed(0)
    main()
