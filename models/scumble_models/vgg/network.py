"""What the networks have in common whose encoder is VGG and whose decoder goes the way back from it."""

from __future__ import annotations

from torch import Tensor

from scumble_models.network import StyleNetwork
from scumble_models.vgg.decoder import VGGDecoder
from scumble_models.vgg.encoder import VGG16


class NetworkOnVGG(StyleNetwork):
    """A network between a fixed encoder and a decoder.

    Args:
        level: where the way back begins, such as ``conv4_1``.
    """

    def __init__(self, level: str = "conv4_1") -> None:
        super().__init__()
        self.encoder = VGG16(padding_mode="reflect")
        self.decoder = VGGDecoder(level)

    def encode_content(self, content: Tensor, level: str = "conv4_1") -> Tensor:
        """``(N, 3, H, W)`` in 0..1 to activations of a level, its sides a part of theirs, rounded up."""
        return self.encoder(content, (level,))[level]
