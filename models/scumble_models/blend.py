"""Styles in one picture: mixed and faded by tensors, by features or by pixels, as the engine's traits say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from scumble_models.engine import Engine, Traits
from scumble_models.errors import PixelsError
from scumble_models.learned import painting_model
from scumble_models.margins import Content
from scumble_models.pixels import PIECE
from scumble_models.runner import KeptStatistics, run_at_once
from scumble_models.signals import LayerSignals, StyleSignals, interpolate, mix, with_decoders
from scumble_models.spatial import SpatialSignals, place_styles
from scumble_models.tiling.box import Box
from scumble_models.tiling.budget import Budget
from scumble_models.tiling.executor import Sink, Source
from scumble_models.tiling.file_array import Array
from scumble_models.tiling.store import FeatureStore, bytes_needed

#: Style weight below which the result cross-fades with the untouched content: a network that is given the
#: content's own style does not quite give the content back.
FADE_END = 0.25


class Started(Protocol):
    """A box of the content that an engine has begun to paint, such as
    :class:`scumble_models.cascade.painting.Painting`.
    """

    @property
    def patches(self) -> Sequence[int]:
        """How many there are of each level."""
        ...

    def coarsest(self, before: int = 0, after: int = 0) -> tuple[Content, Content] | None:
        """The coarsest level's content and result; None where there is only one level."""
        ...

    def finish(self, sink: Sink, before: int = 0, after: int = 0) -> None:
        """Every pixel of the box goes to the sink."""
        ...


#: Begins to paint with an engine and styles, with statistics that are kept for the next time.
Begin = Callable[[Engine, LayerSignals, KeptStatistics | None], Started]
#: Takes the coarsest level's content, and how its result is read.
Show = Callable[[Content, Source], None]


@dataclass(frozen=True)
class Blend:
    """The styles of a layer.

    Attributes:
        styles: each with its share, of any positive scale.
        weight: 0 for the layer as it is, 1 for the styles in full.
        masks: for each style its ``(H, W)`` uint8 coverage, or None for everywhere.
        own: the layer's own tensors, from which a weight by tensors below 1 starts.
    """

    styles: Sequence[tuple[StyleSignals, float]]
    weight: float
    masks: Sequence[Array | None]
    own: StyleSignals | None = None

    def signals(self, engine: Engine) -> LayerSignals:
        """The styles as the engine's stages take them.

        Where it mixes by features or pixels the styles are kept apart; where its weight is one of features
        it goes along; where it is one of pixels it is :func:`fade`.

        Raises:
            SignalsError: the styles cannot be mixed.
        """
        traits, device = engine.traits, engine.device
        own = self.own if traits.weight == "tensors" else None
        complete = with_decoders(
            [s.to(device) for s, _ in self.styles] + ([own] if own else []), engine.decoder_weights
        )
        given = complete[: len(self.styles)]
        faded = [interpolate(complete[-1], s, self.weight) for s in given] if own else given
        parts = [(s, share) for s, (_, share) in zip(faded, self.styles, strict=True)]
        weight = self.weight if traits.weight == "features" else 1.0
        everywhere = all(mask is None for mask in self.masks)
        if everywhere and (traits.mixes == "tensors" or len(parts) == 1):
            one = mix(parts).to(device)
            return one if weight == 1.0 else place_styles([(one, 1.0)], [None], device, weight)
        return place_styles(parts, self.masks, device, weight)


def needs_own(traits: Traits, weight: float) -> bool:
    """Whether a blend needs the layer's own tensors."""
    return weight < 1.0 and traits.weight == "tensors"


def fade(traits: Traits, weight: float) -> float:
    """How much of what was painted is in the result, 0..1; the rest is the layer."""
    return weight if traits.weight == "pixels" else min(1.0, weight / FADE_END)


def paint_blend(
    engine: Engine,
    signals: LayerSignals,
    box: Box,
    sink: Sink,
    kept: KeptStatistics | None,
    begin: Begin,
    show: Show,
) -> None:
    """Paint a box with the styles of a blend.

    Where the engine mixes by pixels, or styles that vary over the picture are learned and have no decoder
    in common, each paints the whole box, and the results are mixed by the styles' shares at each pixel. All
    coarsest levels come first, so that what is shown is a mix too.
    """
    if not _is_painted_apart(engine, signals):
        one = begin(painting_model(engine, signals), signals, kept)
        shown = one.coarsest()
        if shown is not None:
            show(shown[0], shown[1].read)
        one.finish(sink, one.patches[0] if shown is not None else 0)
        return
    assert isinstance(signals, SpatialSignals)
    all_ = [
        begin(painting_model(engine, style), _alone(style, signals, engine.device), None)
        for style, _ in signals.parts
    ]
    done, total, coarsest = 0, sum(sum(one.patches) for one in all_), []
    for one in all_:
        shown = one.coarsest(done, total - done - sum(one.patches))
        if shown is not None:
            coarsest.append(shown)
            done += one.patches[0]
    if coarsest:
        show(coarsest[0][0], _mixed([result for _, result in coarsest], signals))
    place = Budget.of_this_machine(engine.device).place(bytes_needed(3, box))
    mixed = FeatureStore(3, box, "disk" if place == "recompute" else place, engine.device)
    for index, one in enumerate(all_):

        def add(tile: Box, output: Tensor, index: int = index) -> None:
            here = tile.relative_to(box)
            added = output.float().clamp(0.0, 1.0) * signals.share(index, tile).to(output.device)
            mixed.write(here, added + mixed.read(here).to(output.device) if index else added)

        left = sum(one.patches[1:]) if coarsest else sum(one.patches)
        one.finish(add, done, total - done - left)
        done += left
    for tile in box.tiles(PIECE):
        sink(tile, mixed.read(tile.relative_to(box)))


def _mixed(results: Sequence[Content], signals: SpatialSignals) -> Source:
    """Reads a mix of what each style has made of one level."""

    def read(box: Box) -> Tensor:
        shares = signals.at(box, results[0].box).parts
        parts = [result.read(box) * share for result, (_, share) in zip(results, shares, strict=True)]
        return torch.stack(parts).sum(0)

    return read


@torch.inference_mode()
def paint_likeness(engine: Engine, signals: LayerSignals, image: Tensor) -> Tensor:
    """What a blend makes of a small picture ``(1, 3, H, W)``, at once, in 0..1.

    Learned styles that vary over the picture are painted by the decoder between theirs, which is enough
    for palettes and means.
    """
    if engine.traits.mixes != "pixels" or not _is_painted_apart(engine, signals):
        return run_at_once(painting_model(engine, signals), signals, image).clamp(0.0, 1.0)
    assert isinstance(signals, SpatialSignals)
    whole = Box(0, 0, image.shape[3], image.shape[2])
    total = torch.zeros_like(image)
    for style, share in signals.at(whole, whole).parts:
        alone = _alone(style, signals, engine.device)
        total += share * run_at_once(painting_model(engine, style), alone, image).clamp(0.0, 1.0)
    return total


def one_painter(engine: Engine, signals: LayerSignals) -> Engine:
    """The engine that paints all of a blend, for what is gathered once for several layers or processes.

    Raises:
        PixelsError: several styles that an engine paints one by one have no statistics in common.
    """
    if engine.traits.mixes == "pixels" and isinstance(signals, SpatialSignals) and len(signals.parts) > 1:
        raise PixelsError(
            "The engine {engine} paints layers that belong together in one style only.",
            hint="Choose one style, or another engine.",
            engine=engine.name,
        )
    return painting_model(engine, signals)


def _is_painted_apart(engine: Engine, signals: LayerSignals) -> bool:
    """Whether every style paints by itself."""
    if not isinstance(signals, SpatialSignals):
        return False
    several = len(signals.parts) > 1
    return (several and engine.traits.mixes == "pixels") or any(s.learned for s, _ in signals.parts)


def _alone(style: StyleSignals, signals: SpatialSignals, device: torch.device) -> LayerSignals:
    """One of the styles, with the weight of all."""
    if signals.weight == 1.0:
        return style
    return place_styles([(style, 1.0)], [None], device, signals.weight)
