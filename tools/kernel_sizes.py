#!/usr/bin/env python3
"""Time StyleKernel with kernels of several sizes by turns (table 3 of the paper), as ratios.

python tools/kernel_sizes.py [--side 512] [--runs 5]

The weights are untrained: they change no time.
"""

from __future__ import annotations

from functools import partial

import click
import torch
from turns import medians

from scumble_models.allocation import keep_freed_memory
from scumble_models.stylekernel.network import StyleKernel

SIZES = (1, 3, 5, 7)


@click.command()
@click.option("--side", default=512, show_default=True, help="Of the square that is painted, in pixels.")
@click.option("--runs", default=5, show_default=True)
@torch.inference_mode()
def main(side: int, runs: int) -> None:
    """Paint by turns with each size and print medians, and each as a multiple of the first."""
    keep_freed_memory()
    networks = {size: StyleKernel(size).eval() for size in SIZES}
    content, painting = torch.rand(1, 3, side, side), torch.rand(1, 3, 256, 256)
    styles = {size: network.encode_style(painting) for size, network in networks.items()}
    ways = {size: partial(network, content, styles[size]) for size, network in networks.items()}
    found = medians(ways, runs)
    for size, seconds in found.items():
        click.echo(f"k = {size}: {seconds:.3f} s, {seconds / found[SIZES[0]]:.2f}")


if __name__ == "__main__":
    main()
