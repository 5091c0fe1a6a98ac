#!/usr/bin/env python3
"""How far a learned style is from the best that its losses allow: pixels optimised (Gatys et al., 2016).

    python tools/pixel_bound.py PHOTO... [--style NAME...] [--steps 200]

Each photo is painted in each style by the network's own decoder, by the learned one, and by Adam on the
pixels with the same losses of style and content; what the losses then are is printed as a table.
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
import torch
import torch.nn.functional as F
from built_in import picture_of, signals_of
from PIL import Image, ImageOps
from torch import Tensor

from scumble_models.learned import painting_model
from scumble_models.learning.features import CONTENT_LAYER, STYLE_LAYERS, activations, style_distance
from scumble_models.learning.painting import Painting
from scumble_models.learning.settings import LossWeights
from scumble_models.registry import load_model
from scumble_models.runner import run_at_once
from scumble_models.stylize import encode_style


@click.command()
@click.argument("photos", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--style", "styles", multiple=True, default=("starry-night", "great-wave"))
@click.option("--steps", default=200, show_default=True)
@click.option("--side", default=256, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the optimised pictures.")
def main(photos: tuple[Path, ...], styles: tuple[str, ...], steps: int, side: int, out: Path | None) -> None:
    """Print style and content losses of the network, the learned style and optimised pixels."""
    model, weights = load_model("microast"), LossWeights()
    click.echo("| photo | style | not learned | learned | optimised pixels |")
    click.echo("|---|---|---|---|---|")
    for name in styles:
        picture = np.asarray(picture_of(name))
        wanted = Painting(picture, "RGB", model.device).style()
        kinds = (encode_style(model, picture, "RGB"), signals_of(model, name))
        for path in photos:
            fitted = ImageOps.fit(Image.open(path).convert("RGB"), (side, side), Image.Resampling.LANCZOS)
            photo = torch.from_numpy(np.array(fitted)).permute(2, 0, 1)[None].float() / 255
            target = activations(photo, (CONTENT_LAYER,))[CONTENT_LAYER].float()

            def losses(
                image: Tensor, wanted: dict = wanted, target: Tensor = target
            ) -> tuple[Tensor, Tensor]:
                found = activations(image, STYLE_LAYERS)
                gram, mean, _ = style_distance(found, wanted)
                content = F.mse_loss(found[CONTENT_LAYER].float(), target) / target.var()
                return gram + mean, content

            cells = []
            for signals in kinds:
                result = run_at_once(painting_model(model, signals), signals, photo).clamp(0, 1)
                cells.append(losses(result.clone()))
            pixels = torch.nn.Parameter(photo.clone())
            optimiser = torch.optim.Adam([pixels], lr=0.02)
            for _ in range(steps):
                style, content = losses(pixels)
                optimiser.zero_grad()
                (style + weights.content * content).backward()
                optimiser.step()
                with torch.no_grad():
                    pixels.clamp_(0, 1)
            with torch.no_grad():
                cells.append(losses(pixels))
            row = [f"style {s.item():.2f}, content {c.item():.2f}" for s, c in cells]
            click.echo(f"| {path.stem} | {name} | " + " | ".join(row) + " |")
            if out is not None:
                out.mkdir(parents=True, exist_ok=True)
                values = (pixels.detach()[0].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
                Image.fromarray(values).save(out / f"{path.stem}-{name}.png")


if __name__ == "__main__":
    main()
