"""How WCT is trained: the ways back from VGG alone, on pictures as they are (section 3.1 of the paper)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from torch import Tensor, nn

from scumble_models.training.method import TrainingMethod
from scumble_models.training.on_vgg import initialise_decoder
from scumble_models.vgg.decoder import LEVELS, VGGDecoder
from scumble_models.vgg.encoder import VGG16
from scumble_models.wct.network import WCT


class Training(TrainingMethod[WCT]):
    """The decoders of all levels; no style is ever seen as one."""

    def initial(self, loss_network: VGG16) -> WCT:
        """A network with the loss network as its encoder, which does not learn, and all ways back."""
        network = WCT(tuple(LEVELS))
        network.encoder.load_state_dict(loss_network.state_dict())
        network.encoder.requires_grad_(False)
        for decoder in network.decoders.values():
            initialise_decoder(cast(VGGDecoder, decoder))
        return network

    def load(self, network: WCT, state: Mapping[str, Tensor]) -> None:
        """The state of an earlier stage, in which only the decoder of relu4_1 is still to be trained.

        What it does from relu3_1 on begins as the decoder of relu3_1 has ended.
        """
        shallow = {k: v for k, v in state.items() if k.startswith("decoders.conv3_1.")}
        deep = {k.replace("decoders.conv3_1.", "decoders.conv4_1.", 1): v for k, v in shallow.items()}
        network.load_state_dict({**state, **deep})

    def parts(self, network: WCT) -> Iterator[tuple[nn.Module, float]]:
        """The decoders."""
        yield network.decoders, 1.0

    def decoder(self, network: WCT, level: str) -> nn.Module:
        """The one of that level."""
        return network.decoders[level]
