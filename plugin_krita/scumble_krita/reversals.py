"""What takes the styles off painted layers again, as the document keeps it.

As in `kept` the document has it, by the ids of its layers. A copy of a layer gets another id, and scripts can
write nothing into a layer that comes along: so a copy is known by its pixels.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Mapping

from scumble import Bounds
from scumble.editing.reversals import Reversals, pack_reversals, unpack_reversals

from .annotations import annotated, with_newest
from .qt import QtCore
from .strips import strips
from .target import format_of

TYPE = "scumble-reversals"
MOST = 64
"""Layers of one document that are remembered: the newest."""


def keep_reversals(document: Any, layer: Any, reversals: Reversals) -> None:
    """Have the document remember those of a layer that has its pixels; nothing where there are none."""
    if not reversals:
        return
    fields = {
        "reversals": pack_reversals(reversals),
        "size": list(_bounds(layer).extent),
        "pixels": _digest(layer),
    }
    text = json.dumps(with_newest(annotated(document, TYPE), layer, fields, MOST)).encode("utf-8")
    document.setAnnotation(TYPE, "What takes the styles off these layers again", QtCore.QByteArray(text))


def reversals_of(document: Any, layer: Any) -> Reversals:
    """Those of a layer, or for one that is not known of the layer that it is a copy of."""
    known = annotated(document, TYPE)
    fields = known.get(layer.uniqueId().toString())
    if fields is None and known and layer.type() == "paintlayer":
        fields = _of_same_pixels(known, layer)
    return unpack_reversals(fields.get("reversals")) if isinstance(fields, dict) else ()


def _of_same_pixels(known: Mapping[str, Any], layer: Any) -> Any:
    size = list(_bounds(layer).extent)
    alike = [fields for fields in known.values() if isinstance(fields, dict) and fields.get("size") == size]
    digest = _digest(layer) if alike else ""
    return next((fields for fields in reversed(alike) if fields.get("pixels") == digest), None)


def _bounds(layer: Any) -> Bounds:
    box = layer.bounds()
    return Bounds(box.x(), box.y(), box.width(), box.height())


def _digest(layer: Any) -> str:
    """Of what is in a layer, wherever it lies."""
    digest = hashlib.sha256()
    for strip in strips(_bounds(layer), format_of(layer)):
        digest.update(bytes(layer.pixelData(*strip)))
    return digest.hexdigest()
