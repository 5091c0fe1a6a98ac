"""The built-in styles as the tools paint with them: learned where they are, else by the network itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from scumble_daemon.library import StyleEntry
from scumble_daemon.library.builtin import builtin_styles
from scumble_daemon.worker.style_signals import library_signals
from scumble_models.first_sight import first_sight
from scumble_models.registry import StyleModel
from scumble_models.signals import StyleSignals

STYLES = Path(__file__).parents[1] / "styles"


def entry_of(name: str) -> StyleEntry:
    """The built-in style of that name."""
    return next(entry for entry in builtin_styles(STYLES) if entry.name == name)


def picture_of(name: str) -> Image.Image:
    """Its picture."""
    image = entry_of(name).image
    assert image is not None
    return Image.open(image).convert("RGB")


def signals_of(model: StyleModel, name: str) -> StyleSignals:
    """Its signals for a model, learned ones before others."""
    return library_signals(
        model, entry_of(name), lambda entry: first_sight(model, np.asarray(picture_of(entry.name)), "RGB")
    )
