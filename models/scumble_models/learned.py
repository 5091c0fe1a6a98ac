"""Painting with learned styles: the network with a style's own decoder, several in one picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from torch import Tensor

from scumble_models.pixels import PIECE
from scumble_models.registry import StyleModel
from scumble_models.runner import KeptStatistics
from scumble_models.signals import LayerSignals, StyleSignals, mix, with_decoders
from scumble_models.spatial import SpatialSignals
from scumble_models.tiling.box import Box
from scumble_models.tiling.budget import Budget
from scumble_models.tiling.executor import Sink
from scumble_models.tiling.store import FeatureStore, bytes_needed

#: Networks with a learned decoder that are kept, so that a slider or a second patch finds its own again.
MAX_KEPT = 4
_KEPT = "_painting_networks"

#: Paints a box of the content with a network and styles, with statistics that are kept for the next time:
#: every pixel of it goes to the sink.
Paint = Callable[[StyleModel, LayerSignals, Sink, KeptStatistics | None], None]


def mix_styles(model: StyleModel, parts: Sequence[tuple[StyleSignals, float]]) -> StyleSignals:
    """Mix styles of which some may be learned; the others are painted by the network's own decoder.

    Raises:
        SignalsError: as :func:`scumble_models.signals.mix`.
    """
    complete = with_decoders([signals for signals, _ in parts], model.network.decoder_weights)
    return mix([(signals, share) for signals, (_, share) in zip(complete, parts, strict=True)])


def painting_model(model: StyleModel, signals: LayerSignals) -> StyleModel:
    """The model whose decoder is that of the style; ``model`` itself where the style has none of its own.

    Its encoder is the model's, so the features of one content serve all styles. Where styles vary over the
    picture it is the decoder between all of theirs, for what only needs a likeness, such as a thumbnail.

    Raises:
        SignalsError: the decoder does not fit the network.
    """
    style = mix(signals.parts_evenly()) if isinstance(signals, SpatialSignals) else signals
    if not isinstance(style, StyleSignals) or not style.learned:
        return model
    kept: list[tuple[object, StyleModel]] = vars(model.network).setdefault(_KEPT, [])
    for decoder, painter in kept:
        if decoder is style.decoder:
            return painter
    painter = replace(model, network=model.network.with_decoder(style.decoder))
    kept.append((style.decoder, painter))
    del kept[:-MAX_KEPT]
    return painter


def paint_styles(
    model: StyleModel,
    signals: LayerSignals,
    box: Box,
    sink: Sink,
    kept: KeptStatistics | None,
    paint: Paint,
) -> None:
    """Paint a box with styles of any kind.

    Styles that vary over the picture and are learned have no decoder in common: each paints the whole
    box, and the results are mixed by the styles' shares at each pixel.
    """
    if not isinstance(signals, SpatialSignals) or not any(style.learned for style, _ in signals.parts):
        paint(painting_model(model, signals), signals, sink, kept)
        return
    place = Budget.of_this_machine(model.device).place(bytes_needed(3, box))
    mixed = FeatureStore(3, box, "disk" if place == "recompute" else place, model.device)
    for index, (style, _) in enumerate(signals.parts):

        def add(tile: Box, output: Tensor, index: int = index) -> None:
            here = tile.relative_to(box)
            added = output.float().clamp(0.0, 1.0) * signals.share(index, tile).to(output.device)
            mixed.write(here, added + mixed.read(here).to(output.device) if index else added)

        paint(painting_model(model, style), style, add, None)
    for tile in box.tiles(PIECE):
        sink(tile, mixed.read(tile.relative_to(box)))
