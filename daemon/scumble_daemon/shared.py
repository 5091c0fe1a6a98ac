"""Memory that broker and worker both see, so that a layer need not pass through their pipe.

It is a memfd of Linux: a file without a name or a disk, handed over as a descriptor. Elsewhere, and where
the system has none left, contents are ordinary memory and go through the pipe.

The worker decodes whatever artists open, so it is not trusted with more than it needs: no size can change (a
map of a file that shrinks kills its reader), and what it is given to read cannot be written by anyone.
"""

from __future__ import annotations

import mmap
import os
import sys

from scumble.pixels import BytesLike

if sys.platform == "linux":
    import fcntl

#: Smaller contents are not worth a descriptor each: a process has about a thousand, and as many photos of a
#: batch may be kept. Of larger ones at most some hundreds fit into the daemon's limits.
SHARED_FROM = 32 << 20

_AVAILABLE = sys.platform == "linux" and hasattr(os, "memfd_create")


class SharedBlock:
    """`size` bytes, in memory once they are written."""

    def __init__(self, descriptor: int, size: int) -> None:
        self._descriptor: int | None = descriptor
        self.size = size

    def fileno(self) -> int:
        """Its descriptor, for the pipe. Raises ValueError once it is closed."""
        if self._descriptor is None:
            raise ValueError("The block is closed.")
        return self._descriptor

    def write(self, offset: int, piece: BytesLike) -> None:
        """Put a piece at its place. Raises MemoryError."""
        view = memoryview(piece).cast("B")
        try:
            while view:
                count = os.pwrite(self.fileno(), view, offset)
                view, offset = view[count:], offset + count
        except OSError as error:
            raise MemoryError(str(error)) from error

    def freeze(self) -> None:
        """From now on nobody can change it, here or elsewhere."""
        fcntl.fcntl(self.fileno(), fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL)

    def view(self) -> memoryview:
        """All of it, read-only; it outlives `close`. Raises MemoryError."""
        # Private, as older kernels map a frozen file in no other way; nobody writes, so nothing is copied.
        try:
            mapping = _Map(self.fileno(), self.size, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)
        except OSError as error:  # a map takes a descriptor
            raise MemoryError(str(error)) from error
        mapping.block = self
        return memoryview(mapping)

    def again(self) -> SharedBlock:
        """The same memory by a descriptor of its own. Raises MemoryError."""
        try:
            return SharedBlock(os.dup(self.fileno()), self.size)
        except OSError as error:
            raise MemoryError(str(error)) from error

    def close(self) -> None:
        """Its memory is free again when the last view of it is gone, here and in the other process."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def __del__(self) -> None:
        self.close()


class _Map(mmap.mmap):
    """A map that knows its block, so that the block is sent in place of the bytes."""

    block: SharedBlock


def new_block(size: int) -> SharedBlock | None:
    """A block for a content of that size; None where it should be ordinary memory.

    Raises MemoryError.
    """
    if not _AVAILABLE or size < SHARED_FROM:
        return None
    try:
        descriptor = os.memfd_create("scumble", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    except OSError:
        return None
    block = SharedBlock(descriptor, size)
    try:
        os.ftruncate(descriptor, size)
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
    except OSError as error:
        block.close()
        raise MemoryError(str(error)) from error
    return block


def block_behind(content: BytesLike) -> SharedBlock | None:
    """The block of a content that is the view of one; None for any other."""
    source = memoryview(content).obj
    return source.block if isinstance(source, _Map) else None
