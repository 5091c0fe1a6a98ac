"""How ArtFlow with AdaAttN is trained: attention from nothing, the flow on from where AdaIN left it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from torch import Tensor, nn

from scumble_models.artflow_adaattn.network import ArtFlowAdaAttN
from scumble_models.training.initialisation import compare_as_they_are
from scumble_models.training.method import TrainingMethod
from scumble_models.vgg.encoder import VGG16


class Training(TrainingMethod[ArtFlowAdaAttN]):
    """The paper's content and style losses (Eq. 7 and 8), the content's as in ArtFlow's training."""

    def initial(self, loss_network: VGG16) -> ArtFlowAdaAttN:
        """Queries and keys compare the latents as they are."""
        del loss_network
        network = ArtFlowAdaAttN()
        compare_as_they_are(network.query, network.key)
        return network

    def load(self, network: ArtFlowAdaAttN, state: Mapping[str, Tensor]) -> None:
        """ArtFlow's blocks; attention where there is some."""
        missing, unknown = network.load_state_dict(dict(state), strict=False)
        if unknown or any(name.startswith("blocks.") for name in missing):
            raise KeyError("not the weights of a flow")

    def parts(self, network: ArtFlowAdaAttN) -> Iterator[tuple[nn.Module, float]]:
        """Everything; ``modulator_rate`` is of the flow."""
        yield network.query, 1.0
        yield network.key, 1.0
        yield network.blocks, self.recipe.modulator_rate
