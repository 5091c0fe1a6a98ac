"""Styles for one model: where their pictures are, and their signals, learned, kept or new. For the worker."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from scumble.errors import ScumbleError
from scumble.pixels.content import digest_of
from scumble.pixels.pixels import BytesLike, Pixels
from scumble.request import StyleSource
from scumble_models.errors import SignalsError
from scumble_models.registry import StyleModel
from scumble_models.signals import StyleSignals

from ..images.reader import decode_image
from ..library import Library, StyleEntry
from ..library.learned import load_learned, picture_entry
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


def known_picture(library: Library, source: StyleSource) -> StyleEntry:
    """Where what is learned of a picture is kept: with the user's style of that file, or by itself."""
    if source.file is not None:
        entry = library.of_picture(hashlib.sha256(source.file).digest())
        if entry is not None:
            return entry
    key = _style_key(source)
    return library.of_picture(key) or picture_entry(library.folder, key)


def style_pixels(source: StyleSource) -> Pixels:
    """The picture of a style that is in no library. Raises ScumbleError for a file that is none."""
    if source.pixels is not None:
        return source.pixels
    assert source.file is not None
    return decode_image(bytes(source.file), "The style image").pixels


def _style_key(source: StyleSource) -> bytes:
    """What the signals depend on besides the model: bytes, and how they are read."""
    if source.pixels is not None:
        pixels: Pixels = source.pixels
        kind = f"pixels {pixels.extent} {pixels.format.dtype} {pixels.format.channels}"
        content: BytesLike = pixels.view()
    else:
        kind, content = "file", source.file or b""
    return hashlib.sha256(kind.encode() + b"\0" + digest_of(content)).digest()
