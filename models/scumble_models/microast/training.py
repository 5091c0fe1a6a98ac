"""How MicroAST is trained: all of it, from He's weights, the modulator at its own rate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import torch
from torch import Tensor, nn

from scumble_models.microast.layers import ConvLayer
from scumble_models.microast.network import MicroAST
from scumble_models.signals import StyleSignals
from scumble_models.training.initialisation import begin_at_gray, he_initialised
from scumble_models.training.method import TrainingMethod
from scumble_models.vgg.encoder import VGG16


class Training(TrainingMethod[MicroAST]):
    """The paper's training (section 3.3)."""

    def initial(self, loss_network: VGG16) -> MicroAST:
        """A network from which training is stable."""
        del loss_network
        network = MicroAST()
        initialise(network)
        return network

    def parts(self, network: MicroAST) -> Iterator[tuple[nn.Module, float]]:
        """Everything."""
        for part in (network.content_encoder, network.style_encoder, network.decoder):
            yield part, 1.0
        yield network.modulator, self.recipe.modulator_rate

    def ablated(self, signals: StyleSignals) -> StyleSignals:
        """The same signals, with FilterMod neutral (weight 1, bias 0) where the recipe leaves it out."""
        if "filter_modulation" not in self.recipe.leave_out:
            return signals
        neutral = {"weight": torch.ones_like, "bias": torch.zeros_like}
        tensors = {k: neutral.get(k[:-1], lambda v: v)(v) for k, v in signals.tensors.items()}
        return StyleSignals(signals.architecture, tensors)


def initialise(network: MicroAST) -> None:
    """Set weights from which training is stable.

    He initialisation, the modulator at weight 1 and bias 0, the output at mid-gray. With torch's
    default the features' deviation shrinks from layer to layer and FeatMod amplifies it again, which
    gives gradients of 1e10 (measured) and no learning.
    """
    he_initialised(network)
    for name, sequence in network.modulator.named_children():
        convolution = cast(ConvLayer, cast(nn.Sequential, sequence)[0]).conv_layer
        nn.init.zeros_(convolution.weight)
        nn.init.constant_(cast(Tensor, convolution.bias), 1.0 if name.startswith("weight") else 0.0)
    begin_at_gray(cast(ConvLayer, network.decoder.dec3[-1]).conv_layer)
