#!/usr/bin/env python3
"""Measure what a learned style costs beside one that is not: bytes and painting.

The time to switch to one is measured by ``scumble bench --section learning``.

python tools/learned_costs.py [--side 1024] [--runs 9]
"""

from __future__ import annotations

from functools import partial

import click
import numpy as np
from built_in import picture_of, signals_of
from turns import medians

from scumble_models.allocation import keep_freed_memory
from scumble_models.registry import load_model
from scumble_models.stylize import encode_style, stylize


@click.command()
@click.option("--style", default="starry-night", show_default=True)
@click.option("--side", default=1024, show_default=True, help="Side of the square that is painted.")
@click.option("--runs", default=9, show_default=True)
def main(style: str, side: int, runs: int) -> None:
    """Paint by turns with and without the learned decoder, and print medians."""
    keep_freed_memory()
    model = load_model("microast")
    learned = signals_of(model, style)
    plain = encode_style(model, np.asarray(picture_of(style)), "RGB")
    picture = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    kinds = {"plain": plain, "learned": learned}
    seconds = medians(
        {kind: partial(stylize, model, picture, "RGB", [(signals, 1.0)]) for kind, signals in kinds.items()},
        runs,
    )
    click.echo(f"bytes: {len(learned.to_bytes())} learned, {len(plain.to_bytes())} not")
    click.echo(f"painting {side}x{side}: {seconds['learned'] / seconds['plain']:.3f} times as long")


if __name__ == "__main__":
    main()
