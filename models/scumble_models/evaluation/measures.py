"""The measures. Images are ``(1, 3, H, W)`` in 0..1; every measure returns one number per image."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from scumble_models.colour import luminance
from scumble_models.grid import grid_energy
from scumble_models.imagenet_weights import load_lpips, load_vgg16
from scumble_models.ssim import ssim
from scumble_models.training.losses import StyleStatistics, style_loss_each, style_statistics
from scumble_models.vgg.encoder import scale_activations

#: What a candidate is here: content and style to result, all in 0..1.
Stylize = Callable[[Tensor, Tensor], Tensor]
#: Cells per axis of the colour histogram (in opponent space).
BINS = 8


class Judges:
    """The networks the measures need, with VGG-16's layers scaled over the contents.

    Args:
        contents: natural images that set the scale of each layer (mean activation 1).
    """

    def __init__(self, contents: list[Tensor]) -> None:
        self._vgg = load_vgg16()
        scale_activations(self._vgg, contents)
        self._lpips = load_lpips()
        self._last_style: Tensor | None = None
        self._last_statistics: StyleStatistics = {}

    @torch.inference_mode()
    def measure(self, content: Tensor, style: Tensor, result: Tensor) -> dict[str, float]:
        """All measures of one result.

        Returns:
            ``ssim`` with the content (higher is better); ``style`` loss as in training, on VGG-16;
            ``style_alexnet``, the same on a network no training used; ``lpips`` distance to the
            content; ``colour`` histogram distance to the style. Lower is better for these four.
        """
        ours, theirs = style_statistics(self._vgg(result)), self._style_statistics(style)
        return {
            "ssim": ssim(result, content).item(),
            "style": style_loss_each(ours, theirs).item(),
            "style_alexnet": self._alexnet_style(result, style),
            "lpips": self._lpips(result, content).item(),
            "colour": colour_distance(result, style),
        }

    def _style_statistics(self, style: Tensor) -> StyleStatistics:
        # The candidates are measured one after the other on the same style.
        if self._last_style is not style:
            self._last_style, self._last_statistics = style, style_statistics(self._vgg(style))
        return self._last_statistics

    def _alexnet_style(self, result: Tensor, style: Tensor) -> float:
        pairs = zip(self._lpips.activations(result), self._lpips.activations(style), strict=True)
        ours, theirs = {}, {}
        for number, (a, b) in enumerate(pairs):
            scale = b.mean().clamp_min(1e-6)
            ours[str(number)], theirs[str(number)] = a / scale, b / scale
        return style_loss_each(style_statistics(ours), style_statistics(theirs)).item()


def colour_distance(first: Tensor, second: Tensor) -> float:
    """Half the L1 distance of two colour histograms, 0 (same palette) to 1 (no colour in common).

    Luminance and two opponent axes, :data:`BINS` cells each, blurred over neighbouring cells so that
    a slight shift of a colour counts as slight.
    """
    return 0.5 * (_histogram(first) - _histogram(second)).abs().sum().item()


def _histogram(image: Tensor) -> Tensor:
    red, green, blue = image[0].flatten(1)
    axes = (luminance(image).flatten(), (red - green + 1) / 2, ((red + green) / 2 - blue + 1) / 2)
    cells = [(axis * BINS).long().clamp(0, BINS - 1) for axis in axes]
    index = (cells[0] * BINS + cells[1]) * BINS + cells[2]
    counts = torch.bincount(index, minlength=BINS**3).float().view(1, 1, BINS, BINS, BINS)
    smooth = F.avg_pool3d(counts, 3, 1, padding=1)
    return smooth / smooth.sum()


@torch.inference_mode()
def grid_score(stylize: Stylize, style: Tensor, side: int = 256) -> float:
    """Root mean square amplitude of the grid, in levels of 255, over flat and smooth contents.

    Brush strokes are allowed to appear there; only what repeats every 2 or 4 pixels at one phase
    over windows of 64 pixels counts (see :mod:`scumble_models.grid`).
    """
    energies = [grid_energy(stylize(x, style), window=64).item() for x in smooth_contents(side)]
    return 255.0 * math.sqrt(sum(energies) / len(energies))


def smooth_contents(side: int) -> list[Tensor]:
    """Contents without any detail: three flat colours, three ramps, and a soft disc."""
    ramp = torch.linspace(0.1, 0.9, side)
    flat = [torch.tensor(c) for c in ((0.5, 0.5, 0.5), (0.55, 0.7, 0.9), (0.2, 0.15, 0.1))]
    found = [colour.view(1, 3, 1, 1).expand(1, 3, side, side).contiguous() for colour in flat]
    found += [ramp.view(1, 1, 1, side).expand(1, 3, side, side).contiguous()]
    found += [ramp.view(1, 1, side, 1).expand(1, 3, side, side) * flat[1].view(1, 3, 1, 1)]
    diagonal = (ramp[:, None] + ramp[None, :]) / 2
    found += [torch.stack([diagonal, diagonal.flip(0), 1 - diagonal])[None]]
    distance = ((ramp[:, None] - 0.5) ** 2 + (ramp[None, :] - 0.5) ** 2).sqrt()
    found += [torch.sigmoid((0.25 - distance) * 20).expand(1, 3, side, side).contiguous()]
    return found
