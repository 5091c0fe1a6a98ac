"""How AdaAttN is trained: global style losses, and a local one whose target is attention without weights."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from scumble_models.adaattn.attention import KEYS, AttentionLevel, attended_features
from scumble_models.adaattn.network import DEEP, SHALLOW, AdaAttN
from scumble_models.signals import StyleSignals
from scumble_models.training.bank import Batch
from scumble_models.training.initialisation import compare_as_they_are
from scumble_models.training.on_vgg import TrainingOnVGG
from scumble_models.vgg.decoder import LEVELS


class Training(TrainingOnVGG[AdaAttN]):
    """The paper's training (section 3.4): its content loss is the local feature loss (Eq. 9)."""

    def build(self) -> AdaAttN:
        """A network whose attention compares features as they are, and whose two levels count alike."""
        network = AdaAttN()
        with torch.no_grad():
            for level in (network.shallow, network.deep):
                _comparing(level)
            convolution = network.merge[0]
            assert isinstance(convolution, nn.Conv2d)
            nn.init.normal_(convolution.weight, std=1e-3)
            for channel in range(LEVELS[SHALLOW]):
                for half in (channel, LEVELS[SHALLOW] + channel):
                    convolution.weight[channel, half, 1, 1] += 0.5
            assert convolution.bias is not None
            nn.init.zeros_(convolution.bias)
        return network

    def parts(self, network: AdaAttN) -> Iterator[tuple[nn.Module, float]]:
        """Everything but the encoder; ``modulator_rate`` is of the decoder."""
        for part in (network.shallow, network.deep, network.merge):
            yield part, 1.0
        yield network.decoder, self.recipe.modulator_rate

    def result(
        self, network: AdaAttN, batch: Batch, signals: StyleSignals
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The result, and for both levels what attention without weights would make of them."""
        result = network(batch.content, signals).float()
        with torch.no_grad():
            pictures = (batch.content, batch.style)
            content, style = (network.encoder(picture, (SHALLOW, DEEP)) for picture in pictures)
            wanted = {name: attended_features(content[name], style[name]) for name in (SHALLOW, DEEP)}
        return result, wanted


def _comparing(level: AttentionLevel) -> None:
    """Queries and keys alike, and values as they are."""
    compare_as_they_are(level.query, level.key)
    level.value.weight.zero_()
    channels = len(level.value.weight)
    level.value.weight[range(channels), range(channels), 0, 0] = 1.0
    assert level.value.bias is not None
    nn.init.zeros_(level.value.bias)
    assert len(level.query.weight) == KEYS
