"""How AdaIN is trained: the decoder alone, behind the loss network as encoder."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor, nn

from scumble_models.adain.network import AdaIN
from scumble_models.signals import StyleSignals
from scumble_models.tiling.statistics import channel_statistics, modulate_features
from scumble_models.training.bank import Batch
from scumble_models.training.method import TrainingMethod
from scumble_models.vgg import VGG16


class Training(TrainingMethod[AdaIN]):
    """The paper's training (section 5): the bank of activations has what its encoder would say."""

    def initial(self, loss_network: VGG16) -> AdaIN:
        """A network with the loss network as its encoder, which does not learn."""
        network = AdaIN()
        network.encoder.load_state_dict(loss_network.state_dict())
        network.encoder.requires_grad_(False)
        _initialise(network.decoder)
        return network

    def parts(self, network: AdaIN) -> Iterator[tuple[nn.Module, float]]:
        """The decoder."""
        yield network.decoder, 1.0

    def styles(self, network: AdaIN, batch: Batch) -> StyleSignals:
        """The statistics that the bank has already."""
        mean, std = batch.style_statistics["conv4_1"]
        return StyleSignals(network.architecture, {"mean": mean, "std": std})

    def result(self, network: AdaIN, batch: Batch, signals: StyleSignals) -> tuple[Tensor, Tensor]:
        """The result, and what AdaIN hands to the decoder: the paper's target is that, not the content."""
        content = batch.content_features
        statistics = channel_statistics(content)
        result = network.decode(content, statistics, signals)
        moved = modulate_features(content, statistics, signals.column("mean"), signals.column("std"))
        return result.float(), moved


def _initialise(decoder: nn.Module) -> None:
    """He's initialisation, the output at mid-gray."""
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
