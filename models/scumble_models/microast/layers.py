"""The three building blocks of MicroAST: convolution, residual block and modulation."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scumble_models.tiling.statistics import EPSILON, Statistics


class ConvLayer(nn.Module):
    """Convolution after reflection padding of ``kernel_size // 2``.

    Args:
        groups: channel groups; equal to the smaller channel count in the separable layers.
    """

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        kernel_size: int,
        stride: int = 1,
        groups: int = 1,
    ) -> None:
        super().__init__()
        self.padding = kernel_size // 2
        self.conv_layer = nn.Conv2d(channels_in, channels_out, kernel_size, stride, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, C_in, H, W)`` to ``(N, C_out, ceil(H / stride), ceil(W / stride))``."""
        if self.padding:
            x = F.pad(x, (self.padding,) * 4, mode="reflect")
        return self.conv_layer(x)


class ResidualLayer(nn.Module):
    """Two 3x3 convolutions around a ReLU, added to the input.

    With modulation (``FilterMod``, section 3.2 of the paper) each convolution's result is scaled by
    the style's filter weight, and the convolution's input, scaled by the style's filter bias, is added.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = ConvLayer(channels, channels, 3)
        self.conv2 = ConvLayer(channels, channels, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, C, H, W)`` to the same shape, without modulation."""
        return x + self.conv2(F.relu(self.conv1(x)))

    def modulated(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """Map ``(N, C, H, W)`` to the same shape; ``weight`` and ``bias`` are ``(N, C, 1, 1)``."""
        hidden = F.relu(torch.addcmul(bias * x, weight, self.conv1(x)))
        return x + torch.addcmul(bias * hidden, weight, self.conv2(hidden))


def channel_statistics(x: Tensor) -> Statistics:
    """Mean and standard deviation of each channel of ``(N, C, H, W)``, as ``(N, C, 1, 1)`` in float32.

    The variance is the unbiased one and ``EPSILON`` lies inside the root, as published. Always
    float32: where the deviation is much smaller than the mean, half precision loses it.
    """
    variance, mean = torch.var_mean(x.float(), dim=(2, 3), keepdim=True)
    return mean, (variance + EPSILON).sqrt()


def modulate_features(x: Tensor, statistics: Statistics, mean: Tensor, std: Tensor) -> Tensor:
    """FeatMod: move ``x`` from its own channel ``statistics`` to the style's ``mean`` and ``std``.

    One multiply-add per value: the normalisation and the new statistics are folded into one scale
    and one shift per channel, all ``(N, C, 1, 1)``.
    """
    own_mean, own_std = statistics
    scale = std / own_std
    return torch.addcmul((mean - own_mean * scale).to(x.dtype), x, scale.to(x.dtype))
