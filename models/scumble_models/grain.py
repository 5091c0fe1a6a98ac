"""Grain: faint noise over a content, from which a learned style makes its marks where a picture is flat.

A network of strided convolutions paints a flat sky with one colour, or with a lattice: nothing else tells
two places of it apart. Texture networks take noise as an input therefore (Ulyanov et al., ICML 2016). Here
it depends on the position alone, so that patches, regions, frames and machines see the same.
"""

from __future__ import annotations

import functools

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from scumble_models.tiling.box import Box

#: Name of its amplitude among a learned style's tensors, ``(1,)``.
GRAIN = "grain"
#: Sides of the pattern, which is repeated: longer than a preview, so that no repetition is seen.
SIDE = 1024
#: Sides of its cells, whose values are interpolated: finer noise does not come through the strides.
CELL = 2


def grained(image: Tensor, amplitude: float, left: int = 0, top: int = 0) -> Tensor:
    """A content with grain; itself where the amplitude is 0.

    Args:
        image: ``(N, 3, H, W)`` in 0..1; it is not changed.
        amplitude: standard deviation of the noise, the same in all channels; the result may leave 0..1.
        left, top: where in the whole content the image begins.
    """
    if not amplitude:
        return image
    box = Box(left, top, left + image.shape[3], top + image.shape[2])
    return image + amplitude * pattern(box, image.device).to(image.dtype)


def pattern(box: Box, device: torch.device) -> Tensor:
    """Noise of mean 0 and deviation 1 at a box of positions, ``(1, 1, h, w)``."""
    rows = torch.arange(box.top, box.bottom, device=device) % SIDE
    columns = torch.arange(box.left, box.right, device=device) % SIDE
    return _square(device).index_select(2, rows).index_select(3, columns)


@functools.lru_cache(maxsize=4)
def _square(device: torch.device) -> Tensor:
    # PCG64's raw output is the same in every version of NumPy, and on every machine.
    cells = SIDE // CELL
    raw = np.random.PCG64(20_261_128).random_raw(cells * cells)
    values = torch.from_numpy((raw >> np.uint64(40)).astype(np.float32)).reshape(1, 1, cells, cells)
    values = F.pad(values, (1, 1, 1, 1), mode="circular")
    values = F.interpolate(values, scale_factor=CELL, mode="bilinear", align_corners=False)
    values = values[:, :, CELL:-CELL, CELL:-CELL]
    return ((values - values.mean()) / values.std()).contiguous().to(device)
