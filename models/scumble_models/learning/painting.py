"""The painting that is learned from: at the size at which its marks are learned, checked."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from scumble_models.errors import PixelsError
from scumble_models.learning.features import LayerStyle, style_of
from scumble_models.pixels import PIECE, NetworkView, PixelArray

#: Short side at which marks are learned: on a photo of 640 pixels they have the painting's own size.
STYLE_SIDE = 512
#: A longer painting is cut in its middle: more of it costs memory and brings no other marks.
LONGEST = 1024
#: Too small to show a mark.
SMALLEST = 32
#: A deviation of all colours below this is one colour.
FLAT = 0.004


class Painting:
    """A painting as ``(1, 3, H, W)`` in 0..1, and what of it counts.

    Args:
        pixels, channels: as for :func:`scumble_models.stylize.encode_style`.

    Raises:
        PixelsError: it is too small, transparent, or of one colour.
    """

    def __init__(self, pixels: np.ndarray, channels: str, device: torch.device) -> None:
        layer = PixelArray(pixels, channels, device)
        if min(layer.box.width, layer.box.height) < SMALLEST:
            raise PixelsError(
                "A painting of {width}x{height} pixels is too small to learn from.",
                hint="Choose one with at least {least} pixels on each side.",
                width=layer.box.width,
                height=layer.box.height,
                least=SMALLEST,
            )
        view = NetworkView(layer)
        image = _middle(view.thumbnail(STYLE_SIDE))
        self.share = None if layer.is_opaque() else _middle(_coverage(layer, view))
        self.image = image.contiguous(memory_format=torch.channels_last)
        if self.share is not None and float(self.share.mean()) < 0.02:
            raise PixelsError(
                "The painting is transparent almost everywhere, so there is nothing to learn from.",
                hint="Choose a layer or a file with visible paint.",
            )
        seen = image.flatten(2) if self.share is None else image[:, :, self.share[0, 0] >= 0.5]
        if seen.shape[2] < 2 or float(seen.std(2).max()) < FLAT:
            raise PixelsError(
                "The painting has one colour only, so there are no marks to learn.",
                hint="Choose a picture with visible strokes or marks.",
            )

    def style(self) -> dict[str, LayerStyle]:
        """Gram matrices and means of what counts of it."""
        return style_of(self.image, self.share)


def _middle(image: Tensor) -> Tensor:
    height, width = image.shape[2:]
    top, left = (max(0, side - LONGEST) // 2 for side in (height, width))
    return image[:, :, top : top + LONGEST, left : left + LONGEST]


def _coverage(layer: PixelArray, view: NetworkView) -> Tensor:
    """Alpha ``(1, 1, H, W)`` at the thumbnail's size, computed piece by piece."""
    box = layer.box
    factor = max(1, min(box.width, box.height) // STYLE_SIDE)
    height, width = box.height // factor * factor, box.width // factor * factor
    rows = []
    step = max(1, PIECE // factor) * factor
    for top in range(0, height, step):
        strip = type(box)(0, top, width, min(top + step, height))
        alpha = layer.alpha(strip)
        assert alpha is not None
        rows.append(F.avg_pool2d(alpha, factor))
    size = view.thumbnail(STYLE_SIDE).shape[2:]
    return F.interpolate(torch.cat(rows, 2), size, mode="bilinear", antialias=True, align_corners=False)
