"""A further engine in one folder, unlike the others in every trait: nothing else of Scumble knows of it.

It squeezes the picture (sides are multiples of 2), whitens its features by their covariance, colours each
style's own way and mixes those features, and fades features. A style is the root of its covariance.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from safetensors.torch import save_file

NETWORK = '''
"""Whitening and colouring of squeezed pixels (Li et al., 2017, with a squeeze in place of a VGG)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from scumble_models.network import StyleNetwork
from scumble_models.signals import StyleSignals
from scumble_models.tiling.stage import first_stage, normalised_stage
from scumble_models.tiling.statistics import whole_statistics

from .layers import CHANNELS, decoder, encoder


def power(covariance: Tensor, exponent: float) -> Tensor:
    values, vectors = torch.linalg.eigh(covariance + 1e-3 * torch.eye(len(covariance)).to(covariance))
    return vectors @ torch.diag(values.clamp_min(1e-6) ** exponent) @ vectors.T


class Toy(StyleNetwork):
    architecture = "toy"

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder(), decoder()

    def encode_style(self, style: Tensor) -> StyleSignals:
        mean, covariance = whole_statistics(self.encoder(style), "covariance")
        root = power(covariance[0], 0.5).float()
        return StyleSignals(self.architecture, {"mean": mean.flatten(1), "root": root[None]})

    def decode(self, x: Tensor, statistics: tuple[Tensor, Tensor], signals) -> Tensor:
        mean, covariance = statistics
        white = power(covariance[0], -0.5).float()

        def coloured(style: StyleSignals) -> Tensor:
            moved = torch.einsum("ij,njhw->nihw", style.tensors["root"][0] @ white, x - mean)
            return moved + style.column("mean")

        x = torch.lerp(x, signals.mixed(coloured), signals.weight)
        return self.decoder(x)

    def learned_part(self) -> nn.Module:
        return self.decoder

    def with_part(self, weights) -> Toy:
        other = Toy()
        other.encoder = self.encoder
        other.decoder.load_state_dict(dict(weights))
        return other.eval().requires_grad_(False)

    def stages(self):
        return (
            first_stage("encode", self.encoder, (self.encoder,), CHANNELS),
            normalised_stage("decode", self.decode, (self.decoder,), 3, gathers="covariance"),
        )
'''

LAYERS = """
from torch import nn

from scumble_models.tiling.receptive import Whole

CHANNELS = 12


# Takes a part of the whole picture's mean away: every output needs every input.
class Levelled(nn.Module):
    operations = (Whole(),)

    def forward(self, x):
        return x - 0.2 * x.mean((2, 3), keepdim=True)


def encoder() -> nn.Sequential:
    return nn.Sequential(
        nn.ReflectionPad2d(1), nn.Conv2d(3, 3, 3), nn.PixelUnshuffle(2), nn.Conv2d(CHANNELS, CHANNELS, 1)
    )


def decoder() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(CHANNELS, CHANNELS, 3, padding=2, dilation=2, padding_mode="replicate"),
        nn.PixelShuffle(2),
        nn.Identity(),
    )
"""

TRAINING = """
from scumble_models.training.method import TrainingMethod

from .network import Toy


class Training(TrainingMethod[Toy]):
    def initial(self, loss_network):
        return Toy()

    def parts(self, network):
        yield network, 1.0
"""

DESCRIPTION = """
network = "Toy"
order = 99

[traits]
mixes = "{mixes}"
weight = "{weight}"
reach = "{reach}"
learns = true
cascades = false
size_multiple = 2

[models.{name}]
title = "Toy"
file = "weights.safetensors"
sha256 = "{sha256}"
licence = "none"
"""


def write_toy(
    place: Path, name: str = "toy", mixes: str = "features", weight: str = "features", reach: str = "local"
) -> None:
    """Write the engine's folder into a place that the registry scans."""
    folder = place / name
    folder.mkdir(parents=True)
    network = NETWORK.replace('architecture = "toy"', f'architecture = "{name}"')
    layers = LAYERS if reach == "local" else LAYERS.replace("nn.Identity()", "Levelled()")
    files = {"__init__": "", "network": network, "layers": layers, "training": TRAINING}
    for part, text in files.items():
        (folder / f"{part}.py").write_text(text.lstrip(), encoding="utf-8")
    save_file(_weights(), folder / "weights.safetensors")
    sha256 = hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest()
    text = DESCRIPTION.format(name=name, sha256=sha256, mixes=mixes, weight=weight, reach=reach)
    (folder / "engine.toml").write_text(text, encoding="utf-8")


def _weights() -> dict[str, torch.Tensor]:
    """Nearly the identity, so that pictures stay pictures."""
    generator = torch.Generator().manual_seed(5)
    shapes = {"encoder.1": (3, 3, 3), "encoder.3": (12, 12, 1), "decoder.0": (12, 12, 3)}
    found = {}
    for name, (outputs, inputs, kernel) in shapes.items():
        weight = 0.03 * torch.randn(outputs, inputs, kernel, kernel, generator=generator)
        weight[:, :, kernel // 2, kernel // 2] += torch.eye(outputs)
        found[f"{name}.weight"], found[f"{name}.bias"] = weight, torch.zeros(outputs)
    return found
