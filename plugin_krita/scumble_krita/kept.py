"""What a painted layer remembers: with which effect, of which layer and of which part of it it was made.

Krita's scripts can annotate documents, not layers. So the document keeps it, by the ids of its layers; a .kra
file holds both.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from types import MappingProxyType
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

from scumble import Bounds, ScumbleError
from scumble.editing import Effect
from scumble.editing.results import results_above

from .annotations import annotated, with_newest
from .i18n import _
from .layers import all_nodes, layer_by_id
from .qt import QtCore

TYPE = "scumble-layers"
MOST = 256
"""Layers of one document that are remembered: the newest."""
MOST_BYTES = 8 << 20
"""Of all that is remembered: beyond it the selections of the oldest layers go."""


class Kept(NamedTuple):
    """How a layer was made.

    Attributes:
        effect: the settings.
        source: the layer that was painted.
        area: the part of it, in the image's coordinates; None for all of it.
        coverage: of `area`, one byte a pixel, where it went into the alpha; None where a mask has it.
        selections: those that say where a style is, packed, by what the effect calls them.
    """

    effect: Effect
    source: Any
    area: Optional[Bounds] = None
    coverage: Optional[bytes] = None
    selections: Mapping[str, Any] = MappingProxyType({})


def keep(document: Any, painted: Any, made: Kept) -> None:
    """Have the document remember how a layer was made."""
    fields: Dict[str, Any] = {
        "effect": made.effect.to_dict(),
        "source": made.source.uniqueId().toString(),
        "area": None if made.area is None else list(made.area),
    }
    if made.coverage is not None:
        fields["coverage"] = base64.b64encode(zlib.compress(made.coverage)).decode("ascii")
    if made.selections:
        fields["selections"] = dict(made.selections)
    text = _text(with_newest(annotated(document, TYPE), painted, fields, MOST))
    document.setAnnotation(TYPE, "How Scumble painted these layers", QtCore.QByteArray(text))


def _text(known: Mapping[str, Any]) -> bytes:
    """All of it as JSON, each layer written once; where it is too long, the oldest without selections."""
    parts = {name: _json(name) + b": " + _json(fields) for name, fields in known.items()}
    size = sum(len(part) + 2 for part in parts.values())
    for name, fields in list(known.items())[:-1]:
        if size <= MOST_BYTES:
            break
        if isinstance(fields, dict) and "selections" in fields:
            left = {key: value for key, value in fields.items() if key != "selections"}
            size -= len(parts[name])
            parts[name] = _json(name) + b": " + _json(left)
            size += len(parts[name])
    return b"{" + b", ".join(parts.values()) + b"}"


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8")


def kept_selections(document: Any, painted: Any) -> Mapping[str, Any]:
    """The selections that a layer was painted with, packed, by what its effect calls them."""
    fields = annotated(document, TYPE).get(painted.uniqueId().toString())
    found = fields.get("selections") if isinstance(fields, dict) else None
    return found if isinstance(found, dict) else {}


def kept(document: Any, painted: Any) -> Kept:
    """How a layer was made; a style that was a layer and is gone is left out.

    Raises ScumbleError `bad-layer` where the document does not say, or what it was made of is gone.
    """
    fields = annotated(document, TYPE).get(painted.uniqueId().toString())
    effect = Effect.from_dict(fields.get("effect")) if isinstance(fields, dict) else Effect()
    if not isinstance(fields, dict) or not effect.styles:
        raise ScumbleError(
            "bad-layer", _("This layer was not painted by Scumble in this image: select one that was.")
        )
    source = layer_by_id(document, _source(fields))
    if source is None:
        raise ScumbleError(
            "bad-layer",
            _("The layer that this one was painted from is gone."),
            hint=_("Paint another layer, and take the settings from the history."),
        )
    area = _bounds(fields.get("area"))
    coverage = _coverage(fields.get("coverage"), area) if area is not None else None
    return Kept(effect, source, area, coverage)


def is_kept(document: Any, layer: Any) -> bool:
    """Whether the document remembers how this layer was made."""
    return layer.uniqueId().toString() in annotated(document, TYPE)


def newest_from(document: Any, source: Any) -> Optional[Any]:
    """The layer of this document that was painted last from that one; None where there is none."""
    return next(iter(all_from(document, source)), None)


def all_from(document: Any, source: Any) -> List[Any]:
    """The layers of this document that were painted from that one, the newest first."""
    return [layer for layer, _effect in effects_from(document, source)]


def effects_from(document: Any, source: Any) -> List[Tuple[Any, Effect]]:
    """The layers of this document that were painted from that one, the newest first, and with what each."""
    identifier = source.uniqueId().toString()
    made = [
        (name, Effect.from_dict(fields.get("effect")))
        for name, fields in annotated(document, TYPE).items()
        if _source(fields) == identifier
    ]
    there = {node.uniqueId().toString(): node for node in all_nodes(document)}
    return [(there[name], effect) for name, effect in reversed(made) if name in there]


def source_of(document: Any, layer: Any) -> Any:
    """What a layer was painted from; the layer itself where Scumble has not painted it, or that is gone."""
    source = _source(annotated(document, TYPE).get(layer.uniqueId().toString()))
    return (layer_by_id(document, source) if source else None) or layer


def top_result(document: Any, layer: Any) -> Any:
    """The uppermost of the results that lie directly above a layer; the layer itself where there is none."""
    known, identifier = annotated(document, TYPE), layer.uniqueId().toString()
    siblings = layer.parentNode().childNodes()
    at = siblings.index(layer)
    above = (_source(known.get(other.uniqueId().toString())) == identifier for other in siblings[at + 1 :])
    return siblings[at + results_above(above)]


def _source(fields: object) -> str:
    return str(fields.get("source")) if isinstance(fields, dict) else ""


def _bounds(numbers: object) -> Optional[Bounds]:
    if not isinstance(numbers, list) or len(numbers) != 4 or not all(type(n) is int for n in numbers):
        return None
    bounds = Bounds(*numbers)
    return None if bounds.is_empty else bounds


def _coverage(text: object, area: Bounds) -> Optional[bytes]:
    if not isinstance(text, str):
        return None
    try:
        # Never more than it has to be, whatever a file says.
        data = zlib.decompressobj().decompress(base64.b64decode(text, validate=True), area.extent.area)
    except (binascii.Error, ValueError, zlib.error):
        return None
    return data if len(data) == area.extent.area else None
