"""Signals of a style of the library for one model: learned, kept, or new ones. For the worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from torch import Tensor

from scumble.errors import ScumbleError
from scumble_models.errors import SignalsError
from scumble_models.registry import StyleModel
from scumble_models.signals import StyleSignals
from scumble_models.stylize import encode_style

from ..library import StyleEntry
from ..library.learned import load_learned
from ..library.signals import load_signals, save_signals

Shapes = dict[str, tuple[int, ...]]
_KNOWN: dict[str, Shapes] = {}  # by the weights' sha256


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
            return _checked(model, StyleSignals.from_bytes(data, info.architecture))
        except SignalsError:
            if entry.image is None:
                raise
    if entry.image is None and damaged is not None:
        raise damaged
    if entry.image is None:
        raise ScumbleError(
            "no-signals",
            f"The style {entry.name} was not made for the engine {info.name}.",
            hint="Choose another engine, or give an image file as the style.",
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
    signals = StyleSignals.from_bytes(data, model.info.architecture)
    if not signals.learned:
        raise SignalsError(
            "What was learned of the style is damaged.", hint="Learn the style again: scumble styles learn"
        )
    return _checked(model, signals)


def _checked(model: StyleModel, signals: StyleSignals) -> StyleSignals:
    """A file that someone sent may hold tensors of any name and shape."""
    fits = _shapes_of(signals.vectors) == _shapes(model)
    if signals.learned:
        network = model.network
        fits &= network.learns and _shapes_of(signals.decoder) == _shapes_of(network.decoder_weights())
    if not fits:
        raise SignalsError("The style signals are damaged.", hint="Get the style again, or its image.")
    return signals


def _shapes(model: StyleModel) -> Shapes:
    weights = model.info.sha256
    if weights not in _KNOWN:
        gray = np.full((32, 32, 3), 128, np.uint8)
        _KNOWN[weights] = _shapes_of(encode_style(model, gray, "RGB").vectors)
    return _KNOWN[weights]


def _shapes_of(tensors: Mapping[str, Tensor]) -> Shapes:
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}
