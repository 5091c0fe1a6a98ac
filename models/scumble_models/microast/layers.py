"""The two building blocks of MicroAST: convolution and residual block."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


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
        self.pad = nn.ReflectionPad2d(kernel_size // 2)
        self.conv_layer = nn.Conv2d(channels_in, channels_out, kernel_size, stride, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, C_in, H, W)`` to ``(N, C_out, ceil(H / stride), ceil(W / stride))``."""
        if self.conv_layer.kernel_size[0] > 1:
            x = self.pad(x)
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
