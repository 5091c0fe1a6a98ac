"""The loss network as the losses call it: in half precision where that pays, its answers in float32."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import torch
from torch import Tensor

from scumble_models.vgg.encoder import VGG16

#: Images in 0..1 and names of layers to activations.
Judge = Callable[[Tensor, Sequence[str]], dict[str, Tensor]]
PRECISIONS = {"bf16": torch.bfloat16, "fp16": torch.float16}


def autocast(images: Tensor, precision: str) -> AbstractContextManager:
    """Convolutions where the images lie in a precision: ``off``, ``bf16`` or ``fp16``."""
    kind = PRECISIONS.get(precision)
    return torch.autocast(images.device.type, kind or torch.bfloat16, enabled=kind is not None)


def under_autocast(network: VGG16, precision: str) -> Judge:
    """``network`` in the given precision (``off``, ``bf16`` or ``fp16``).

    Only the loss network: the trained one stays in float32, because FeatMod loses deviations that are
    small beside their mean in half precision.
    """

    def judge(image: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        with autocast(image, precision):
            return {name: x.float() for name, x in network(image, layers).items()}

    return judge
