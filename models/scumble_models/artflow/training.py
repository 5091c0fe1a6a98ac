"""How ArtFlow is trained: the flow alone, by content and style losses (Eq. 7 and 8)."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn

from scumble_models.artflow.network import ArtFlow
from scumble_models.training.method import TrainingMethod
from scumble_models.vgg.encoder import VGG16


class Training(TrainingMethod[ArtFlow]):
    """The paper's training; ActNorm takes its first values from the first batch."""

    def initial(self, loss_network: VGG16) -> ArtFlow:
        """A flow that gives every picture back, whatever the style's latents do to its colours."""
        del loss_network
        return ArtFlow()

    def parts(self, network: ArtFlow) -> Iterator[tuple[nn.Module, float]]:
        """Everything."""
        yield network, 1.0
