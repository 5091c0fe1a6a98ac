"""How networks on VGG are trained: the encoder stays, the decoder begins as one that inverts it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import TypeVar, cast

from torch import Tensor, nn

from scumble_models.training.initialisation import begin_at_gray, he_initialised
from scumble_models.training.method import TrainingMethod
from scumble_models.vgg.decoder import VGGDecoder
from scumble_models.vgg.encoder import VGG16
from scumble_models.vgg.network import NetworkOnVGG

Network = TypeVar("Network", bound=NetworkOnVGG)


class TrainingOnVGG(TrainingMethod[Network]):
    """A training whose ``init`` may be all of the network, or WCT with its ways back from VGG."""

    @abstractmethod
    def build(self) -> Network:
        """The network, its own layers with the weights from which they are trained."""

    def initial(self, loss_network: VGG16) -> Network:
        """The network with the loss network as its encoder, which does not learn."""
        network = self.build()
        network.encoder.load_state_dict(loss_network.state_dict())
        network.encoder.requires_grad_(False)
        initialise_decoder(network.decoder)
        return network

    def load(self, network: Network, state: Mapping[str, Tensor]) -> None:
        """Take the weights of a start; of WCT the decoder of the network's level."""
        own = network.state_dict()
        if own.keys() <= {*state, *(name for name in own if name.startswith("encoder."))}:
            taken = {name: state[name] for name in own.keys() & state.keys()}
        else:
            before = f"decoders.{network.decoder.level}."
            taken = {f"decoder.{name.removeprefix(before)}": state[name] for name in state if before in name}
        if not taken:
            raise KeyError("decoder")
        network.load_state_dict({**own, **{name: tensor.float() for name, tensor in taken.items()}})

    def parts(self, network: Network) -> Iterator[tuple[nn.Module, float]]:
        """The decoder."""
        yield network.decoder, 1.0


def initialise_decoder(decoder: VGGDecoder) -> None:
    """Set the weights from which a way back from VGG is trained."""
    he_initialised(decoder)
    begin_at_gray(cast(nn.Conv2d, decoder.way("conv1_1")[0].get_submodule("0")))
