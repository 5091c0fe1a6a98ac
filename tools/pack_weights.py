#!/usr/bin/env python3
"""Make what `scumble train` left of a network on VGG into the file that ships, in half precision.

python tools/pack_weights.py adain run/weights.safetensors

Writes models/scumble_models/adain/weights.safetensors, less the encoder, which is the same for all such
networks (models/scumble_models/vgg/encoder.safetensors), and sets the hash in the engine's engine.toml.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import click
import torch
from safetensors.torch import load_file, save_file

from scumble_models.registry import engine_folder

MODELS = Path(__file__).parents[1] / "models" / "scumble_models"


@click.command()
@click.argument("engine")
@click.argument("weights", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def main(engine: str, weights: Path) -> None:
    """Pack WEIGHTS, a safetensors file of the whole network, for ENGINE."""
    # A training may have made more than ships, such as ways back for other engines.
    own = {name for name in engine_folder(engine).build().state_dict() if not name.startswith("encoder.")}
    state = {k: v.half().contiguous() for k, v in load_file(weights).items() if k in own}
    if state.keys() != own or not all(torch.isfinite(v).all() for v in state.values()):
        raise click.ClickException(f"{weights.name} does not hold all of the network in half precision.")
    path = MODELS / engine / "weights.safetensors"
    save_file(state, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    description = MODELS / engine / "engine.toml"
    text = re.sub(r'^sha256 = ".*"$', f'sha256 = "{digest}"', description.read_text(), count=1, flags=re.M)
    description.write_text(text)
    click.echo(f"{path.stat().st_size / 1e6:.1f} MB, sha256 {digest}")


if __name__ == "__main__":
    main()
