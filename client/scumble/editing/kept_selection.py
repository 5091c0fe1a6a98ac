"""A selection as a painted layer keeps it: what it covers, in little room, as plain data for JSON."""

from __future__ import annotations

import base64
import binascii
import zlib
from dataclasses import replace
from typing import Any, Dict, Mapping, Optional, Tuple

from ..pixels.geometry import Bounds
from .effect import Effect

MAX_BYTES = 1 << 20
"""Of one selection, packed. One of an outline takes a hundredth of that; only noise takes more."""
MAX_PIXELS = 1 << 28
PREFIX = "selection "
"""Of what an effect that is kept calls such a mask; a number follows."""


def pack_selection(coverage: bytes, bounds: Bounds) -> Optional[Dict[str, Any]]:
    """The part of `bounds` that is covered; `coverage` has one byte for each of its pixels.

    None for a selection that takes more than `MAX_BYTES`: that is not kept.
    """
    rows = [coverage[start : start + bounds.width] for start in range(0, bounds.area, bounds.width)]
    used = [number for number, row in enumerate(rows) if row.strip(b"\0")]
    if not used:
        return {"bounds": [bounds.x, bounds.y, 0, 0], "data": ""}
    first, last = used[0], used[-1] + 1
    left = min(bounds.width - len(row.lstrip(b"\0")) for row in rows[first:last])
    right = max(len(row.rstrip(b"\0")) for row in rows[first:last])
    packed = zlib.compress(b"".join(row[left:right] for row in rows[first:last]), 6)
    if len(packed) > MAX_BYTES:
        return None
    box = [bounds.x + left, bounds.y + first, right - left, last - first]
    return {"bounds": box, "data": base64.b64encode(packed).decode("ascii")}


def unpack_selection(fields: object) -> Optional[Tuple[Bounds, bytes]]:
    """The inverse of `pack_selection`: the part that is covered, and its coverage; None for damaged data."""
    if not isinstance(fields, Mapping):
        return None
    numbers, text = fields.get("bounds"), fields.get("data")
    if not isinstance(text, str) or not isinstance(numbers, list) or len(numbers) != 4:
        return None
    if not all(type(number) is int for number in numbers) or min(numbers[2:]) < 0:
        return None
    bounds = Bounds(*numbers)
    if bounds.area > MAX_PIXELS:
        return None
    try:
        # Never more than it has to be, whatever a file says.
        packed = base64.b64decode(text, validate=True)
        data = zlib.decompressobj().decompress(packed, bounds.area) if bounds.area else b""
    except (ValueError, binascii.Error, zlib.error):
        return None
    return (bounds, data) if len(data) == bounds.area else None


def with_kept_selections(
    effect: Effect, covered: Mapping[str, Tuple[bytes, Bounds]]
) -> Tuple[Effect, Dict[str, Any]]:
    """The effect with selections of its own in place of some masks, and those packed, by their names.

    `covered` has the coverage of each such mask. One that is too large to be kept stays as it is.
    """
    names: Dict[str, str] = {}
    selections: Dict[str, Any] = {}
    for mask in sorted(covered):
        packed = pack_selection(*covered[mask])
        if packed is not None:
            names[mask] = "{}{}".format(PREFIX, len(names))
            selections[names[mask]] = packed
    styles = tuple(replace(style, mask=names.get(style.mask, style.mask)) for style in effect.styles)
    protected = names.get(effect.protect_mask, effect.protect_mask)
    return replace(effect, styles=styles, protect_mask=protected), selections
