"""Weights from which training is stable."""

from __future__ import annotations

import torch
from torch import nn


def he_initialised(network: nn.Module) -> None:
    """He's initialisation of all convolutions of a network, in place; biases are 0."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def begin_at_gray(output: nn.Conv2d) -> None:
    """Weights of a network's last convolution near zero, in place, so that it begins with mid-gray."""
    assert output.bias is not None
    nn.init.normal_(output.weight, std=0.01)
    nn.init.constant_(output.bias, 0.5)


@torch.no_grad()
def compare_as_they_are(query: nn.Conv2d, key: nn.Conv2d) -> None:
    """Set an attention's queries and keys alike, without biases: features are compared as they are."""
    nn.init.orthogonal_(query.weight)
    key.weight.copy_(query.weight)
    for layer in (query, key):
        assert layer.bias is not None
        nn.init.zeros_(layer.bias)
