"""From the arguments and the layer to a job, and from its result to the new layer, dialog or not."""

from __future__ import annotations

import traceback
from dataclasses import replace
from typing import Callable

from scumble import Pixels, ScumbleError
from scumble.editing import Effect, Gallery, load_settings, save_settings, settings_file
from scumble.editing.log import write_log

from . import layers, procedures
from .config import layer_by_id
from .i18n import _
from .reporting import TEXTS

READ_SHARE = 0.05
"""Of a progress bar: reading the layer."""


def make_request(image, layer, config, effect: Effect, on_strip: Callable[[float], None]):
    """The job for an effect and the other arguments, with the layer's pixels, and how those travel."""
    region = layers.target(image, layer, config.get_property("apply-to"))
    if not effect.styles:
        raise ScumbleError(
            "no-style",
            _("No style was given."),
            hint=_("Set one of style-name, style-file and style-layer."),
        )
    transfer = layers.transfer_of(layer)
    pixels = layers.read_layer(layer, transfer, on_strip)
    return transfer, effect.request(pixels, region, layer_pixels)


def insert(image, layer, config, effect: Effect, transfer, request, result: Pixels):
    """Add the result to the image, remember the effect, and return the new layer."""
    mode, _title = procedures.LAYER_MODES[config.get_property("layer-mode")]
    name = TEXTS.layer_name(effect, layer.get_name())
    opacity = config.get_property("opacity")
    new = layers.insert_result(image, layer, name, transfer, request.region, result, mode, opacity)
    remember(effect)
    return new


def titled(effect: Effect, gallery: Gallery) -> Effect:
    """The effect with the titles that the gallery has for its styles."""
    styles = []
    for style in effect.styles:
        known = gallery.find(*style.key)
        styles.append(style if known is None else replace(style, title=known.title))
    return replace(effect, styles=tuple(styles))


def remember(effect: Effect) -> None:
    """Make that effect the last one; a disk that is full is no reason to fail."""
    file = settings_file("gimp")
    try:
        save_settings(file, load_settings(file).used(effect))
    except OSError:
        write_log("gimp", traceback.format_exc())


def layer_pixels(value: str) -> Pixels:
    """The pixels of the layer that a StyleChoice names."""
    layer = layer_by_id(value)
    if layer is None:
        raise ScumbleError("bad-style", _("The layer that was the style is gone: choose a style again."))
    return layers.style_pixels(layer)
