"""LPIPS (Zhang et al., 2018) on AlexNet: how far apart two images look to people."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

#: What maps images in 0..1 to AlexNet's input, as LPIPS defines it (for images in -1..1).
SHIFT = (-0.030, -0.088, -0.188)
SCALE = (0.458, 0.448, 0.450)
#: Channels, kernel, stride, padding of each convolution; max-pooling stands before the second and third.
LAYERS = ((64, 11, 4, 2), (192, 5, 1, 2), (384, 3, 1, 1), (256, 3, 1, 1), (256, 3, 1, 1))


class LPIPS(nn.Module):
    """AlexNet's five activations and the learned weight of each channel.

    Parameters are ``convK`` and ``linearK`` for K from 1 to 5. A judge that no training here uses.
    """

    def __init__(self) -> None:
        super().__init__()
        before = 3
        for number, (channels, kernel, stride, padding) in enumerate(LAYERS, 1):
            self.add_module(f"conv{number}", nn.Conv2d(before, channels, kernel, stride, padding))
            self.add_module(f"linear{number}", nn.Conv2d(channels, 1, 1, bias=False))
            before = channels

    def activations(self, image: Tensor) -> list[Tensor]:
        """The five activations after their ReLUs, for ``(N, 3, H, W)`` in 0..1, at least 64 pixels a side."""
        shift, scale = (image.new_tensor(v)[None, :, None, None] for v in (SHIFT, SCALE))
        x, found = (image * 2 - 1 - shift) / scale, []
        for number in range(1, 6):
            if number in (2, 3):
                x = F.max_pool2d(x, 3, 2)
            x = F.relu(self.get_submodule(f"conv{number}")(x))
            found.append(x)
        return found

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """The distance of each pair, ``(N,)``; 0 for equal images."""
        total = first.new_zeros(first.shape[0])
        pairs = zip(self.activations(first), self.activations(second), strict=True)
        for number, (a, b) in enumerate(pairs, 1):
            difference = (_normalise(a) - _normalise(b)).square()
            total = total + self.get_submodule(f"linear{number}")(difference).mean(dim=(1, 2, 3))
        return total


def _normalise(activation: Tensor) -> Tensor:
    return activation / (activation.square().sum(1, keepdim=True).sqrt() + 1e-10)
