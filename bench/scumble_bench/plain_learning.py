"""The loop of learning a style as one writes it in torch at first: to compare ours with.

The same losses of the same crops, and the same network. VGG-16 in float32, each picture through it by
itself, nothing kept from step to step, layouts as they come, and malloc as it comes.
"""

from __future__ import annotations

import functools

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from scumble_models.colour import luminance
from scumble_models.grain import grained
from scumble_models.grid import grid_peaks
from scumble_models.learning import learner as ours
from scumble_models.learning.contents import SIDE, bundled
from scumble_models.learning.features import (
    CONTENT_LAYER,
    STYLE_LAYERS,
    LayerStyle,
    averaging_encoder,
    deviations,
)
from scumble_models.learning.losses import (
    enlarged,
    joined,
    low_band,
    luminance_loss,
    outside,
    shift_loss,
    smoothness,
)
from scumble_models.learning.painting import Painting
from scumble_models.learning.settings import LearnSettings
from scumble_models.model import StyleModel
from scumble_models.signals import StyleSignals
from scumble_models.vgg.encoder import VGG16


@functools.cache
def plain_vgg(device: torch.device) -> VGG16:
    """VGG-16 with average pooling, in float32, as torch lays it out."""
    return averaging_encoder().to(device)


class PlainLearner(ours.Learner):
    """Learns as :class:`scumble_models.learning.Learner` does, with each step written plainly."""

    def __init__(
        self, model: StyleModel, pixels: np.ndarray, channels: str, settings: LearnSettings | None = None
    ) -> None:
        super().__init__(model, pixels, channels, settings)
        style = Painting(pixels, channels, model.device).image.contiguous()
        with torch.no_grad():
            found = plain_vgg(model.device)(style, STYLE_LAYERS)
            self._plain_style = {name: _layer_style(found[name]) for name in STYLE_LAYERS}
        for parameter in (*self._network.parameters(), *self._parameters.values()):
            parameter.data = parameter.data.contiguous()

    def _paint_one(self, content: Tensor, x: int, y: int) -> Tensor:
        signals = StyleSignals(self._architecture, self._signals)
        with torch.no_grad():
            seen = grained(content, ours.GRAIN_AMPLITUDE, x, y).contiguous()
            features = self._network.stages()[0].run(seen, None, signals)
        return self._network.finish(features, signals)

    def _loss(self, generator: torch.Generator) -> Tensor:
        first, second, flip, dx, dy, x, y = self._draw(generator)
        content, moved = self._plain_crop(first, flip, 0, 0), self._plain_crop(first, flip, dx, dy)
        finer_content = self._plain_crop(second, flip, 0, 0)
        still, shifted = self._paint_one(content, x, y), self._paint_one(moved, x + dx, y + dy)
        with torch.no_grad():
            coarser = self._paint_one(F.avg_pool2d(finer_content, 2), y, x)
            coarser = enlarged(coarser.clamp(0.0, 1.0), 2)
        finer = self._paint_one(joined(coarser, finer_content, ours.BAND_SHARE), y, x)
        left = low_band(finer, 2) - low_band(coarser, 2)
        finer = finer - left
        results, contents = (still, finer), (content, finer_content)
        vgg = plain_vgg(self._device)
        found = [vgg(result.clamp(-0.2, 1.2), STYLE_LAYERS) for result in results]
        with torch.no_grad():
            targets = torch.cat([vgg(picture, (CONTENT_LAYER,))[CONTENT_LAYER] for picture in contents])
        styles = [{name: _layer_style(layers[name]) for name in STYLE_LAYERS} for layers in found]
        gram, mean = (self._distance(styles, part) for part in (0, 1))
        result = torch.cat(results)
        parts = {
            "gram": gram,
            "mean": mean,
            "spread": self._spread(styles),
            "content": F.mse_loss(torch.cat([layers[CONTENT_LAYER] for layers in found]), targets)
            / targets.var(),
            "palette": self._palette_loss(result),
            "luminance": luminance_loss(result, torch.cat(contents)),
            "structure": 1.0 - _ssim(_half(result.clamp(0.0, 1.0)), _half(torch.cat(contents))),
            "shift": shift_loss(still, shifted, dx, dy),
            "grid": grid_peaks(result, ours.GRID_WINDOW).mean(),
            "band": left.square().mean() / coarser.var().clamp_min(1e-3),
            "smooth": smoothness(result),
            "outside": outside(result),
        }
        return self._weighted(parts)

    def _distance(self, styles: list[dict[str, LayerStyle]], part: int) -> Tensor:
        found = []
        for name, wanted in self._plain_style.items():
            target = wanted[part]
            own = [(style[name][part] - target).square().sum() for style in styles]
            found.append(torch.stack(own).mean() / target.square().sum())
        return torch.stack(found).sum()

    def _spread(self, styles: list[dict[str, LayerStyle]]) -> Tensor:
        found = []
        for name, (gram, mean) in self._plain_style.items():
            own_gram = torch.stack([style[name][0] for style in styles]).mean(0)
            own_mean = torch.stack([style[name][1] for style in styles]).mean(0)
            deviation, wanted = deviations(own_gram, own_mean), deviations(gram, mean)
            squares = (deviation - wanted).square().sum() + (own_mean - mean).square().sum()
            found.append(squares / wanted.square().sum())
        return torch.stack(found).sum()

    def _plain_crop(self, index: int, flip: bool, dx: int, dy: int) -> Tensor:
        crop = bundled(self._device)[index]
        crop = crop.flip(3) if flip else crop
        return crop[:, :, dy : dy + SIDE, dx : dx + SIDE]


def _layer_style(activation: Tensor) -> LayerStyle:
    rows = activation.flatten(2)
    return rows @ rows.transpose(1, 2) / rows.shape[2], rows.mean(2)


def _half(image: Tensor) -> Tensor:
    return F.avg_pool2d(image, 2)


def _ssim(first: Tensor, second: Tensor) -> Tensor:
    """As papers write it: one convolution with the whole window for each of five maps."""
    places = torch.arange(-5.0, 6.0)
    line = torch.exp(-places.square() / (2 * 1.5**2))
    window = torch.outer(line, line)[None, None] / line.sum() ** 2
    x, y = luminance(first), luminance(second)
    mean_x, mean_y, square_x, square_y, product = (
        F.conv2d(plane, window.to(plane)) for plane in (x, y, x * x, y * y, x * y)
    )
    variances = square_x - mean_x**2 + square_y - mean_y**2
    c1, c2 = 0.01**2, 0.03**2
    score = (2 * mean_x * mean_y + c1) * (2 * (product - mean_x * mean_y) + c2)
    return (score / ((mean_x**2 + mean_y**2 + c1) * (variances + c2))).mean()
