"""A bank of crops whose VGG activations are kept, so that a step runs the loss network on results only."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from scumble_models.training.data import ImageFolder
from scumble_models.training.judge import Judge
from scumble_models.training.losses import StyleStatistics, gram_matrices, style_statistics
from scumble_models.vgg.encoder import STYLE_LAYERS


@dataclass
class Batch:
    """What one step needs of its inputs.

    Attributes:
        content, style: ``(N, 3, S, S)`` in 0..1.
        content_features: relu4_1 of the content, ``(N, 512, S / 8, S / 8)``.
        style_statistics: per layer, of the style.
        style_grams: per layer, of the style; empty where no loss asks for them.
        similar: photos that are like the content; None where no loss asks for them.
    """

    content: Tensor
    style: Tensor
    content_features: Tensor
    style_statistics: StyleStatistics
    style_grams: dict[str, Tensor]
    similar: Tensor | None = None


class Bank:
    """``size`` content crops and ``size`` style crops, some renewed at every draw.

    Contents and styles are paired at random at every draw, so few stored crops make many pairs.
    """

    def __init__(
        self,
        contents: ImageFolder,
        styles: ImageFolder,
        judge: Judge,
        *,
        size: int,
        crop: int,
        generator: Generator,
        grams: bool = False,
        similar: bool = False,
    ) -> None:
        self._contents, self._styles, self._judge = contents, styles, judge
        self._with_grams, self._with_similar = grams, similar
        self._crop, self._generator, self._next = crop, generator, 0
        joined = [self._make(8) for _ in range(max(1, size // 8))]
        self._content = torch.cat([b.content for b in joined])
        self._style = torch.cat([b.style for b in joined])
        self._features = torch.cat([b.content_features for b in joined])
        self._statistics = {
            name: tuple(torch.cat([b.style_statistics[name][k] for b in joined]) for k in (0, 1))
            for name in joined[0].style_statistics
        }
        self._grams = {
            name: torch.cat([b.style_grams[name] for b in joined]) for name in joined[0].style_grams
        }

    def _make(self, count: int) -> Batch:
        content = self._contents.crops(count, self._crop, self._generator)
        style = self._styles.crops(count, self._crop, self._generator, vary_colour=True)
        with torch.no_grad():
            features = self._judge(content, ("conv4_1",))["conv4_1"]
            of_style = self._judge(style, STYLE_LAYERS)
            grams = gram_matrices(of_style) if self._with_grams else {}
            return Batch(content, style, features, style_statistics(of_style), grams)

    def refresh(self, count: int) -> None:
        """Replace the ``count`` oldest content and style crops by new ones."""
        new = self._make(count)
        slots = [(self._next + i) % len(self._content) for i in range(count)]
        self._next = (self._next + count) % len(self._content)
        self._content[slots] = new.content
        self._style[slots] = new.style
        self._features[slots] = new.content_features
        for name, pair in new.style_statistics.items():
            for stored, value in zip(self._statistics[name], pair, strict=True):
                stored[slots] = value
        for name, gram in new.style_grams.items():
            self._grams[name][slots] = gram

    def draw(self, count: int) -> Batch:
        """A batch of ``count`` random pairs without repetition within the batch."""
        device = self._content.device
        content = torch.randperm(len(self._content), generator=self._generator)[:count].to(device)
        style = torch.randperm(len(self._style), generator=self._generator)[:count].to(device)
        statistics = {name: (mean[style], std[style]) for name, (mean, std) in self._statistics.items()}
        grams = {name: gram[style] for name, gram in self._grams.items()}
        similar = self._similar(content) if self._with_similar else None
        return Batch(
            self._content[content], self._style[style], self._features[content], statistics, grams, similar
        )

    def _similar(self, picks: Tensor) -> Tensor:
        """For each of some contents another one, at random of the tenth that is most like it.

        Likeness is the distance of mean activations of relu4_1: crops have no classes, nor have their
        positions anything to do with each other.
        """
        means = self._features.mean((2, 3))
        distances = torch.cdist(means[picks], means)
        count = max(1, len(means) // 10)
        nearest = distances.topk(count + 1, largest=False).indices[:, 1:]  # the first is itself
        chosen = torch.randint(count, (len(picks), 1), generator=self._generator).to(nearest.device)
        return self._content[nearest.gather(1, chosen)[:, 0]]
