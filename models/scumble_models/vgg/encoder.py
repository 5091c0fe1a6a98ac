"""VGG-16's first eight convolutions, to relu4_1: the loss network, and the encoder of the engines on VGG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, cast

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

#: Taken from a package of the BSD licence; see adain/card.md.
WEIGHTS = Path(__file__).with_name("encoder.safetensors")
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

#: Convolutions in order: name, channels; ``pool`` stands before the first of each later block.
LAYERS = (
    ("conv1_1", 3, 64),
    ("conv1_2", 64, 64),
    ("conv2_1", 64, 128),
    ("conv2_2", 128, 128),
    ("conv3_1", 128, 256),
    ("conv3_2", 256, 256),
    ("conv3_3", 256, 256),
    ("conv4_1", 256, 512),
)
#: The layers whose activations the losses of the paper use.
STYLE_LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1")


class VGG16(nn.Module):
    """VGG-16 to relu4_1 on images in 0..1; parameters ``conv1_1`` to ``conv4_1``.

    Args:
        padding_mode: ``zeros`` as trained, or ``reflect``, which leaves no dark borders in pictures.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, padding_mode: Literal["zeros", "reflect"] = "zeros") -> None:
        super().__init__()
        for name, channels_in, channels_out in LAYERS:
            if name.endswith("_1") and name != "conv1_1":
                # Rounding up keeps the last odd row and column.
                self.add_module(f"pool{int(name[4]) - 1}", nn.MaxPool2d(2, ceil_mode=True))
            layer = nn.Conv2d(channels_in, channels_out, 3, padding=1, padding_mode=padding_mode)
            self.add_module(name, layer)
        shape = (1, 3, 1, 1)
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(shape), persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(shape), persistent=False)

    def forward(self, image: Tensor, layers: Sequence[str] = STYLE_LAYERS) -> dict[str, Tensor]:
        """Activations after the ReLU of each of ``layers``, for ``(N, 3, H, W)`` in 0..1.

        Layer ``convK_1`` is at ``1 / 2**(K - 1)`` of the resolution; nothing past the last layer is computed.
        """
        wanted, found = set(layers), {}
        x = (image - self.mean) / self.std
        for name, module in self.named_children():
            x = module(x)
            if isinstance(module, nn.Conv2d):
                x = F.relu(x, inplace=True)  # of a convolution's output, which nobody else has
            if name in wanted:
                found[name] = x
                if len(found) == len(wanted):
                    break
        return found

    def until(self, layer: str) -> list[nn.Module]:
        """The modules that :meth:`forward` runs for one layer, in order; activations are between them."""
        children = dict(self.named_children())
        names = list(children)
        return [children[name] for name in names[: names.index(layer) + 1]]


def shipped_encoder() -> VGG16:
    """VGG-16 with the ImageNet weights of this package, in evaluation mode, its borders reflected.

    Its layers are scaled as by :func:`scale_activations`. Zeros at the borders would train dark frames
    into pictures.
    """
    network = VGG16(padding_mode="reflect")
    state = {name.removeprefix("encoder."): tensor for name, tensor in load_file(WEIGHTS).items()}
    network.load_state_dict(state)
    return network.eval()


def scale_activations(network: VGG16, images: Sequence[Tensor]) -> None:
    """Scale every layer so that its mean activation over ``images`` is 1 (Gatys et al., 2016), in place.

    ReLU and max-pooling commute with a positive scale, so the network computes the same features up to
    one factor per layer. Without it VGG-16's raw scales unbalance the style loss across layers.

    Args:
        images: natural images ``(N, 3, H, W)`` in 0..1.
    """
    names = [name for name, _, _ in LAYERS]
    with torch.no_grad():
        means = dict.fromkeys(names, 0.0)
        for image in images:
            for name, activation in network(image, names).items():
                means[name] += activation.mean().item() / len(images)
        before = 1.0
        for name in names:
            layer = cast(nn.Conv2d, getattr(network, name))
            layer.weight.mul_(before / means[name])
            cast(Tensor, layer.bias).div_(means[name])
            before = means[name]
