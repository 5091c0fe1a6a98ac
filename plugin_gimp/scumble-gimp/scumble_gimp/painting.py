"""From the arguments and the layer to a job, and from its result to the new layer, dialog or not."""

from __future__ import annotations

import json
import time
import traceback
from dataclasses import replace
from functools import partial
from typing import Any, Callable, Dict, NamedTuple, Optional

from gi.repository import Gimp

from scumble import Bounds, Pixels, ScumbleError
from scumble.editing import Effect, Gallery, HistoryEntry, load_settings, save_settings, settings_file
from scumble.editing.log import write_log
from scumble.editing.reversals import after_painting

from . import layers, places, procedures
from .config import layer_by_id
from .i18n import _
from .kept import keep, top_result
from .reporting import TEXTS
from .reversals import keep_reversals, reversals_of

READ_SHARE = 0.05
"""Of a progress bar: reading the layer."""
PLACING = "scumble-last-layer"
_PLACING = ("apply-to", "layer-mode", "opacity")


class Edited(NamedTuple):
    """A painted layer that another one will take the place of, and the part of the source that it shows.

    `layer_mode` is what the arguments say where the layer's own mode shall stay; `lost` what could not be had
    back of how it was made.
    """

    layer: Gimp.Layer
    region: Optional[Bounds]
    layer_mode: str
    lost: Optional[ScumbleError] = None


def make_request(
    image, layer, config, effect: Effect, on_strip: Callable[[float], None], edited: Optional[Edited] = None
):
    """The job for an effect and the other arguments, with the layer's pixels, and how those travel."""
    region = layers.target(image, layer, config.get_property("apply-to")) if edited is None else edited.region
    if not effect.styles:
        raise ScumbleError(
            "no-style",
            _("No style was given."),
            hint=_("Set one of style-name, style-file and style-layer."),
        )
    transfer = layers.transfer_of(layer)
    pixels = layers.read_layer(layer, transfer, on_strip)
    covered = partial(places.coverage, layer, max(pixels.extent))
    return transfer, effect.request(pixels, region, layer_pixels, covered)


def insert(
    image, layer, config, effect: Effect, transfer, request, result: Pixels, edited: Optional[Edited] = None
):
    """Add the result to the image, remember the settings, and return the new layer.

    It lies above the layer and the results that this has already. An edited layer goes, and the new one takes
    its place.
    """
    mode, _title = procedures.LAYER_MODES[config.get_property("layer-mode")]
    name = TEXTS.layer_name(effect, layer.get_name())
    new = layers.result_layer(image, layer, name, transfer, request.region, result)
    new.set_mode(mode)
    new.set_opacity(config.get_property("opacity"))
    keep(new, effect, layer, request)
    keep_reversals(new, after_painting(result, reversals_of(layer)))
    if edited is None:
        layers.insert_above(image, top_result(image, layer), new, masked=request.region is not None)
    else:
        if config.get_property("layer-mode") == edited.layer_mode:
            new.set_mode(edited.layer.get_mode())  # which the dialog may not know
        layers.put_in_place(image, edited.layer, new)
    remember(effect, layer.get_name())
    _remember_placing(config)
    return new


def titled(effect: Effect, gallery: Gallery) -> Effect:
    """The effect with the titles that the gallery has for its styles."""
    styles = []
    for style in effect.styles:
        known = gallery.find(*style.key)
        styles.append(style if known is None else replace(style, title=known.title))
    return replace(effect, styles=tuple(styles))


def remember(effect: Effect, layer: str) -> None:
    """Make that effect the last one, and the newest of the history; a full disk is no reason to fail."""
    file = settings_file("gimp")
    try:
        save_settings(file, load_settings(file).painted(HistoryEntry(effect, layer, time.time())))
    except OSError:
        write_log("gimp", traceback.format_exc())


def last_placing() -> Dict[str, Any]:
    """How the last result was put into its image, by the arguments that say so; nothing at first."""
    parasite = Gimp.get_parasite(PLACING)
    try:
        found = json.loads(bytes(parasite.get_data()).decode("utf-8")) if parasite is not None else {}
        return {name: found[name] for name in _PLACING if name in found}
    except (ValueError, TypeError):
        return {}


def _remember_placing(config) -> None:
    """Ours, as GIMP's last values are of runs with a dialog, and not to be read by other procedures."""
    text = json.dumps({name: config.get_property(name) for name in _PLACING}).encode("utf-8")
    Gimp.attach_parasite(Gimp.Parasite.new(PLACING, 1, text))  # 1: for later sessions too


def layer_pixels(value: str) -> Pixels:
    """The pixels of the layer that a StyleChoice names."""
    layer = layer_by_id(value)
    if layer is None:
        raise ScumbleError("bad-style", _("The layer that was the style is gone: choose a style again."))
    return layers.style_pixels(layer)
