"""Adaptive attention normalisation: statistics of a painting, weighted for each point of the picture."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from scumble_models.vgg.tokens import columns, rows, sampled

#: Channels in which queries and keys are compared.
KEYS = 128
EPSILON = 1e-5


class AttentionLevel(nn.Module):
    """AdaAttN at one level (Eq. 2 to 6 of the paper).

    Args:
        compared: channels of the normalised features that are compared.
        channels: of the features that are painted.
    """

    def __init__(self, compared: int, channels: int) -> None:
        super().__init__()
        self.query, self.key = nn.Conv2d(compared, KEYS, 1), nn.Conv2d(compared, KEYS, 1)
        self.value = nn.Conv2d(channels, channels, 1)

    def tokens(self, compared: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        """Keys ``(N, T, 128)`` and values ``(N, T, C)`` of paintings, T at most 1024.

        Args:
            compared, features: of one height and width.
        """
        return sampled(rows(self.key(compared))), sampled(rows(self.value(features)))

    def forward(self, compared: Tensor, normalised: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """The painting's features for each position: ``(N, C, H, W)``.

        Args:
            compared, normalised: of the picture, each channel with mean 0 and deviation 1 over all of it.
            keys, values: of :meth:`tokens`, of ``N`` paintings or of one.
        """
        mean, std = attended(rows(self.query(compared)), keys / math.sqrt(KEYS), values)
        height, width = normalised.shape[2:]
        return columns(std, height, width) * normalised + columns(mean, height, width)


def attended(queries: Tensor, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
    """Attention-weighted mean and deviation of values ``(N, T, C)`` for ``(N, P, K)``: each ``(N, P, C)``."""
    attention = torch.softmax(queries @ keys.transpose(1, 2), 2)
    mean = attention @ values
    variance = attention @ values.square() - mean.square()
    return mean, variance.clamp_min(EPSILON).sqrt()


def attended_features(content: Tensor, style: Tensor) -> Tensor:
    """AdaAttN without anything learned (the target of the paper's local feature loss, Eq. 9).

    Args:
        content, style: features ``(N, C, H, W)``; statistics are taken of them as they are.
    """
    keys, values = sampled(rows(normalised(style))), sampled(rows(style))
    mean, std = attended(rows(normalised(content)), keys / math.sqrt(content.shape[1]), values)
    height, width = content.shape[2:]
    return columns(std, height, width) * normalised(content) + columns(mean, height, width)


def normalised(features: Tensor) -> Tensor:
    """Channels of ``(N, C, H, W)`` with mean 0 and deviation 1, each picture by itself."""
    variance, mean = torch.var_mean(features, (2, 3), correction=0, keepdim=True)
    return (features - mean) / (variance + EPSILON).sqrt()
