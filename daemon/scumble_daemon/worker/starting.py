"""Where learning a style begins, among what comes learned with the library. For the worker."""

from __future__ import annotations

import contextlib
from pathlib import Path

from scumble_models.errors import SignalsError
from scumble_models.learning.start import Start, changed, learned_change, neighbours
from scumble_models.registry import StyleModel
from scumble_models.signals import StyleSignals

from ..library import StyleEntry
from ..library.builtin import builtin_styles
from ..library.signals import load_signals
from .style_signals import learned_signals


def start_in(folder: Path, model: StyleModel, entry: StyleEntry) -> Start:
    """How a learning of ``entry`` begins: between built-in styles, so that every user's begins alike.

    Args:
        folder: that of the built-in styles. What cannot be read there does not count; where none is learned
            for the model, a learning begins with the network's own decoder.
    """

    def start(signals: StyleSignals) -> StyleSignals | None:
        known = known_styles(folder, model, but=entry)
        near = neighbours(signals, [encoded for encoded, _ in known])
        if not near:
            return None
        return changed(signals, learned_change([(*known[position], share) for position, share in near]))

    return start


def known_styles(
    folder: Path, model: StyleModel, but: StyleEntry | None = None
) -> list[tuple[StyleSignals, StyleSignals]]:
    """The signals of the built-in styles that are learned for a model, as encoded and as learned."""
    entries = [entry for entry in builtin_styles(folder) if but is None or entry.identity != but.identity]
    return [pair for entry in entries if (pair := _known(model, entry)) is not None]


def _known(model: StyleModel, entry: StyleEntry) -> tuple[StyleSignals, StyleSignals] | None:
    """A style's signals as they are encoded and as they are learned; None where it has not both."""
    with contextlib.suppress(SignalsError):
        data, learned = load_signals(entry, model.info.sha256), learned_signals(model, entry)
        if data is not None and learned is not None:
            return model.check(model.info.read_style(data)), learned
    return None
