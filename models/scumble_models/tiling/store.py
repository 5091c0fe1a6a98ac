"""Where the features between two stages lie: in memory, or on disk."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from scumble_models.tiling.box import Box
from scumble_models.tiling.budget import Place
from scumble_models.tiling.file_array import Array, FileArray


class FeatureStore:
    """A feature map ``(channels, height, width)`` that is written and read by boxes, as float32.

    Args:
        place: ``device`` (that is `device`), ``memory``, or ``disk``: a nameless temporary file, so that
            nothing is left behind whatever happens.
        device: where the features come from and go to.
        half: keep them in 16 bits.
    """

    def __init__(
        self, channels: int, grid: Box, place: Place, device: torch.device, *, half: bool = False
    ) -> None:
        self._device = device
        kept = np.float16 if half else np.float32
        self._dtype = torch.float16 if half else torch.float32
        # Rows first: a patch is then a few long runs, which matters on a disk.
        shape = (grid.height, grid.width, channels)
        self._values: Array | Tensor
        if place == "disk":
            self._values = FileArray.temporary(shape, kept)
        elif place == "device":
            self._values = torch.empty(shape, device=device, dtype=self._dtype)
        else:
            self._values = np.empty(shape, kept)

    def write(self, box: Box, features: Tensor) -> None:
        """Store ``(1, C, H, W)`` at ``box``."""
        values = features[0].permute(1, 2, 0)
        if isinstance(self._values, Tensor):
            self._values[box.slices()] = values
        else:
            self._values[box.slices()] = values.to("cpu", self._dtype).numpy()

    def read(self, box: Box) -> Tensor:
        """The features of ``box`` as ``(1, C, H, W)`` on the device, channels last in memory."""
        if isinstance(self._values, Tensor):
            patch = self._values[box.slices()].contiguous()
        else:
            patch = torch.from_numpy(np.ascontiguousarray(self._values[box.slices()])).to(self._device)
        return patch.float().permute(2, 0, 1)[None]


def bytes_needed(channels: int, grid: Box, *, half: bool = False) -> int:
    """Size of a store in bytes."""
    return channels * grid.area * (2 if half else 4)
