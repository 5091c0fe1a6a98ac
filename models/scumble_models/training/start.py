"""Where training starts: a network with its first weights, and which of its parts learn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from safetensors.torch import load_file
from torch import nn

from scumble_models.adain import AdaIN
from scumble_models.errors import TrainingError
from scumble_models.microast.network import MicroAST, initialise
from scumble_models.network import StyleNetwork
from scumble_models.training.recipe import Recipe
from scumble_models.vgg import VGG16


def start_network(recipe: Recipe, folder: Path, loss_network: VGG16) -> StyleNetwork:
    """The network of a recipe with the weights it starts from.

    Args:
        folder: what ``init`` in the recipe is relative to.
        loss_network: becomes AdaIN's encoder, which does not learn.

    Raises:
        TrainingError: an architecture without training, or a missing ``init``.
    """
    network: StyleNetwork
    if recipe.architecture == "microast":
        network = MicroAST()
        initialise(network)
    elif recipe.architecture == "adain":
        network = AdaIN()
        network.encoder.load_state_dict(loss_network.state_dict())
        network.encoder.requires_grad_(False)
        _initialise_decoder(network.decoder)
    else:
        raise TrainingError(f"There is no training for the architecture {recipe.architecture!r}.")
    if recipe.init:
        path = folder / recipe.init
        if not path.is_file():
            raise TrainingError(f"The recipe starts from {recipe.init}, which is not there.")
        network.load_state_dict(load_file(path))
    return network


def trainable_parts(network: StyleNetwork, modulator_rate: float) -> Iterator[tuple[nn.Module, float]]:
    """The parts that learn, each with the factor on its learning rate."""
    if isinstance(network, MicroAST):
        for part in (network.content_encoder, network.style_encoder, network.decoder):
            yield part, 1.0
        yield network.modulator, modulator_rate
    elif isinstance(network, AdaIN):
        yield network.decoder, 1.0


def _initialise_decoder(decoder: nn.Module) -> None:
    last = None
    for module in decoder.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
            last = module
    if last is not None and last.bias is not None:
        nn.init.normal_(last.weight, std=0.01)
        nn.init.constant_(last.bias, 0.5)
