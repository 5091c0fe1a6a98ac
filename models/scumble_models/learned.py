"""Painting with learned styles: the engine with a style's own decoder."""

from __future__ import annotations

from collections.abc import Sequence

from scumble_models.engine import Engine
from scumble_models.errors import SignalsError
from scumble_models.signals import LayerSignals, StyleSignals, mix, with_decoders
from scumble_models.spatial import SpatialSignals


def mix_styles(model: Engine, parts: Sequence[tuple[StyleSignals, float]]) -> StyleSignals:
    """Several styles as one; those that are not learned are painted by the engine's own decoder.

    Raises:
        SignalsError: as :func:`scumble_models.signals.mix`, or the engine mixes styles only as it paints.
    """
    if len(parts) > 1 and model.traits.mixes != "tensors":
        raise SignalsError(
            "The engine {engine} cannot paint with a mix that was saved as one style.",
            hint="Mix the styles themselves, or choose another engine.",
            engine=model.name,
        )
    complete = with_decoders([signals for signals, _ in parts], model.decoder_weights)
    return mix([(signals, share) for signals, (_, share) in zip(complete, parts, strict=True)])


def painting_model(model: Engine, signals: LayerSignals) -> Engine:
    """The model whose decoder is that of the style; ``model`` itself where the style has none of its own.

    Its encoder is the model's, so the features of one content serve all styles. Where styles vary over the
    picture it is the decoder between all of theirs, for what only needs a likeness, such as a thumbnail.

    Raises:
        SignalsError: the decoder does not fit the network.
    """
    style = signals
    if isinstance(signals, SpatialSignals) and any(part.learned for part, _ in signals.parts):
        style = mix(signals.parts_evenly())
    if not isinstance(style, StyleSignals) or not style.learned:
        return model
    return model.with_decoder(style.decoder)
