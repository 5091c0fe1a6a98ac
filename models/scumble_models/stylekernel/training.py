"""How StyleKernel is trained: style, content, relaxed EMD, reconstruction; without the adversarial loss."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scumble_models.signals import StyleSignals
from scumble_models.stylekernel.losses import relaxed_earth_mover
from scumble_models.stylekernel.network import CHANNELS, StyleKernel
from scumble_models.training.bank import Batch
from scumble_models.training.on_vgg import TrainingOnVGG
from scumble_models.vgg.tokens import rows, sampled

#: Layers whose points the relaxed EMD compares.
COMPARED = ("conv3_1", "conv4_1")


class Training(TrainingOnVGG[StyleKernel]):
    """The paper's training (section 3.3)."""

    def build(self) -> StyleKernel:
        """A network that gives the picture the aligned features as means, and keeps its own deviations."""
        left_out = set(self.recipe.leave_out)
        network = StyleKernel(self.recipe.kernel, "gating" not in left_out, "shuffling" not in left_out)
        first, last = (cast(nn.Conv2d, network.prediction.layers[index]) for index in (0, 2))
        gate = cast(nn.Conv2d, network.alignment.gate[2])
        size = network.prediction.size
        with torch.no_grad():
            for layer in (first, last, gate):
                nn.init.normal_(layer.weight, std=3e-3)
                nn.init.zeros_(cast(Tensor, layer.bias))
            channels = range(CHANNELS)
            first.weight[channels, channels, 1, 1] = 1.0
            # By rows: k vertical taps of all channels, k horizontal ones, the biases.
            of_biases = 2 * size * CHANNELS
            last.weight[[of_biases + c for c in channels], channels, 0, 0] = 1.0
            for middle in (size // 2, size + size // 2):
                cast(Tensor, last.bias)[middle * CHANNELS : (middle + 1) * CHANNELS] = 1.0
        return network

    def parts(self, network: StyleKernel) -> Iterator[tuple[nn.Module, float]]:
        """Everything but the encoder; ``modulator_rate`` is of the decoder."""
        yield network.alignment, 1.0
        yield network.prediction, 1.0
        yield network.decoder, self.recipe.modulator_rate

    def further_losses(
        self, network: StyleKernel, batch: Batch, signals: StyleSignals, activations: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """The relaxed EMD to the painting; a picture in its own style is itself again (Eq. 8, in pixels)."""
        with torch.no_grad():
            style = network.encoder(batch.style, COMPARED)
        parts = [
            relaxed_earth_mover(sampled(rows(activations[name])), sampled(rows(style[name])))
            for name in COMPARED
        ]
        picture = torch.cat([batch.content[:1], batch.style[:1]])
        again = network(picture, network.encode_style(picture)).float()
        return {"earth_mover": torch.stack(parts).sum(), "reconstruction": F.l1_loss(again, picture)}
