#!/usr/bin/env python3
"""Train MicroAST briefly with and without each of its parts, and measure all on pairs not trained on.

python tools/ablation.py --train TRAIN_DIR --held-out DIR -o run/

TRAIN_DIR and DIR hold the folders content/ and style/ (DIR: tools/fetch_evaluation_images.py). Every
variant has the same seed, steps and crops, and starts from nothing. The runs are short: they tell what a
part does to the first minutes of training, not what the best weights without it would be.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click
from rich.console import Console

from scumble_models.evaluation.report import as_function, evaluate, markdown_table
from scumble_models.registry import load_candidate
from scumble_models.training.data import ImageFolder
from scumble_models.training.recipe import LossWeights, Phase, Recipe
from scumble_models.training.trainer import Trainer

LOSSES = LossWeights(content=1.0, style=8.0, contrastive=50.0, out_of_range=300.0)
DIRECTORY = click.Path(path_type=Path, file_okay=False)


def variants(steps: int, crop: int, batch: int) -> dict[str, Recipe]:
    """The recipes to compare: a third of the steps have the pixel target, except without that stage."""
    pixel, perceptual = Phase(steps // 3, crop, batch, "pixel"), Phase(steps - steps // 3, crop, batch)
    full = Recipe(
        "microast",
        (pixel, perceptual),
        learning_rate=1.5e-3,
        modulator_rate=3.0,
        warm_up=30,
        ema=0.98,
        bank=128,
        losses=LOSSES,
    )
    change = dataclasses.replace
    return {
        "everything": full,
        "without contrastive loss": change(full, losses=change(LOSSES, contrastive=0.0)),
        "without filter modulation": change(full, leave_out=("filter_modulation",)),
        "without pixel stage": change(full, phases=(Phase(steps, crop, batch),)),
    }


@click.command()
@click.option("--train", "train_folder", required=True, type=DIRECTORY)
@click.option("--held-out", required=True, type=DIRECTORY)
@click.option("-o", "--out", required=True, type=DIRECTORY)
@click.option("--steps", default=450, show_default=True)
@click.option("--crop", default=96, show_default=True)
@click.option("--batch", default=4, show_default=True)
@click.option("--pairs", default=60, show_default=True)
@click.option("--side", default=256, show_default=True, help="Short side of the evaluated images.")
def main(
    train_folder: Path, held_out: Path, out: Path, steps: int, crop: int, batch: int, pairs: int, side: int
) -> None:
    """Train the variants one after the other (finished ones are kept), evaluate, print the table."""
    console = Console(stderr=True)
    folders = [ImageFolder(train_folder / kind) for kind in ("content", "style")]
    weights: dict[str, Path] = {}
    for name, recipe in variants(steps, crop, batch).items():
        place = out / name.replace(" ", "-")
        trainer = Trainer(recipe, out, folders[0], folders[1], place)
        with console.status(f"{name}: {steps} steps"):
            weights[name] = trainer.run()
    candidates = {name: as_function(load_candidate(str(path))) for name, path in weights.items()}
    judged = [
        ImageFolder(held_out / kind, short_side=side, unclear_rights=True) for kind in ("content", "style")
    ]
    with console.status(f"{pairs} pairs"):
        rows = evaluate(candidates, judged[0], judged[1], out / "report", pairs=pairs)
    click.echo(markdown_table(rows, pairs))


if __name__ == "__main__":
    main()
