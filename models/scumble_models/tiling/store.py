"""Where the features between two stages lie: in memory, or on disk."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from scumble_models.tiling.box import Box
from scumble_models.tiling.budget import Place
from scumble_models.tiling.file_array import Array, FileArray

#: Of 16 bits; and what makes them signed, which all devices know.
STEPS, HALF = 65535.0, 32768.0


class FeatureStore:
    """A feature map ``(channels, height, width)`` that is written and read by boxes, as float32.

    Args:
        place: ``device`` (that is `device`), ``memory``, or ``disk``: a nameless temporary file, so that
            nothing is left behind whatever happens.
        device: where the features come from and go to.
        picture: the values lie in 0..1 and are kept in 16 bits, in steps of 1/65535.
    """

    def __init__(
        self, channels: int, grid: Box, place: Place, device: torch.device, *, picture: bool = False
    ) -> None:
        self._device, self._picture = device, picture
        # Rows first: a patch is then a few long runs, which matters on a disk.
        shape, kept = (grid.height, grid.width, channels), np.int16 if picture else np.float32
        self._values: Array | Tensor
        if place == "disk":
            self._values = FileArray.temporary(shape, kept)
        elif place == "device":
            self._values = torch.empty(shape, device=device, dtype=torch.int16 if picture else torch.float32)
        else:
            self._values = np.empty(shape, kept)

    def write(self, box: Box, features: Tensor) -> None:
        """Store ``(1, C, H, W)`` at ``box``."""
        values = features[0].permute(1, 2, 0)
        if self._picture:
            values = (values * STEPS).round().sub_(HALF).to(torch.int16)
        if isinstance(self._values, Tensor):
            self._values[box.slices()] = values
        else:
            self._values[box.slices()] = values.cpu().numpy()

    def read(self, box: Box) -> Tensor:
        """The features of ``box`` as ``(1, C, H, W)`` on the device, channels last in memory."""
        if isinstance(self._values, Tensor):
            patch = self._values[box.slices()].contiguous()
        else:
            patch = torch.from_numpy(np.ascontiguousarray(self._values[box.slices()])).to(self._device)
        if self._picture:
            patch = patch.float().add_(HALF).div_(STEPS)
        return patch.permute(2, 0, 1)[None]


def bytes_needed(channels: int, grid: Box, *, picture: bool = False) -> int:
    """Size of a store in bytes."""
    return channels * grid.area * (2 if picture else 4)
