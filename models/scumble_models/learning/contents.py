"""The photos on which a style is learned: small crops in this package (credits: contents/README.md)."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from scumble_models.learning.features import CONTENT_LAYER, activations
from scumble_models.pixels import NetworkView, PixelArray

FOLDER = Path(__file__).parent / "contents"
#: Side of what is painted in a step, and of the crops: room to move them by up to four pixels.
SIDE = 256
CROP = SIDE + 4


class Contents:
    """Crops with their activations at the content layer, which are computed once.

    Args:
        extra: pixels and channels of one more picture, from which one crop is taken.
    """

    def __init__(self, device: torch.device, extra: tuple[np.ndarray, str] | None = None) -> None:
        self._device = device
        self._crops = list(bundled(device))
        if extra is not None:
            self._crops.append(_whole(*extra, device))
        self._activations: dict[tuple[int, bool], Tensor] = {}

    def __len__(self) -> int:
        """How many there are."""
        return len(self._crops)

    def crop(self, index: int, flip: bool) -> tuple[Tensor, Tensor]:
        """One crop ``(1, 3, 260, 260)``, mirrored or not, and its activations without the last 4 pixels."""
        crop = self._crops[index]
        crop = crop.flip(3) if flip else crop
        if (index, flip) not in self._activations:
            with torch.no_grad():
                found = activations(crop[:, :, :SIDE, :SIDE], (CONTENT_LAYER,))
            self._activations[index, flip] = found[CONTENT_LAYER]
        return crop, self._activations[index, flip]


@functools.cache
def bundled(device: torch.device) -> tuple[Tensor, ...]:
    """The crops of this package, each ``(1, 3, 260, 260)`` in 0..1."""
    found = []
    for path in sorted(FOLDER.glob("*.jpg")):
        with Image.open(path) as image:
            values = torch.from_numpy(np.array(image.convert("RGB")))
        found.append((values.permute(2, 0, 1)[None].float() / 255).to(device))
    return tuple(found)


def _whole(pixels: np.ndarray, channels: str, device: torch.device) -> Tensor:
    """The middle of a picture, its short side brought to the size of a crop."""
    image = NetworkView(PixelArray(pixels, channels, device)).thumbnail(CROP)
    if min(image.shape[2:]) < CROP:
        scale = CROP / min(image.shape[2:])
        size = [max(CROP, round(side * scale)) for side in image.shape[2:]]
        image = F.interpolate(image, size, mode="bilinear", align_corners=False)
    top, left = ((side - CROP) // 2 for side in image.shape[2:])
    return image[:, :, top : top + CROP, left : left + CROP].contiguous()
