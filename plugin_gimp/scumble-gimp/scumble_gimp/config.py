"""Between GIMP's procedure arguments and the effect that they describe."""

from __future__ import annotations

from gi.repository import Gimp, Gio

from scumble import ScumbleError
from scumble.editing import Effect, StyleChoice

from .i18n import _


def effect_of(config) -> Effect:
    """The effect that the arguments of plug-in-scumble describe; without a style if none is given.

    Raises ScumbleError `bad-style` when one of the two styles is given in two ways.
    """
    first, second = style_of(config, ""), style_of(config, "second-")
    mix = config.get_property("mix")
    styles = () if first is None else (first,)
    if first is not None and second is not None and mix > 0:
        styles = (_with_amount(first, 1.0 - mix), _with_amount(second, mix))
    return Effect(
        styles=styles,
        weight=config.get_property("weight"),
        stroke_size=config.get_property("stroke-size"),
        preserve_color=config.get_property("preserve-color"),
        contrast=config.get_property("contrast"),
        detail=config.get_property("detail"),
        engine=config.get_property("engine"),
        device=config.get_property("device"),
        tiling=config.get_property("tiling"),
    )


def style_of(config, prefix: str):
    """The first (prefix "") or second (prefix "second-") style, or None."""
    name = config.get_property(prefix + "style-name")
    file = config.get_property(prefix + "style-file")
    layer = config.get_property(prefix + "style-layer")
    if sum(bool(given) for given in (name, file, layer)) > 1:
        raise ScumbleError(
            "bad-style", _("A style is one of style-name, style-file and style-layer, not several.")
        )
    if name:
        return StyleChoice("library", name)
    if file:
        path = file.get_path()
        if path is None:
            raise ScumbleError(
                "file-missing", _("{uri} is not a file on this machine.").format(uri=file.get_uri())
            )
        return StyleChoice("file", path)
    if layer:
        return StyleChoice("layer", str(layer.get_id()), layer.get_name())
    return None


def set_style(config, prefix: str, style) -> None:
    """Put a StyleChoice, or None, into the arguments."""
    kind, value = ("", "") if style is None else (style.kind, style.value)
    config.set_property(prefix + "style-name", value if kind == "library" else "")
    config.set_property(prefix + "style-file", Gio.File.new_for_path(value) if kind == "file" else None)
    config.set_property(prefix + "style-layer", layer_by_id(value) if kind == "layer" else None)


def layer_by_id(value: str):
    """The layer of a StyleChoice; None when it is gone."""
    item = Gimp.Item.get_by_id(int(value))
    return item if isinstance(item, Gimp.Layer) else None


def _with_amount(style: StyleChoice, amount: float) -> StyleChoice:
    return StyleChoice(style.kind, style.value, style.title, amount)
