"""Style kernels: separable filters of their own for each point and channel (section 3.2)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scumble_models.tiling.receptive import Window

#: Groups between which channels are shuffled.
GROUPS = 16


class KernelPrediction(nn.Module):
    """Two convolutions from aligned features to filters and biases.

    Args:
        channels: of the features.
        size: ``k``, the length of the filters, odd.
    """

    def __init__(self, channels: int, size: int) -> None:
        super().__init__()
        self.size = size
        self.layers = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, padding_mode="reflect"),
            nn.ReLU(),
            nn.Conv2d(channels, channels * (2 * size + 1), 1),
        )

    def forward(self, aligned: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """``(N, C, H, W)`` to vertical and horizontal filters, each ``(N, k, C, H, W)``, and biases."""
        predicted = self.layers(aligned).unflatten(1, (2 * self.size + 1, -1))
        return predicted[:, : self.size], predicted[:, self.size : -1], predicted[:, -1]


class PointwiseKernels(nn.Module):
    """Convolution with filters that differ from point to point (Eq. 6)."""

    def __init__(self, size: int) -> None:
        super().__init__()
        reach = size // 2
        self.size, self.operations = size, (Window(reach, reach), Window(reach, reach))

    def forward(self, x: Tensor, vertical: Tensor, horizontal: Tensor, bias: Tensor) -> Tensor:
        """Features ``(N, C, H, W)`` along columns, then along rows, then the bias."""
        reach = self.size // 2
        height, width = x.shape[2:]
        x = F.pad(x, (0, 0, reach, reach), "replicate")
        x = torch.stack([vertical[:, t] * x[:, :, t : t + height] for t in range(self.size)]).sum(0)
        x = F.pad(x, (reach, reach, 0, 0), "replicate")
        return torch.stack([horizontal[:, t] * x[..., t : t + width] for t in range(self.size)]).sum(0) + bias


def shuffled(features: Tensor) -> Tensor:
    """Channels of ``(N, C, H, W)`` dealt out between groups, so that neighbours belong together no more."""
    groups = features.unflatten(1, (GROUPS, -1))
    return groups.transpose(1, 2).flatten(1, 2)
