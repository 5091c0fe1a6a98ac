"""How ArtFlow is trained: the flow alone, by content and style losses (Eq. 7 and 8), to be taken off again.

Eq. 7 as printed compares the latents of a result with those that it was made of, which are the same in a
network that is exactly reversible. As a content loss An et al. compare relu4_1 of VGG, and so do we. Eq. 7
in its sense is what a result in 8 bits has lost, seen in the content that comes back: the loss `reversal`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scumble_models.artflow.ends import restored, rolled_off
from scumble_models.artflow.network import ArtFlow
from scumble_models.signals import StyleSignals
from scumble_models.tiling.statistics import channel_statistics
from scumble_models.training.bank import Batch
from scumble_models.training.method import TrainingMethod
from scumble_models.vgg.encoder import VGG16


class Training(TrainingMethod[ArtFlow]):
    """The paper's training; ActNorm takes its first values from the first batch."""

    def initial(self, loss_network: VGG16) -> ArtFlow:
        """A flow that gives every picture back, whatever the style's latents do to its colours."""
        del loss_network
        left_out = self.recipe.leave_out
        return ArtFlow(published="bands" in left_out, blocks=1 if "block" in left_out else 2)

    def result(
        self, network: ArtFlow, batch: Batch, signals: StyleSignals
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The result as it is painted, and relu4_1 of the content."""
        latent = network.encode(batch.content)
        statistics = channel_statistics(latent)
        painted = network.exchange(latent, statistics, signals)
        result = rolled_off(network.invert(painted))
        self._further = {}
        if self.recipe.losses.reversal:
            own, after = network.states(statistics, signals)
            rounded = result + (torch.rand_like(result) - 0.5) / 255
            latent = network.encode(restored(rounded))
            back = network.invert(network.exchange(latent, network.statistics(after), own))
            self._further = {"reversal": F.l1_loss(back, batch.content)}
        return result.float(), {"conv4_1": batch.content_features}

    def further_losses(
        self, network: ArtFlow, batch: Batch, signals: StyleSignals, activations: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """How far the content is from what comes back of a result in 8 bits."""
        del network, batch, signals, activations
        return self._further

    def parts(self, network: ArtFlow) -> Iterator[tuple[nn.Module, float]]:
        """Everything."""
        yield network, 1.0
