"""What a painted layer remembers: with which effect, of which layer and of which part of it it was made.

It is kept in the layer, as a parasite that goes into the XCF file, so that the layer can be edited later.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from gi.repository import Gimp

from scumble import Bounds, ScumbleError, StylizeRequest
from scumble.editing import Effect, StyleChoice
from scumble.editing.kept_selection import with_kept_selections
from scumble.editing.results import results_above
from scumble.pixels.masks import uncovered

from . import layers, places
from .config import layer_by_id
from .i18n import _

NAME = "scumble-effect"
ELSEWHERE = "elsewhere"
"""In place of the tattoo of a style that is a layer of another image: it cannot be found again."""
#: Kept in files, and undone with the layer.
_FLAGS = 1 | 2


class Kept(NamedTuple):
    """The effect, the layer that was painted, and the part of it; None for all of it.

    `lost` tells of a mask that is gone; in the effect its style is everywhere, or nothing protected.
    """

    effect: Effect
    source: Gimp.Layer
    region: Optional[Bounds]
    lost: Optional[ScumbleError] = None


def keep(painted, effect: Effect, source, request: StylizeRequest) -> None:
    """Write into a layer how it was made. Layers are meant by their tattoos, which files keep.

    Selections that say where a style is are kept as `request` has them.
    """
    effect, selections = with_kept_selections(effect, _covered(effect, source, request))
    styles = tuple(
        replace(style, value=_tattoo(style, source), mask=places.lasting(style.mask))
        for style in effect.styles
    )
    lasting = replace(effect, styles=styles, protect_mask=places.lasting(effect.protect_mask))
    data = {
        "effect": lasting.to_dict(),
        "source": source.get_tattoo(),
        "region": list(request.region) if request.region is not None else None,
        "selections": selections,
    }
    text = json.dumps(data).encode("utf-8")
    painted.attach_parasite(Gimp.Parasite.new(NAME, _FLAGS, text))


def _covered(effect: Effect, source, request: StylizeRequest) -> "dict[str, tuple[bytes, Bounds]]":
    """What the selections among the masks cover of the layer, in the image's coordinates."""
    (_ok, x, y), extent = source.get_offsets(), request.image.extent
    chosen = [(style.mask, weight.mask) for style, weight in zip(effect.styles, request.styles, strict=True)]
    if request.mask is not None:
        chosen.append((effect.protect_mask, uncovered([request.mask])))
    bounds = Bounds(x, y, extent.width, extent.height)
    return {
        mask: (bytes(coverage), bounds)
        for mask, coverage in chosen
        if coverage is not None and places.is_unnamed(mask)
    }


def kept(image, painted) -> Kept:
    """How a layer was made.

    Raises ScumbleError `bad-layer` where it does not say, or what it was made of is gone.
    """
    data = _data(painted)
    try:
        effect, tattoo, region = Effect.from_dict(data["effect"]), int(data["source"]), data["region"]
        bounds = Bounds(*(int(value) for value in region)) if region is not None else None
        packed = dict(data.get("selections") or {})
    except (ValueError, KeyError, TypeError):
        raise ScumbleError(
            "bad-layer",
            _("This layer was not painted by Scumble: select one that was."),
        ) from None
    source = image.get_layer_by_tattoo(tattoo)
    if source is None:
        raise ScumbleError(
            "bad-layer",
            _("The layer that this one was painted from is gone."),
            hint=_("Paint another layer, and take the settings from the recent ones."),
        )
    styles = tuple(style for style in (_found(image, style) for style in effect.styles) if style)
    back = {name: places.bring_back(image, fields) for name, fields in packed.items()}
    masks = [back.get(style.mask) or places.found_again(image, style.mask) for style in styles]
    lost = [style for style, mask in zip(styles, masks, strict=True) if mask is None]
    styles = tuple(replace(style, mask=mask or "") for style, mask in zip(styles, masks, strict=True))
    protected = back.get(effect.protect_mask) or places.found_again(image, effect.protect_mask)
    whole = Bounds(0, 0, source.get_width(), source.get_height())
    return Kept(
        replace(effect, styles=styles, protect_mask=protected or ""),
        source,
        bounds if bounds is None else bounds.intersect(whole),
        _lost_mask(lost, protected is None),
    )


def effect_kept(image, painted) -> Optional[Effect]:
    """The effect that a layer was painted with, whatever became of its masks; None where it does not say."""
    effect = Effect.from_dict(_data(painted).get("effect"))
    styles = tuple(style for style in (_found(image, style) for style in effect.styles) if style)
    return replace(effect, styles=styles) if styles else None


def source_of(image, layer) -> Gimp.Layer:
    """What a layer was painted from; the layer itself where Scumble has not painted it, or that is gone."""
    tattoo = _data(layer).get("source")
    source = image.get_layer_by_tattoo(tattoo) if isinstance(tattoo, int) else None
    return layer if source is None else source


def results_of(image, source) -> List[Gimp.Layer]:
    """The layers of an image that were painted from that one, the newest first."""
    found = [layer for layer in layers.all_layers(image) if _is_result(layer, source)]
    return sorted(found, key=lambda layer: layer.get_tattoo(), reverse=True)  # new layers have higher ones


def top_result(image, layer) -> Gimp.Layer:
    """The uppermost of the results that lie directly above a layer; the layer itself where there is none."""
    parent = layer.get_parent()
    siblings = image.get_layers() if parent is None else parent.get_children()
    at = image.get_item_position(layer)
    return siblings[at - results_above(_is_result(other, layer) for other in reversed(siblings[:at]))]


def _is_result(layer, source) -> bool:
    return _data(layer).get("source") == source.get_tattoo()


def _data(layer) -> Dict[str, Any]:
    """What a layer remembers; nothing for damaged data."""
    parasite = layer.get_parasite(NAME)
    try:
        data = json.loads(bytes(parasite.get_data()).decode("utf-8")) if parasite is not None else {}
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _lost_mask(styles: Sequence[StyleChoice], is_protection_lost: bool) -> Optional[ScumbleError]:
    """What to say of masks that are gone; None where all are there."""
    if styles:
        return ScumbleError(
            "bad-style",
            _("The mask of {style} is gone.").format(style=styles[0].label),
            hint=_("Choose again where the style is."),
        )
    if is_protection_lost:
        return ScumbleError(
            "bad-style",
            _("The mask of what was protected is gone."),
            hint=_("Choose again what is protected."),
        )
    return None


def _tattoo(style: StyleChoice, source) -> str:
    layer = layer_by_id(style.value) if style.kind == "layer" else None
    if layer is None:
        return style.value
    # In another image the same number is another layer.
    is_here = layer.get_image().get_id() == source.get_image().get_id()
    return str(layer.get_tattoo()) if is_here else ELSEWHERE


def _found(image, style: StyleChoice) -> Optional[StyleChoice]:
    """The style; None for a layer that is no longer there."""
    if style.kind != "layer":
        return style
    layer = image.get_layer_by_tattoo(int(style.value)) if style.value.isdigit() else None
    return None if layer is None else replace(style, value=str(layer.get_id()))
