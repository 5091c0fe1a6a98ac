"""Where in a layer each style of a mix is: by a layer, layer mask, channel or the selection of its image.

A StyleChoice names such a mask by the item's number; GIMP's selection is an item too.
"""

from __future__ import annotations

from typing import Iterator, Optional, Tuple

from gi.repository import Babl, Gegl, Gimp

from scumble import Bounds, ScumbleError
from scumble.editing.effect import ELSEWHERE
from scumble.editing.kept_selection import unpack_selection

from . import layers
from .i18n import _

MAX_CHOICES = 60
SELECTION = "selection"
_BROUGHT_BACK: "dict[str, Gimp.Channel]" = {}
"""Selections of before, by what a StyleChoice calls them; they end with this process."""


def choices(image) -> "list[Tuple[str, str]]":
    """What a style can be placed by: the name for a StyleChoice, and what the artist reads."""
    return [("", _("Everywhere")), (ELSEWHERE, _("Where no other style is")), *_items(image)][:MAX_CHOICES]


def protectable(image) -> "list[Tuple[str, str]]":
    """What a part of a layer can be protected by, as :func:`choices`."""
    return list(_items(image))[:MAX_CHOICES]


def coverage(layer, side: int, mask: str) -> bytes:
    """How much of each pixel of a layer a mask covers, of the size that `layers.scaled` gives all of it.

    A layer covers where it is white and opaque; beyond its own edges nothing is covered.
    Raises ScumbleError `bad-style` for a mask that is gone, or in another image.
    """
    item = drawable_by_id(mask)
    if item is None or item.get_image().get_id() != layer.get_image().get_id():
        raise ScumbleError(
            "bad-style",
            _("A mask that was chosen is not in this image."),
            hint=_("Choose again where a style is, or what is protected."),
        )
    factor, extent = layers.scale_of(Bounds(0, 0, layer.get_width(), layer.get_height()), side)
    (_ok, x, y), (_also, left, top) = layer.get_offsets(), item.get_offsets()
    part = Gegl.Rectangle.new(int((x - left) * factor), int((y - top) * factor), *extent)
    if isinstance(item, Gimp.Layer):
        # Transparent black is black: what the colour channel holds is lightness times opacity.
        return layers.at_scale(layers.seen(item).get_buffer(), part, factor, "Y'aA u8")[::2]
    # The numbers as they are, as GIMP itself takes a channel for a selection.
    encoding = Babl.format_get_encoding(item.get_format()).partition(" ")[0]
    return layers.at_scale(item.get_buffer(), part, factor, encoding + " u8")


def drawable_by_id(mask: str) -> Optional[Gimp.Drawable]:
    """The layer, mask, channel or selection that a StyleChoice names; None when it is gone."""
    item = Gimp.Item.get_by_id(int(mask)) if mask.isdecimal() else None
    return item if isinstance(item, Gimp.Drawable) else None


def is_selection(mask: str) -> bool:
    """Whether a StyleChoice names the selection of an image."""
    return isinstance(drawable_by_id(mask), Gimp.Selection)


def is_unnamed(mask: str) -> bool:
    """Whether nothing of the image will hold that mask later: the selection, or one of before."""
    return is_selection(mask) or mask in _BROUGHT_BACK


def bring_back(image, fields: object) -> Optional[str]:
    """A selection that a layer has kept, as a mask of its image that nobody sees; None for damaged data."""
    found = unpack_selection(fields)
    if found is None:
        return None
    bounds, data = found
    size = (image.get_width(), image.get_height())
    channel = Gimp.Channel.new(image, _("The selection of before"), *size, 100.0, Gegl.Color.new("black"))
    if not bounds.is_empty:
        encoding = Babl.format_get_encoding(channel.get_format()).partition(" ")[0]
        channel.get_buffer().set(Gegl.Rectangle.new(*bounds), encoding + " u8", data)
    mask = str(channel.get_id())
    _BROUGHT_BACK[mask] = channel
    return mask


def is_usable(image, mask) -> bool:
    """Whether a drawable, or None, can be the mask of a style of that image."""
    if mask is None or not mask.is_valid() or mask.get_image().get_id() != image.get_id():
        return False
    return not (isinstance(mask, Gimp.Selection) and Gimp.Selection.is_empty(image))


def lasting(mask: str) -> str:
    """A mask by what files keep of it: its tattoo, or that of the layer that it belongs to.

    A selection of which the layer keeps a copy has a name of its own before that, and stays so.
    """
    item = drawable_by_id(mask)
    if item is None:
        return mask
    if is_unnamed(mask):
        return SELECTION
    if isinstance(item, Gimp.LayerMask):
        return "mask {}".format(Gimp.Layer.from_mask(item).get_tattoo())
    return "{} {}".format("layer" if isinstance(item, Gimp.Layer) else "channel", item.get_tattoo())


def found_again(image, kept: str) -> Optional[str]:
    """The inverse of :func:`lasting`; None for what is gone, as a selection that nobody has saved."""
    if kept in ("", ELSEWHERE):
        return kept
    if kept == SELECTION:
        return None if Gimp.Selection.is_empty(image) else str(image.get_selection().get_id())
    kind, _space, tattoo = kept.partition(" ")
    if kind == SELECTION or not tattoo.isdecimal():
        return None
    if kind == "channel":
        item = image.get_channel_by_tattoo(int(tattoo))
    else:
        item = image.get_layer_by_tattoo(int(tattoo))
    if item is not None and kind == "mask":
        item = item.get_mask()
    return None if item is None else str(item.get_id())


def _items(image) -> Iterator[Tuple[str, str]]:
    if not Gimp.Selection.is_empty(image):
        yield str(image.get_selection().get_id()), _("The selection")
    for mask, channel in _BROUGHT_BACK.items():
        if channel.get_image().get_id() == image.get_id():
            yield mask, channel.get_name()
    all_layers = layers.all_layers(image)[::-1]
    for channel in image.get_channels():
        yield str(channel.get_id()), _("Channel {name}").format(name=channel.get_name())
    for layer in all_layers:
        if layer.get_mask() is not None:
            yield str(layer.get_mask().get_id()), _("Mask of {name}").format(name=layer.get_name())
    for layer in all_layers:
        yield str(layer.get_id()), _("Layer {name}").format(name=layer.get_name())
