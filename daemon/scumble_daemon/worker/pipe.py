"""What broker and worker say to each other over their pipe: a MessagePack map, then raw bytes.

No pickle: the worker decodes images from anywhere, and a broken decoder must not reach the broker. What is
large is shared memory (`scumble.pixels.shared_memory`), of which only the descriptor goes through the pipe;
where there is none, contents are read into their place at once, which `Connection` does piece by piece.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Sequence
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext
from multiprocessing.reduction import recv_handle, send_handle
from typing import Any, NamedTuple

from scumble.pixels.pixels import BytesLike
from scumble.pixels.shared_memory import SharedBlock
from scumble.wire.msgpack import packb, unpackb

MAX_HEADER = 1 << 20
MAX_CONTENTS = 64
MAX_CONTENT = 1 << 30
BUFFER = 4 << 20  # in the kernel, each way; it gives less where its limits say so

_VECTORED = hasattr(os, "readv")  # not on Windows, where a pipe is no plain descriptor either


class Note(NamedTuple):
    """One message on the pipe; `kind` names it, `contents` are raw bytes, `blocks` shared memory."""

    kind: str
    fields: dict[str, Any]
    contents: list[BytesLike]
    blocks: list[SharedBlock]


def pair(context: SpawnContext) -> tuple[Connection, Connection]:
    """Both ends of a new pipe."""
    ours, theirs = context.Pipe()
    if _VECTORED:
        for end in (ours, theirs):
            with contextlib.suppress(OSError), socket.socket(fileno=os.dup(end.fileno())) as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
    return ours, theirs


def send(
    pipe: Connection,
    kind: str,
    fields: dict[str, Any],
    contents: Sequence[BytesLike] = (),
    blocks: Sequence[SharedBlock] = (),
) -> None:
    """Send one note; blocks until the other side has read most of it. Raises OSError."""
    views = [memoryview(content).cast("B") for content in contents]
    head = {
        "kind": kind,
        "fields": fields,
        "contents": [view.nbytes for view in views],
        "blocks": [block.size for block in blocks],
    }
    pipe.send_bytes(packb(head))
    for block in blocks:
        send_handle(pipe, block.fileno(), 0)
    for view in views:
        _write(pipe, view)


def receive(pipe: Connection, *, blocks: bool = False) -> Note:
    """Wait for the next note; only with `blocks` may there be shared memory in it.

    Raises EOFError or OSError when the other side is gone, ValueError when it talks nonsense.
    """
    head = unpackb(pipe.recv_bytes(MAX_HEADER))
    sizes, shared = head["contents"], head["blocks"]
    if len(sizes) + len(shared) > MAX_CONTENTS or not all(0 <= size <= MAX_CONTENT for size in sizes):
        raise ValueError("a note has too many contents")
    if shared and not blocks:
        raise ValueError("a note has shared memory")
    found = [SharedBlock(recv_handle(pipe), size) for size in shared]
    return Note(head["kind"], head["fields"], [_read(pipe, size) for size in sizes], found)


def _write(pipe: Connection, content: memoryview) -> None:
    if not _VECTORED:
        pipe.send_bytes(content)
        return
    while content:
        content = content[os.write(pipe.fileno(), content) :]


def _read(pipe: Connection, size: int) -> BytesLike:
    if not _VECTORED:
        return pipe.recv_bytes(size)
    content = bytearray(size)
    rest = memoryview(content)
    while rest:
        count = os.readv(pipe.fileno(), [rest])
        if not count:
            raise EOFError
        rest = rest[count:]
    return content
