"""The losses of a decoder that gives pictures back from their features."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scumble_models.training.bank import Batch
from scumble_models.training.judge import Judge, autocast

#: Side in pixels of the cells whose mean colours are compared.
CELL = 8


def reconstruction_losses(
    decoder: nn.Module, judge: Judge, batch: Batch, level: str, precision: str
) -> dict[str, Tensor]:
    """L1, gradient and coarse L1 distance of photos and paintings to what comes back from a level.

    Args:
        decoder: from activations of the level to pictures.
        level: such as ``conv3_1``.
        precision: of the decoder's convolutions, as :attr:`scumble_models.training.recipe.Recipe.autocast`.
    """
    images = torch.cat([batch.content, batch.style])
    with torch.no_grad():
        features = judge(images, (level,))[level]
    with autocast(images, precision):
        result = decoder(features)
    result = result.float()
    gradients = [F.l1_loss(result.diff(dim=axis), images.diff(dim=axis)) for axis in (2, 3)]
    # Colours come last: what is wrong alike over a whole face weighs no more than its pores.
    coarse = F.l1_loss(F.avg_pool2d(result, CELL), F.avg_pool2d(images, CELL))
    return {"pixel": F.l1_loss(result, images), "gradient": torch.stack(gradients).sum(), "coarse": coarse}
