"""Signals of a style of the library for one model: learned, kept, or new ones. For the worker."""

from __future__ import annotations

from collections.abc import Callable

from scumble.errors import ScumbleError
from scumble_models.errors import SignalsError
from scumble_models.registry import StyleModel
from scumble_models.signals import StyleSignals

from ..library import StyleEntry
from ..library.learned import load_learned
from ..library.signals import load_signals, save_signals


def library_signals(
    model: StyleModel, entry: StyleEntry, encode: Callable[[StyleEntry], StyleSignals]
) -> StyleSignals:
    """What was learned of a style, or the signals that the library has, or those of its picture.

    The last are then kept. What is damaged or of another network is passed over where there is something
    else.

    Raises ScumbleError `no-signals`, SignalsError, and what `encode` raises for the picture.
    """
    info, damaged = model.info, None
    try:
        learned = learned_signals(model, entry)
        if learned is not None:
            return learned
    except SignalsError as error:
        damaged = error
    data = load_signals(entry, info.sha256)
    if data is not None:
        try:
            kept = model.check(info.read_style(data))
        except SignalsError:
            if entry.image is None:
                raise
        else:
            # Older ones have no decoder, and with the picture there is a better first sight.
            if kept.learned or info.first_sight is None or entry.image is None:
                return kept
    if entry.image is None and damaged is not None:
        raise damaged
    if entry.image is None:
        raise ScumbleError(
            "no-signals",
            "The style {style} was not made for the engine {engine}.",
            hint="Choose another engine, or give an image file as the style.",
            style=entry.name,
            engine=info.name,
        )
    encoded = encode(entry)
    save_signals(entry, info.name, info.sha256, encoded.to_bytes())
    return encoded


def learned_signals(model: StyleModel, entry: StyleEntry) -> StyleSignals | None:
    """What was learned of a style for this model; None for nothing.

    Raises SignalsError for tensors that are damaged, or do not fit the network.
    """
    data = load_learned(entry, model.info.sha256)
    if data is None:
        return None
    signals = model.info.read_style(data)
    if not signals.learned:
        raise SignalsError(
            "What was learned of the style is damaged.", hint="Learn the style again: scumble styles learn"
        )
    return model.check(signals)
