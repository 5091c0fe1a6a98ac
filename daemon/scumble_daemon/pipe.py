"""What broker and worker say to each other over their pipe: a MessagePack map, then raw bytes.

No pickle: the worker decodes images from anywhere, and a broken decoder must not reach the broker.
"""

from __future__ import annotations

from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from scumble.msgpack import packb, unpackb
from scumble.pixels import BytesLike

MAX_HEADER = 1 << 20
MAX_CONTENTS = 64


class Note(NamedTuple):
    """One message on the pipe; `kind` names it, `contents` are raw bytes."""

    kind: str
    fields: dict[str, Any]
    contents: list[bytes]


def send(pipe: Connection, kind: str, fields: dict[str, Any], contents: Sequence[BytesLike] = ()) -> None:
    """Send one note; blocks until the other side has read most of it. Raises OSError."""
    pipe.send_bytes(packb({"kind": kind, "fields": fields, "contents": len(contents)}))
    for content in contents:
        pipe.send_bytes(content)


def receive(pipe: Connection) -> Note:
    """Wait for the next note.

    Raises EOFError or OSError when the other side is gone, ValueError when it talks nonsense.
    """
    head = unpackb(pipe.recv_bytes(MAX_HEADER))
    count = head["contents"]
    if not isinstance(count, int) or not 0 <= count <= MAX_CONTENTS:
        raise ValueError("a note has too many contents")
    return Note(head["kind"], head["fields"], [pipe.recv_bytes() for _ in range(count)])
