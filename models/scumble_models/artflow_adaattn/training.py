"""How ArtFlow with AdaAttN is trained: attention from nothing, the flow on from where AdaIN left it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from scumble_models.artflow.ends import rolled_off
from scumble_models.artflow_adaattn.network import ArtFlowAdaAttN
from scumble_models.signals import StyleSignals
from scumble_models.tiling.statistics import channel_statistics
from scumble_models.training.bank import Batch
from scumble_models.training.method import TrainingMethod
from scumble_models.vgg.encoder import VGG16


class Training(TrainingMethod[ArtFlowAdaAttN]):
    """The paper's content and style losses (Eq. 7 and 8), the content's as in ArtFlow's training."""

    def initial(self, loss_network: VGG16) -> ArtFlowAdaAttN:
        """Queries and keys compare the latents as they are."""
        del loss_network
        network = ArtFlowAdaAttN()
        with torch.no_grad():
            nn.init.orthogonal_(network.query.weight)
            network.key.weight.copy_(network.query.weight)
            for layer in (network.query, network.key):
                assert layer.bias is not None
                nn.init.zeros_(layer.bias)
        return network

    def load(self, network: ArtFlowAdaAttN, state: Mapping[str, Tensor]) -> None:
        """ArtFlow's blocks; attention where there is some."""
        missing, unknown = network.load_state_dict(dict(state), strict=False)
        if unknown or any(name.startswith("blocks.") for name in missing):
            raise KeyError("not the weights of a flow")

    def result(
        self, network: ArtFlowAdaAttN, batch: Batch, signals: StyleSignals
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The result as it is painted, and relu4_1 of the content."""
        latent = network.encode(batch.content)
        painted = network.exchange(latent, channel_statistics(latent), signals)
        return rolled_off(network.invert(painted)).float(), {"conv4_1": batch.content_features}

    def parts(self, network: ArtFlowAdaAttN) -> Iterator[tuple[nn.Module, float]]:
        """Everything; ``modulator_rate`` is of the flow."""
        yield network.query, 1.0
        yield network.key, 1.0
        yield network.blocks, self.recipe.modulator_rate
