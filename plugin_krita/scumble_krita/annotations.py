"""What a document keeps of its layers, as annotations: scripts can write nothing into a layer itself."""

from __future__ import annotations

import functools
import json
from types import MappingProxyType
from typing import Any, Dict, Mapping


def annotated(document: Any, kind: str) -> Mapping[str, Any]:
    """What a document keeps under a name, by the ids of its layers; nothing of damaged data.

    Not to be changed: previews ask again and again.
    """
    return _parsed(bytes(document.annotation(kind)))


def with_newest(known: Mapping[str, Any], layer: Any, fields: Any, most: int) -> Dict[str, Any]:
    """The newest of what is known, and last of them what is new of a layer."""
    identifier = layer.uniqueId().toString()
    others = [(name, old) for name, old in known.items() if name != identifier]
    return dict([*others, (identifier, fields)][-most:])


@functools.lru_cache(maxsize=2)
def _parsed(text: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError):
        return MappingProxyType({})
    return found if isinstance(found, dict) else MappingProxyType({})
