#!/usr/bin/env python3
"""What bfloat16 would cost and save in each of MicroAST's fused convolutions, on this machine.

    python tools/precision.py

Photos are painted by the network's own decoder and by learned ones, with some kinds of convolutions in
bfloat16 (features are float32 between them): the largest difference from float32 in levels of 255, the one
that 99.9% of the pixels keep within, how many pixels are more than 2 levels off, and the time relative to
float32's, both taken in turn. The last row takes as many kinds as stay within 2 levels for 99.9%, the one
that saves most first.
"""

from __future__ import annotations

import functools
import statistics
import time
from pathlib import Path

import click
import numpy as np
import torch
from built_in import picture_of, signals_of
from page import processor, table
from PIL import Image
from torch import Tensor

from scumble_models.allocation import keep_freed_memory
from scumble_models.fast.packed import Packed
from scumble_models.registry import load_model
from scumble_models.stylize import encode_style, stylize

PHOTOS = Path(__file__).parents[1] / "examples" / "photos"
STYLES = ("starry-night", "great-wave", "kiss")
SIZE = (960, 640)
REPEATS = 3
LIMIT, SHARE = 2, 0.999
#: Layers with fewer channels than a register holds gain nothing.
LEAST_CHANNELS = 64

Kind = tuple[int, int, int]


class Mixed:
    """Packed convolutions that run in bfloat16 where they are told to, and note which kinds there are."""

    def __init__(self) -> None:
        self.kinds: dict[Kind, None] = {}
        self.chosen: set[Kind] = set()
        self._original = Packed.__call__

    def __call__(self, layer: Packed, x: Tensor) -> Tensor:
        kind = (layer.weight.shape[1] * layer.groups, layer.weight.shape[0], layer.kernel)
        self.kinds[kind] = None
        if kind not in self.chosen:
            return self._original(layer, x)
        return self._original(_half(layer), x.bfloat16()).float()


@functools.cache
def _half(layer: Packed) -> Packed:
    """The same convolution with its weights in bfloat16."""
    weight = layer.weight.bfloat16()
    return Packed(weight, layer.bias, stride=layer.stride, groups=layer.groups, relu=layer.relu)


@click.command()
def main() -> None:
    """Print the table."""
    keep_freed_memory()
    model = load_model("microast", "cpu")
    photos = [_picture(path) for path in sorted(PHOTOS.glob("*.jpg"))[:2]]
    signals = [signals_of(model, name) for name in STYLES]
    signals.append(encode_style(model, np.asarray(picture_of(STYLES[0])), "RGB"))
    mixed = Mixed()
    Packed.__call__ = lambda layer, x: mixed(layer, x)  # type: ignore[method-assign]

    def painted(chosen: set[Kind]) -> tuple[np.ndarray, float]:
        mixed.chosen, started = chosen, time.perf_counter()
        pictures = [
            np.asarray(stylize(model, photo, "RGB", [(one, 1.0)])) for photo in photos for one in signals
        ]
        return np.stack(pictures).astype(int), time.perf_counter() - started

    exact, _ = painted(set())
    kinds = [kind for kind in mixed.kinds if kind[0] >= LEAST_CHANNELS]

    def measured(name: str, chosen: set[Kind]) -> tuple[float, float, list[str]]:
        painted(chosen)  # packs the weights
        pairs = [(painted(set())[1], painted(chosen)) for _ in range(REPEATS)]
        off = np.abs(pairs[0][1][0] - exact).max(-1)
        ratio = statistics.median(seconds / before for before, (_, seconds) in pairs)
        kept = float(np.quantile(off, SHARE))
        row = [name, f"{off.max()}", f"{kept:.0f}", f"{(off > LIMIT).mean():.2%}", f"{ratio:.2f}"]
        click.echo(" ".join(row), err=True)
        return kept, ratio, row

    rows, savings = [], {}
    for kind in kinds:
        _, savings[kind], row = measured(f"{kind[2]}x{kind[2]}, {kind[0]} to {kind[1]}", {kind})
        rows.append(row)
    rows.append(measured(f"all that read {LEAST_CHANNELS} channels or more", set(kinds))[2])
    chosen: set[Kind] = set()
    for kind in sorted(kinds, key=lambda kind: savings[kind]):
        off = np.abs(painted(chosen | {kind})[0] - exact).max(-1)
        if np.quantile(off, SHARE) <= LIMIT:
            chosen.add(kind)
    names = ", ".join(f"{kind[2]}x{kind[2]} {kind[0]} to {kind[1]}" for kind in sorted(chosen)) or "none"
    rows.append(measured(f"as many as keep within: {names}", chosen)[2])
    click.echo(f"{processor()}, {torch.get_num_threads()} threads\n")
    click.echo(
        table(
            ["in bfloat16", "largest", "99.9%", f"pixels over {LIMIT} levels off", "time of float32's"], rows
        )
    )


def _picture(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB").resize(SIZE, Image.Resampling.LANCZOS))


if __name__ == "__main__":
    main()
