"""How AdaIN is trained: the decoder alone, behind the loss network as encoder."""

from __future__ import annotations

from torch import Tensor

from scumble_models.adain.network import LEVEL, AdaIN
from scumble_models.signals import StyleSignals
from scumble_models.tiling.statistics import channel_statistics, modulate_features
from scumble_models.training.bank import Batch
from scumble_models.training.on_vgg import TrainingOnVGG


class Training(TrainingOnVGG[AdaIN]):
    """The paper's training (section 5): the bank of activations has what its encoder would say."""

    def build(self) -> AdaIN:
        """The network."""
        return AdaIN()

    def styles(self, network: AdaIN, batch: Batch) -> StyleSignals:
        """The statistics that the bank has already."""
        mean, std = batch.style_statistics[LEVEL]
        return StyleSignals(network.architecture, {"mean": mean, "std": std})

    def result(self, network: AdaIN, batch: Batch, signals: StyleSignals) -> tuple[Tensor, dict[str, Tensor]]:
        """The result, and what AdaIN hands to the decoder: the paper's target is that, not the content."""
        content = batch.content_features
        statistics = channel_statistics(content)
        result = network.decode(content, statistics, signals)
        moved = modulate_features(content, statistics, signals.column("mean"), signals.column("std"))
        return result.float(), {LEVEL: moved}
