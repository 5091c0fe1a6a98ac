"""What is noted in a file of tensors: plain data in the metadata of safetensors, under one key.

Reading it takes no torch and only the head of the file.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

KEY = "scumble"
MAX_HEAD = 1 << 18


def with_record(data: bytes, record: dict[str, Any]) -> bytes:
    """The same safetensors with `record` noted in them. Raises ValueError for what are none."""
    head, tensors = _head_of(data), data[8 + int.from_bytes(data[:8], "little") :]
    head["__metadata__"] = {**head.get("__metadata__", {}), KEY: json.dumps(record)}
    text = json.dumps(head, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the tensors stay aligned
    return len(text).to_bytes(8, "little") + text + tensors


def record_in(data: bytes) -> dict[str, Any]:
    """What is noted in safetensors, or in the first bytes of them; empty for nothing. Never raises."""
    try:
        record = json.loads(_head_of(data)["__metadata__"][KEY])
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def read_record(path: Path) -> dict[str, Any]:
    """What is noted in a file; empty for nothing, or where there is none. Never raises."""
    try:
        with path.open("rb") as file:
            return record_in(file.read(8 + MAX_HEAD))
    except OSError:
        return {}


def _head_of(data: bytes) -> dict[str, Any]:
    length = int.from_bytes(data[:8], "little")
    head: Any = None
    if 2 <= length <= min(MAX_HEAD, len(data) - 8):
        with contextlib.suppress(ValueError, RecursionError):
            head = json.loads(data[8 : 8 + length])
    if not isinstance(head, dict):
        raise ValueError("these are no safetensors")
    return head
