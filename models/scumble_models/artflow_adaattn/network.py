"""ArtFlow with AdaAttN in its latent space (An et al., CVPR 2021, and its section on AdaAttN; Liu et al.,
ICCV 2021): attention decides for every point of the picture which parts of the painting it is made of.

The biased one of the paper's modules: each point has statistics of its own, so nothing short of all of them
would take the style off again.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from scumble_models.adaattn.attention import EPSILON, attended, normalised
from scumble_models.artflow.projection import ProjectionFlow, limited_gain
from scumble_models.signals import Signals, StyleSignals
from scumble_models.tiling.statistics import Statistics
from scumble_models.vgg.tokens import TOKENS, columns, rows, sampled

#: Channels in which queries and keys are compared.
KEYS = 32


class ArtFlowAdaAttN(ProjectionFlow):
    """The whole network, from images in 0..1 to images in 0..1; sides are multiples of 4."""

    architecture = "artflow_adaattn"

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key = nn.Conv2d(self.channels, KEYS, 1), nn.Conv2d(self.channels, KEYS, 1)

    def encode_style(self, style: Tensor) -> StyleSignals:
        """Styles ``(N, 3, H, W)`` in 0..1 to keys ``(N, T, 32)`` and values ``(N, T, 48)`` of at most 1024
        points.
        """
        latent = self.encode_whole(style)
        tensors = {"keys": sampled(rows(self.key(normalised(latent)))), "values": sampled(rows(latent))}
        return StyleSignals(self.architecture, tensors)

    def fits(self, style: StyleSignals) -> bool:
        """Whether there are keys and values of as many points."""
        if style.tensors.keys() != {"keys", "values"}:
            return False
        keys, values = (tuple(style.tensors[name].shape) for name in ("keys", "values"))
        count = keys[1] if len(keys) == 3 else 0
        return (keys, values) == ((1, count, KEYS), (1, count, self.channels)) and 1 <= count <= TOKENS

    def exchange(self, latent: Tensor, statistics: Statistics, signals: Signals) -> Tensor:
        """AdaAttN (Eq. 2 to 6 of Liu et al.); details have no mean, so that what is flat stays flat."""
        mean, own = statistics
        queries = rows(self.query((latent - mean) / own)) / math.sqrt(KEYS)
        few = self.shifted

        def painted(style: StyleSignals) -> Tensor:
            found = attended(queries, style.tensors["keys"], style.tensors["values"])
            shift, std = (columns(part, *latent.shape[2:]) for part in found)
            strength = (std[:, few:].square() + shift[:, few:].square() + EPSILON).sqrt()
            small = (latent[:, :few] - mean[:, :few]) * limited_gain(std[:, :few] / own[:, :few])
            details = latent[:, few:] * limited_gain(strength / own[:, few:])
            return torch.cat([small + shift[:, :few], details], 1)

        mixed = signals.mixed(painted)
        return mixed if signals.weight == 1.0 else torch.lerp(latent, mixed, signals.weight)
