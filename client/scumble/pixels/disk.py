"""Pixels by the gigabyte: in nameless temporary files instead of memory, mapped where bytes are wanted."""

from __future__ import annotations

import contextlib
import mmap
import tempfile
from typing import Any, Iterator, Union

from ..errors import ScumbleError
from .pixels import BytesLike

SPOOL_OVER = 256 << 20
"""Bytes from which on a result is not kept in memory."""
LARGE = 4 << 20
"""Bytes from which on memory comes from the system in pages of its own."""


class Landing:
    """A place for `size` bytes that arrive in pieces: memory, or a temporary file when they are many.

    Raises ScumbleError `disk-full` when there is no room.
    """

    def __init__(self, size: int, spool_over: int = SPOOL_OVER) -> None:
        self._size = size
        self._memory: Union[BytesLike, None] = _fresh_memory(size) if size <= spool_over else None
        self._file: Any = None if self._memory is not None else tempfile.TemporaryFile(buffering=0)

    def write(self, offset: int, piece: BytesLike) -> None:
        """Put a piece at its place. Raises ScumbleError `disk-full`."""
        view = memoryview(piece).cast("B")
        if self._memory is not None:
            memoryview(self._memory)[offset : offset + view.nbytes] = view
            return
        try:
            self._file.seek(offset)
            while view:
                view = view[self._file.write(view) :]
        except OSError as error:
            raise disk_full(error) from error

    def finish(self) -> BytesLike:
        """All of it, once every byte was written. A file's room is free again when the bytes are."""
        if self._memory is not None:
            return self._memory
        with self._file:
            return mapped(self._file, self._size)

    def close(self) -> None:
        """Give up."""
        if self._file is not None:
            self._file.close()


class Memory(mmap.mmap):
    """Memory that is this process's alone: what is let go of here is lost."""


def _fresh_memory(size: int) -> BytesLike:
    """`size` zero bytes; many of them in large pages where there are some, which come four times as fast."""
    if size < LARGE or not hasattr(mmap, "MADV_HUGEPAGE"):
        return bytearray(size)
    memory = Memory(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with contextlib.suppress(OSError):  # a kernel without them
        memory.madvise(mmap.MADV_HUGEPAGE)
    return memoryview(memory)


def mapped(file: Any, size: int) -> memoryview:
    """The first `size` bytes of an open file as read-only memory; the file may be closed then."""
    return memoryview(mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ))


def release(content: BytesLike) -> None:
    """Let the pages of a mapped content go: they stay in its file. Without effect on other contents.

    What was read of a map counts as this process's memory until then.
    """
    source = memoryview(content).obj
    if not isinstance(source, mmap.mmap) or isinstance(source, Memory):
        return
    if hasattr(source, "madvise") and hasattr(mmap, "MADV_DONTNEED"):
        source.madvise(mmap.MADV_DONTNEED)


def pieces(content: BytesLike, size: int) -> Iterator[memoryview]:
    """A content in pieces of at most `size` bytes, at least one; each one is let go after its turn."""
    view = memoryview(content).cast("B")
    for offset in range(0, max(1, view.nbytes), size):
        yield view[offset : offset + size]
        release(view)


def disk_full(error: OSError) -> ScumbleError:
    """The error for a temporary file that cannot be written."""
    return ScumbleError(
        "disk-full",
        "There is no room for a temporary file: {reason}.",
        hint="Free some disk space, or set TMPDIR to a folder on a larger disk.",
        retryable=True,
        reason=error.strerror or error,
    )
