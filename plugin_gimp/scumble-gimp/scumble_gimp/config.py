"""Between GIMP's procedure arguments and the effect that they describe."""

from __future__ import annotations

from dataclasses import replace
from typing import Sequence, Tuple

from gi.repository import Gimp, Gio

from scumble import ScumbleError
from scumble.editing import Effect, StyleChoice
from scumble.editing.effect import ELSEWHERE
from scumble.editing.mix import evened
from scumble.settings import SETTINGS

from .i18n import _
from .places import drawable_by_id, is_usable

SET_HERE = tuple(name for name in SETTINGS if name != "patch")
"""The settings that are arguments of the procedure."""
PLACES = ("", "second-", "third-", "fourth-")
"""What the names of the arguments for each style of a mix begin with."""


def effect_of(config) -> Effect:
    """The effect that the arguments of plug-in-scumble describe; without a style if none is given.

    Raises ScumbleError `bad-style` when a style is given in two ways.
    """
    styles = styles_of(config)
    return Effect(
        styles=tuple(style for style in styles if style.amount > 0) or styles,
        **{name: config.get_property(_argument(name)) for name in SET_HERE},
        protect_mask=_mask_of(config, "protect-mask"),
    )


def set_effect(config, effect: Effect) -> None:
    """The inverse of :func:`effect_of`."""
    set_styles(config, effect.styles)
    for name in SET_HERE:
        _set(config, _argument(name), getattr(effect, name))
    set_mask(config, "protect-mask", effect.protect_mask)


def _argument(setting: str) -> str:
    return setting.replace("_", "-")


def styles_of(config) -> Tuple[StyleChoice, ...]:
    """The styles with their shares, which sum to 1; those with a share of 0 too.

    `third-share` and `fourth-share` are shares of the whole; `mix` divides the rest among the first two.
    Raises as :func:`effect_of`.
    """
    first, second, third, fourth = (style_of(config, prefix) for prefix in PLACES)
    if first is None:
        return ()
    later = [
        replace(style, amount=config.get_property(prefix + "share"))
        for prefix, style in (("third-", third), ("fourth-", fourth))
        if style is not None
    ]
    left = max(0.0, 1.0 - sum(style.amount for style in later))
    mix = config.get_property("mix") if second is not None else 0.0
    styles = [replace(first, amount=left * (1.0 - mix))]
    if second is not None:
        styles.append(replace(second, amount=left * mix))
    return evened([*styles, *later])


def set_styles(config, styles: Sequence[StyleChoice]) -> None:
    """Put up to four styles with their shares into the arguments."""
    styles = evened(styles)
    for number, prefix in enumerate(PLACES):
        _set_style(config, prefix, styles[number] if number < len(styles) else None)
    shares = [style.amount for style in styles]
    rest = sum(shares[:2])
    # Where nothing is left for the first two, the proportion between them is not to be had back.
    _set(config, "mix", shares[1] / rest if rest > 0 and len(styles) > 1 else 0.5)
    _set(config, "third-share", shares[2] if len(styles) > 2 else 0.25)
    _set(config, "fourth-share", shares[3] if len(styles) > 3 else 0.25)


def forget_other_masks(config, image) -> None:
    """Take away masks that the last run has left and that are not of this image."""
    for name in (*(prefix + "style-mask" for prefix in PLACES), "protect-mask"):
        if not is_usable(image, config.get_property(name)):
            set_mask(config, name, "")


def set_mask(config, name: str, mask: str) -> None:
    """Put a mask, as effects name it, or none, into an argument."""
    _set(config, name, drawable_by_id(mask))


def style_of(config, prefix: str):
    """The style of one of `PLACES`, or None."""
    style = _source_of(config, prefix)
    if style is None:
        return None
    elsewhere = ELSEWHERE if config.get_property(prefix + "style-elsewhere") else ""
    return replace(style, mask=_mask_of(config, prefix + "style-mask") or elsewhere)


def _mask_of(config, name: str) -> str:
    mask = config.get_property(name)
    return "" if mask is None else str(mask.get_id())


def _source_of(config, prefix: str):
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


def layer_by_id(value: str):
    """The layer of a StyleChoice; None when it is gone."""
    item = Gimp.Item.get_by_id(int(value))
    return item if isinstance(item, Gimp.Layer) else None


def _set_style(config, prefix: str, style) -> None:
    """Put a StyleChoice, or None, into the arguments of one place."""
    kind, value = ("", "") if style is None else (style.kind, style.value)
    _set(config, prefix + "style-name", value if kind == "library" else "")
    config.set_property(prefix + "style-file", Gio.File.new_for_path(value) if kind == "file" else None)
    config.set_property(prefix + "style-layer", layer_by_id(value) if kind == "layer" else None)
    mask = "" if style is None else style.mask
    _set(config, prefix + "style-elsewhere", mask == ELSEWHERE)
    set_mask(config, prefix + "style-mask", mask)


def _set(config, name: str, value) -> None:
    if config.get_property(name) != value:  # each call is heard, even one that changes nothing
        config.set_property(name, value)
