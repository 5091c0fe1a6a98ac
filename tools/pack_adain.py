#!/usr/bin/env python3
"""Split what `scumble train` made of AdaIN into the two files that ship, in half precision.

python tools/pack_adain.py run/weights.safetensors

Writes models/scumble_models/adain/{weights,encoder}.safetensors (the trained decoder, and the VGG encoder as
it was) and prints the lines for its engine.toml.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import click
import torch
from safetensors.torch import load_file, save_file

FOLDER = Path(__file__).parents[1] / "models" / "scumble_models" / "adain"


@click.command()
@click.argument("weights", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def main(weights: Path) -> None:
    """Pack WEIGHTS, a safetensors file of the whole network."""
    state = load_file(weights)
    for part, file, key in (("decoder", "weights", "sha256"), ("encoder", "encoder", "encoder_sha256")):
        tensors = {k: v.to(torch.float16).contiguous() for k, v in state.items() if k.startswith(part + ".")}
        if not tensors or not all(torch.isfinite(v).all() for v in tensors.values()):
            raise click.ClickException(f"{weights.name} holds no {part} that half precision can hold.")
        path = FOLDER / f"{file}.safetensors"
        save_file(tensors, path)
        click.echo(f'{key} = "{hashlib.sha256(path.read_bytes()).hexdigest()}"')


if __name__ == "__main__":
    main()
