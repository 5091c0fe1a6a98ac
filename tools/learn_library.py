#!/usr/bin/env python3
"""Learn the built-in styles one after the other, in the order of tools/styles.toml; resumable.

    nohup python tools/learn_library.py --cache ~/scumble-learning &

Each style is learned from styles/<name>/picture.jpg, so that anyone can repeat it. What is done lies in
styles/<name>/learned/ and is passed over; what is under way is kept in the cache every minute and gone on
with after an interruption. It runs at the lowest priority, to be left beside other work: two to four minutes
a style on two quiet cores, three times the steps that a user's own painting takes by default.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import time
from pathlib import Path

import click
import numpy as np
import torch
from PIL import Image

from scumble.marks import PHOTO
from scumble_daemon.library.builtin import PICTURE, builtin_styles, tomllib
from scumble_daemon.library.learned import Lesson, lesson_of, save_learned
from scumble_daemon.worker.starting import start_in
from scumble_models.allocation import keep_freed_memory
from scumble_models.errors import TrainingError
from scumble_models.files import write_atomically
from scumble_models.learning import RECIPE, Learner, LearnSettings
from scumble_models.learning.start import Start
from scumble_models.registry import StyleModel, load_model

ROOT = Path(__file__).parents[1]
KEEP_EVERY_S = 60.0
STEPS = 300


@click.command()
@click.argument("names", metavar="[NAME...]", nargs=-1)
@click.option("--cache", type=click.Path(path_type=Path), required=True, help="Folder for what is under way.")
@click.option("--styles", type=click.Path(path_type=Path), default=ROOT / "styles", show_default=True)
@click.option("--engine", default="microast", show_default=True)
@click.option("--steps", default=STEPS, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--device", default="auto", show_default=True)
@click.option("--nice", default=19, show_default=True, help="Priority: 19 gives way to everything.")
@click.option("--again", is_flag=True, help="Learn what is learned already, too.")
def main(
    names: tuple[str, ...],
    cache: Path,
    styles: Path,
    engine: str,
    steps: int,
    seed: int,
    device: str,
    nice: int,
    again: bool,
) -> None:
    """Learn the built-in styles, or those that are named."""
    with contextlib.suppress(AttributeError, OSError):
        os.nice(nice)
    keep_freed_memory()
    cache.mkdir(parents=True, exist_ok=True)
    table = tomllib.loads((ROOT / "tools" / "styles.toml").read_text(encoding="utf-8"))
    model = load_model(engine, device)
    settings = LearnSettings(steps=steps, seed=seed)
    entries = {entry.name: entry for entry in builtin_styles(styles)}
    for name in names or (name for name, row in table.items() if row["mark"] != PHOTO):
        entry, lesson = entries[name], Lesson(steps, steps, seed, recipe=RECIPE)
        if lesson_of(entry, model.info.sha256) == lesson and not again:
            continue
        picture = (entry.folder / PICTURE).read_bytes()
        started = time.monotonic()
        start = start_in(styles, model, entry)
        data = _learn(model, picture, settings, start, cache / f"{name}.safetensors")
        save_learned(entry, model.info.name, model.info.sha256, data, lesson)
        click.echo(f"{name}: {len(data)} bytes, {time.monotonic() - started:.0f} s")
        sys.stdout.flush()


def _learn(model: StyleModel, picture: bytes, settings: LearnSettings, start: Start, kept: Path) -> bytes:
    with Image.open(io.BytesIO(picture)) as image:
        pixels = np.array(image.convert("RGB"))
    try:
        learner = Learner.resume(model, pixels, "RGB", kept.read_bytes(), settings)
    except (OSError, TrainingError):
        learner = Learner(model, pixels, "RGB", settings, start=start)
    last = time.monotonic()
    while learner.done < learner.steps:
        learner.step()
        if time.monotonic() - last > KEEP_EVERY_S:
            write_atomically(learner.checkpoint(), kept)
            last = time.monotonic()
    kept.unlink(missing_ok=True)
    return learner.signals().to_bytes()


if __name__ == "__main__":
    torch.set_num_threads(os.cpu_count() or 1)
    main()
