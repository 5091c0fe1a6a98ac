"""Signals of a style of the library for one model: those that are kept, or new ones. For the worker."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from scumble.errors import ScumbleError
from scumble_models.errors import SignalsError
from scumble_models.registry import StyleModel
from scumble_models.signals import StyleSignals
from scumble_models.stylize import encode_style

from .library import StyleEntry
from .library.signals import load_signals, save_signals

Shapes = dict[str, tuple[int, ...]]
_KNOWN: dict[str, Shapes] = {}  # by the weights' sha256


def library_signals(
    model: StyleModel, entry: StyleEntry, encode: Callable[[StyleEntry], StyleSignals]
) -> StyleSignals:
    """The signals that the library has of a style, or else those of its picture, which it then keeps.

    Kept ones that are damaged or of another network are made anew where the picture is at hand.

    Raises ScumbleError `no-signals`, SignalsError, and what `encode` raises for the picture.
    """
    info = model.info
    data = load_signals(entry, info.sha256)
    if data is not None:
        try:
            return _checked(model, StyleSignals.from_bytes(data, info.architecture))
        except SignalsError:
            if entry.image is None:
                raise
    if entry.image is None:
        raise ScumbleError(
            "no-signals",
            f"The style {entry.name} was not made for the engine {info.name}.",
            hint="Choose another engine, or give an image file as the style.",
        )
    encoded = encode(entry)
    save_signals(entry, info.name, info.sha256, encoded.to_bytes())
    return encoded


def _checked(model: StyleModel, signals: StyleSignals) -> StyleSignals:
    """A file that someone sent may hold vectors of any name and length."""
    if _shapes_of(signals) != _shapes(model):
        raise SignalsError("The style signals are damaged.", hint="Get the style again, or its image.")
    return signals


def _shapes(model: StyleModel) -> Shapes:
    weights = model.info.sha256
    if weights not in _KNOWN:
        gray = np.full((32, 32, 3), 128, np.uint8)
        _KNOWN[weights] = _shapes_of(encode_style(model, gray, "RGB"))
    return _KNOWN[weights]


def _shapes_of(signals: StyleSignals) -> Shapes:
    return {name: tuple(vector.shape) for name, vector in signals.vectors.items()}
