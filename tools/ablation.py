#!/usr/bin/env python3
"""Train a network briefly with and without each of its parts, and measure all on pairs not trained on.

python tools/ablation.py --train TRAIN_DIR --held-out DIR -o run/ [--engine stylekernel --side 512 --pairs 24]

TRAIN_DIR and DIR hold the folders content/ and style/ (DIR: tools/fetch_evaluation_images.py). Every
variant has the same seed, steps and crops, and the same start. The runs are short: they tell what a
part does to the first minutes of training, not what the best weights without it would be.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click
from rich.console import Console

from scumble_models.evaluation.report import Stylize, as_function, evaluate, markdown_table
from scumble_models.folders import engine_folder
from scumble_models.model import StyleModel
from scumble_models.registry import user_model
from scumble_models.training.data import ImageFolder
from scumble_models.training.recipe import LossWeights, Phase, Recipe, read_recipe
from scumble_models.training.trainer import Trainer

LOSSES = LossWeights(content=1.0, style=8.0, contrastive=50.0, out_of_range=300.0)
DIRECTORY = click.Path(path_type=Path, file_okay=False)


def of_microast(steps: int, crop: int, batch: int) -> dict[str, Recipe]:
    """From nothing: a third of the steps have the pixel target, except without that stage."""
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


def of_stylekernel(steps: int, crop: int, batch: int) -> dict[str, Recipe]:
    """The recipe of the shipped weights, cut short, from WCT's way back (figures 5 to 7 of the paper)."""
    recipe = read_recipe(engine_folder("stylekernel").path / "recipe.toml")
    change = dataclasses.replace
    full = change(recipe, init="../wct/weights.safetensors", phases=(Phase(steps, crop, batch),))
    return {
        "everything": full,
        "without gating": change(full, leave_out=("gating",)),
        "without shuffling": change(full, leave_out=("shuffling",)),
    }


def of_photo_network(steps: int, crop: int, batch: int) -> dict[str, Recipe]:
    """The recipe cut short (table III of the paper, and the three readings of its Equation 1).

    TRAIN_DIR's style/ holds photos, and `tools/photo_figures.py --engine RUN/VARIANT/weights.safetensors`
    (`--reading` for those two) measures what is asked of photos.
    """
    recipe = read_recipe(engine_folder("photo_network").path / "recipe.toml")
    change, losses = dataclasses.replace, recipe.losses
    full = change(recipe, phases=(Phase(steps, crop, batch),))
    perceptual = change(losses, content=0.0, style=0.0, restyle=0.0, structure=0.0)
    return {
        "everything": full,
        "without SCP": change(full, losses=change(losses, coherence=0.0)),
        "without re-stylization": change(full, losses=change(losses, restyle=0.0)),
        "without perceptual losses": change(full, losses=perceptual),
        "mean": change(full, reading="mean"),
        "covariance": change(full, reading="covariance"),
    }


VARIANTS = {"microast": of_microast, "stylekernel": of_stylekernel, "photo_network": of_photo_network}


@click.command()
@click.option("--engine", type=click.Choice(list(VARIANTS)), default="microast", show_default=True)
@click.option("--train", "train_folder", required=True, type=DIRECTORY)
@click.option("--held-out", required=True, type=DIRECTORY)
@click.option("-o", "--out", required=True, type=DIRECTORY)
@click.option("--steps", default=450, show_default=True)
@click.option("--crop", default=96, show_default=True)
@click.option("--batch", default=4, show_default=True)
@click.option("--pairs", default=60, show_default=True)
@click.option("--side", default=256, show_default=True, help="Short side of the evaluated images.")
def main(
    engine: str,
    train_folder: Path,
    held_out: Path,
    out: Path,
    steps: int,
    crop: int,
    batch: int,
    pairs: int,
    side: int,
) -> None:
    """Train the variants one after the other (finished ones are kept), evaluate, print the table."""
    console = Console(stderr=True)
    folders = [ImageFolder(train_folder / kind) for kind in ("content", "style")]
    candidates: dict[str, Stylize] = {}
    for name, recipe in VARIANTS[engine](steps, crop, batch).items():
        place = out / name.replace(" ", "-")
        trainer = Trainer(recipe, engine_folder(engine).path, folders[0], folders[1], place)
        with console.status(f"{name}: {steps} steps"):
            weights = trainer.run()
        # The weights alone do not say what was left out.
        network = trainer.average.eval()
        info = user_model(engine, weights, "", name, "")
        candidates[name] = as_function(StyleModel(info, network, trainer.device))
    judged = [
        ImageFolder(held_out / kind, short_side=side, unclear_rights=True) for kind in ("content", "style")
    ]
    with console.status(f"{pairs} pairs"):
        rows = evaluate(candidates, judged[0], judged[1], out / "report", pairs=pairs)
    click.echo(markdown_table(rows, pairs))


if __name__ == "__main__":
    main()
