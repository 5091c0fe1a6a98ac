"""How LinearWCT is trained: the two networks and the compression, the decoder at a slower rate."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from scumble_models.linearwct.network import RANK, LinearWCT
from scumble_models.training.initialisation import he_initialised
from scumble_models.training.on_vgg import TrainingOnVGG


class Training(TrainingOnVGG[LinearWCT]):
    """The paper's training (section 3.3), but that its decoder stays as it was."""

    def build(self) -> LinearWCT:
        """A network that gives back what the compression keeps, whatever the style."""
        network = LinearWCT()
        nn.init.orthogonal_(network.compress.weight)
        with torch.no_grad():
            network.unzip.weight.copy_(network.compress.weight.transpose(0, 1))
        for half in (network.content, network.style):
            he_initialised(half.convolutions)
            nn.init.normal_(half.matrix.weight, std=1e-4)
            with torch.no_grad():
                half.matrix.bias.copy_(torch.eye(RANK).flatten())
        return network

    def parts(self, network: LinearWCT) -> Iterator[tuple[nn.Module, float]]:
        """Everything but the encoder; ``modulator_rate`` is of the decoder."""
        for part in (network.content, network.style, network.compress, network.unzip):
            yield part, 1.0
        yield network.decoder, self.recipe.modulator_rate
