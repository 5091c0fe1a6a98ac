"""``scumble train``: make weights from folders of photos and paintings."""

from __future__ import annotations

from pathlib import Path

import click

from ..model_errors import model_errors
from . import report

_EXAMPLES = """\b
Examples:
  scumble models fetch-judges
  scumble train recipe.toml --content ~/coco --style ~/wikiart -o run/
  scumble train recipe.toml --content ~/coco --style ~/wikiart -o run/   (again: resumes)
"""


@click.command(epilog=_EXAMPLES)
@click.argument("recipe", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--content", required=True, type=click.Path(path_type=Path), help="Folder of photos.")
@click.option("--style", required=True, type=click.Path(path_type=Path), help="Folder of paintings.")
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="Folder of the run.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu or cuda.")
@click.option("--short-side", default=384, show_default=True, help="Images are scaled to this side.")
@click.option("--unclear-rights", is_flag=True, help="Keep images whose rights MANIFEST.csv calls unclear.")
@click.option("--stop-after", type=int, help="Stop at this step; a later run goes on.")
def command(
    recipe: Path,
    content: Path,
    style: Path,
    out: Path,
    device: str,
    short_side: int,
    unclear_rights: bool,
    stop_after: int | None,
) -> None:
    """Train a network by RECIPE, a TOML file.

    The folder of the run holds the checkpoint, the losses (log.csv), a preview sheet for each
    checkpoint, and weights.safetensors. Stop it whenever you like and start it again to go on.
    """
    from scumble_models.devices import choose_device
    from scumble_models.training.data import ImageFolder
    from scumble_models.training.recipe import read_recipe
    from scumble_models.training.trainer import Trainer

    with model_errors():
        settings, place = read_recipe(recipe), choose_device(device)
        folders = [
            ImageFolder(folder, short_side=short_side, device=place, unclear_rights=unclear_rights)
            for folder in (content, style)
        ]
        for folder in folders:
            report.note(f"{len(folder)} images, {len(folder.skipped)} left out.")
        trainer = Trainer(settings, recipe.parent, folders[0], folders[1], out, device=place)
        with _progress() as progress:
            task = progress.add_task("Training", total=settings.steps, completed=trainer.step, loss="")

            def on_step(step: int, _steps: int, losses: dict[str, float]) -> None:
                progress.update(task, completed=step, loss=f"loss {losses['total']:.2f}")

            weights = trainer.run(on_step, stop_after)
    report.done(str(weights))


def _progress():
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[loss]}"),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=Console(stderr=True))
