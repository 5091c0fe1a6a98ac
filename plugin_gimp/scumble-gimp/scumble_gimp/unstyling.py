"""A layer as it was before its style, as a new layer above it."""

from __future__ import annotations

from gi.repository import Gimp

from scumble.editing import load_settings, settings_file
from scumble.editing.reversals import after_unstyling, unstyling

from . import layers
from .kept import top_result
from .reporting import TEXTS
from .reversals import keep_reversals, reversals_of
from .status_bar import StatusBar


def take_style_off(bar: StatusBar, image, layer) -> Gimp.Layer:
    """Take the style that was put on last off a layer, where the selection is, and return the new layer.

    It goes above the layer and what was painted from it, in one undo step, and the layer stays as it is.
    Raises ScumbleError `not-reversible`, and for what else went wrong.
    """
    reversals = reversals_of(layer)
    device = load_settings(settings_file("gimp")).effect.device

    def make(on_strip):
        region = layers.target(image, layer, "selection")
        transfer = layers.transfer_of(layer)
        pixels = layers.read_layer(layer, transfer, on_strip)
        return transfer, unstyling(pixels, reversals, region, device)

    transfer, request, result = bar.compute(make)
    name = TEXTS.unstyled_name(layer.get_name())
    new = layers.result_layer(image, layer, name, transfer, request.region, result)
    keep_reversals(new, after_unstyling(request, reversals))
    layers.insert_above(image, top_result(image, layer), new, masked=request.region is not None)
    return new
