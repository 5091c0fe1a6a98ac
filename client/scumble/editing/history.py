"""What was painted before: the effect, to have it again, and a small picture to know it by."""

from __future__ import annotations

import base64
import binascii
import math
from dataclasses import dataclass, field
from typing import Any, Dict, Mapping, Optional, Tuple

from .effect import Effect

MAX_HISTORY = 30
MAX_PICTURE = 8192
"""Bytes of a picture: thirty of them stay far below what a settings file may hold."""


@dataclass(frozen=True)
class HistoryEntry:
    """One result.

    Attributes:
        effect: the settings that it was painted with.
        layer: the name of the layer that was painted.
        when: seconds since the epoch.
        picture: the bytes of a small image file; empty for none.
    """

    effect: Effect
    layer: str = ""
    when: float = 0.0
    picture: bytes = field(default=b"", repr=False)

    def to_dict(self) -> Dict[str, Any]:
        """The fields as plain data; a picture of more than `MAX_PICTURE` bytes is left out."""
        picture = self.picture if len(self.picture) <= MAX_PICTURE else b""
        return {
            "effect": self.effect.to_dict(),
            "layer": self.layer,
            "when": self.when,
            "picture": base64.b64encode(picture).decode("ascii"),
        }

    @classmethod
    def from_dict(cls, fields: object) -> Optional[HistoryEntry]:
        """The inverse of :meth:`to_dict`; None for data that are no result."""
        if not isinstance(fields, Mapping):
            return None
        effect = Effect.from_dict(fields.get("effect"))
        layer, when, picture = fields.get("layer"), fields.get("when"), fields.get("picture")
        if not effect.styles:
            return None
        number = isinstance(when, (int, float)) and not isinstance(when, bool) and math.isfinite(when)
        return cls(
            effect,
            layer if isinstance(layer, str) else "",
            float(when) if number else 0.0,  # type: ignore[arg-type]
            _decoded(picture) if isinstance(picture, str) else b"",
        )


def entries(found: object) -> Tuple[HistoryEntry, ...]:
    """The results in a list of plain data, at most `MAX_HISTORY`; what is none is passed over."""
    read = [HistoryEntry.from_dict(fields) for fields in found] if isinstance(found, list) else []
    return tuple(entry for entry in read if entry is not None)[:MAX_HISTORY]


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)[:MAX_PICTURE]
    except (binascii.Error, UnicodeEncodeError, ValueError):
        return b""
