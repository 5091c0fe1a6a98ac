#!/usr/bin/env python3
"""Measure photo looks and the photorealistic network against three other maps of colours, on pairs of photos.

python tools/fetch_evaluation_images.py heldout/
python tools/photo_figures.py heldout/content [--pairs 24] [--engine weights.safetensors] [--sheet sheet.png]

For each pair: how well edges stay (correlation of the gradients of luminance), SSIM of luminance after
histogram matching, how near the palette comes to the style's (sliced Wasserstein distance, of what it was),
and how much of the picture ends at black or white that did not. --sheet shows six pairs in each look.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import get_args

import click
import numpy as np
import torch
from PIL import Image
from torch import Tensor

from scumble_models.colour import colour_map, luminance
from scumble_models.evaluation.report import as_function
from scumble_models.learning.losses import palette
from scumble_models.photo.network import PhotoLook
from scumble_models.photo_network.aggregation import Reading
from scumble_models.photo_network.network import PhotoNetwork
from scumble_models.registry import load_candidate, load_model
from scumble_models.ssim import ssim
from scumble_models.training.data import ImageFolder
from scumble_models.training.preview import to_image

SIDE = 512
#: Pairs on the sheet, and the side of a picture there.
SHOWN, CELL = 6, 300
Look = Callable[[Tensor, Tensor], Tensor]


@click.command()
@click.argument("photos", type=click.Path(path_type=Path))
@click.option("--pairs", default=24, show_default=True, type=click.IntRange(1))
@click.option("--engine", "engines", multiple=True, help="Further ones, by name or .safetensors file.")
@click.option("--reading", type=click.Choice(get_args(Reading)), help="Of Equation 1, if not as trained.")
@click.option("--sheet", type=click.Path(path_type=Path, dir_okay=False))
def main(
    photos: Path, pairs: int, engines: tuple[str, ...], reading: Reading | None, sheet: Path | None
) -> None:
    """Print a table of means over the pairs."""
    folder = ImageFolder(photos, short_side=SIDE, unclear_rights=True)
    pictures = [image[None].float() / (255 if image.dtype == torch.uint8 else 1) for image in folder.images]
    engine = load_model("photo")
    network = engine.network
    assert isinstance(network, PhotoLook)
    looks: dict[str, Look] = {
        "photo": lambda c, s: network(c, engine.encode(s)),
        **{name: _network(name, reading) for name in engines},
        "per channel, RGB": _per_channel,
        "Monge-Kantorovich, RGB": lambda c, s: colour_map(c, s)(c).clamp(0.0, 1.0),
        "Monge-Kantorovich, Oklab": lambda c, s: _in_oklab(network, c, s),
    }
    chosen = [
        (i % len(pictures), (i * 5 + 3 + i // len(pictures)) % len(pictures)) for i in range(10 * pairs)
    ]
    chosen = [(c, s) for c, s in chosen if c != s][:pairs]
    click.echo(
        f"| {len(chosen)} pairs | edges ↑ | SSIM ↑ | palette, of what it was ↓ | cut at black or white ↓ |"
    )
    click.echo("|---|---|---|---|---|")
    shown = [[pictures[c] for c, _ in chosen[:SHOWN]], [pictures[s] for _, s in chosen[:SHOWN]]]
    with torch.inference_mode():
        for name, look in looks.items():
            results = [look(pictures[c], pictures[s]).clamp(0.0, 1.0) for c, s in chosen]
            shown.append(results[:SHOWN])
            rows = [
                _measure(pictures[c], pictures[s], result)
                for (c, s), result in zip(chosen, results, strict=True)
            ]
            means, least = np.mean(rows, 0), np.min(rows, 0)
            edges, alike, colours, cut = means
            click.echo(
                f"| {name} | {edges:.3f} (least {least[0]:.3f}) | {alike:.3f} "
                f"| {colours:.2f} | {100 * cut:.1f}% |"
            )

    if sheet is not None:
        _sheet(shown).save(sheet)


def _network(name: str, reading: Reading | None) -> Look:
    model = load_candidate(name)
    if reading is not None:
        assert isinstance(model.network, PhotoNetwork)
        model.network.reading = reading
    return as_function(model)


def _sheet(columns: list[list[Tensor]]) -> Image.Image:
    """Pairs from top to bottom: the photo, the other one, and the results, in the order of the table."""
    sheet = Image.new("RGB", (len(columns) * CELL, len(columns[0]) * CELL), "white")
    for across, column in enumerate(columns):
        for down, picture in enumerate(column):
            image = to_image(picture[0])
            image.thumbnail((CELL, CELL))
            sheet.paste(image, (across * CELL, down * CELL))
    return sheet


def _per_channel(content: Tensor, style: Tensor) -> Tensor:
    """Mean and deviation of each channel (Reinhard et al., 2001, in RGB)."""
    (mean, std), (new_mean, new_std) = (
        (x.mean((2, 3), keepdim=True), x.std((2, 3), keepdim=True)) for x in (content, style)
    )
    return ((content - mean) / (std + 1e-3) * new_std + new_mean).clamp(0.0, 1.0)


def _in_oklab(network: PhotoLook, content: Tensor, style: Tensor) -> Tensor:
    lab, wanted = network.encode_content(content), network.encode_content(style)
    return network.shown(colour_map(lab, wanted)(lab))


def _measure(content: Tensor, style: Tensor, result: Tensor) -> tuple[float, float, float, float]:
    before, after = luminance(content), luminance(result)
    gradients = [torch.cat([x.diff(dim=2).flatten(), x.diff(dim=3).flatten()]) for x in (before, after)]
    edges = torch.corrcoef(torch.stack(gradients))[0, 1].item()
    alike = ssim(before.expand(-1, 3, -1, -1), _matched(after, before).expand(-1, 3, -1, -1)).item()
    far, near = ((palette(x, 4) - palette(style, 4)).square().mean().item() ** 0.5 for x in (content, result))
    ends = [((x < 0.5 / 255) | (x > 254.5 / 255)).all(1).float().mean().item() for x in (content, result)]
    return edges, alike, near / far, max(0.0, ends[1] - ends[0])


def _matched(image: Tensor, target: Tensor) -> Tensor:
    """An image with the histogram of another of the same size."""
    values = torch.empty(image.numel())
    values[image.flatten().argsort(stable=True)] = target.flatten().sort().values
    return values.view_as(image)


if __name__ == "__main__":
    main()
