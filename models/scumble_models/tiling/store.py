"""Where the features between two stages lie: in memory, or on disk."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from scumble_models.tiling.box import Box
from scumble_models.tiling.file_array import Array, FileArray

BYTES_PER_VALUE = 4


class FeatureStore:
    """A float32 feature map ``(channels, height, width)`` that is written and read by boxes.

    Args:
        on_disk: keep it in a nameless temporary file, so that nothing is left behind whatever happens.
    """

    def __init__(self, channels: int, grid: Box, *, on_disk: bool) -> None:
        # Rows first: a patch is then a few long runs, which matters on a disk.
        shape = (grid.height, grid.width, channels)
        self._values: Array
        if on_disk:
            self._values = FileArray.temporary(shape, np.float32)
        else:
            self._values = np.empty(shape, np.float32)

    def write(self, box: Box, features: Tensor) -> None:
        """Store ``(1, C, H, W)`` at ``box``."""
        self._values[box.slices()] = features[0].permute(1, 2, 0).cpu().numpy()

    def read(self, box: Box, device: torch.device) -> Tensor:
        """The features of ``box`` as ``(1, C, H, W)``, channels last in memory."""
        patch = np.ascontiguousarray(self._values[box.slices()])
        return torch.from_numpy(patch).to(device).permute(2, 0, 1)[None]


def bytes_needed(channels: int, grid: Box) -> int:
    """Size of a store in bytes."""
    return channels * grid.area * BYTES_PER_VALUE
