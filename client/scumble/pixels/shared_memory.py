"""Memory that two processes of one computer see, so that a layer need not pass through a socket or a pipe.

It is a memfd of Linux: a file without a name or a disk, handed over as a descriptor. Elsewhere, and where
the system has none left, contents are ordinary memory and travel in pieces.

Neither side trusts the other with more than it needs. The size of a block never changes, because a map of a
file that shrinks kills its reader; and what was frozen can be written by nobody, so that what was checked
once stays as it was.
"""

from __future__ import annotations

import mmap
import os
import stat
import sys
from pathlib import Path
from typing import List, Optional, Sequence, Type, TypeVar

from .disk import Memory
from .pixels import BytesLike

if sys.platform == "linux":
    import fcntl
    import resource

SHARED_FROM = 16 << 20
"""Bytes. Smaller contents are not worth a descriptor each: a process has about a thousand, and as many photos
of a batch may be kept. Of larger ones at most some hundreds fit into the daemon's limits."""

AVAILABLE = sys.platform == "linux" and hasattr(os, "memfd_create")
"""Whether this system has such memory."""
FEATURE = "shared-memory"
"""What a daemon calls it in its welcome."""
_BLOCK_UNIT = 512  # of st_blocks

_MapT = TypeVar("_MapT", bound=mmap.mmap)


class SharedBlock:
    """`size` bytes, in memory once they are written."""

    def __init__(self, descriptor: int, size: int) -> None:
        self._descriptor: Optional[int] = descriptor
        self.size = size
        self.leaves: Optional[List[bytes]] = None
        """Of what was frozen: the digests of its leaves (`scumble.pixels.content`), once they are known."""

    def fileno(self) -> int:
        """Its descriptor, for a pipe. Raises ValueError once it is closed."""
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
        """From now on nobody can change it, here or elsewhere.

        Raises OSError while somebody has mapped it to write.
        """
        if not self.is_frozen():
            fcntl.fcntl(self.fileno(), fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL)

    def is_frozen(self) -> bool:
        """Whether neither a byte nor the size can change. Raises OSError for a file that is no memfd."""
        wanted = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW
        return fcntl.fcntl(self.fileno(), fcntl.F_GET_SEALS) & wanted == wanted

    def view(self) -> memoryview:
        """All of it, read-only; it outlives `close`. Raises MemoryError."""
        mapping = self._map(_Map, mmap.PROT_READ)
        mapping.block = self
        return memoryview(mapping)

    def own_view(self) -> memoryview:
        """All of it; what is written there nobody else sees. It outlives `close`. Raises MemoryError."""
        return memoryview(self._map(Memory, mmap.PROT_READ | mmap.PROT_WRITE))

    def again(self) -> SharedBlock:
        """The same memory by a descriptor of its own. Raises MemoryError."""
        try:
            other = SharedBlock(os.dup(self.fileno()), self.size)
        except OSError as error:
            raise MemoryError(str(error)) from error
        other.leaves = self.leaves
        return other

    def address(self) -> List[int]:
        """Where another process finds it while this one lives and has not closed it: see `find_block`."""
        return [os.getpid(), self.fileno(), os.fstat(self.fileno()).st_ino]

    def close(self) -> None:
        """Its memory is free again when the last view of it is gone, in all processes."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def __enter__(self) -> SharedBlock:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def _map(self, kind: Type[_MapT], prot: int) -> _MapT:
        # Private, as older kernels map a frozen file in no other way; only what is written is copied.
        try:
            return kind(self.fileno(), self.size, flags=mmap.MAP_PRIVATE, prot=prot)
        except OSError as error:  # a map takes a descriptor
            raise MemoryError(str(error)) from error


class _Map(mmap.mmap):
    """A map that knows its block, so that the block is sent in place of the bytes."""

    block: SharedBlock


def new_block(size: int) -> Optional[SharedBlock]:
    """A block for a content of that size; None where it should be ordinary memory.

    Raises MemoryError.
    """
    if not AVAILABLE or size < SHARED_FROM:
        return None
    try:
        descriptor = os.memfd_create("scumble", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    except OSError:
        return None
    block = SharedBlock(descriptor, size)
    if not _has_more(descriptor):
        block.close()
        return None
    try:
        os.ftruncate(descriptor, size)
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
    except OSError as error:
        block.close()
        raise MemoryError(str(error)) from error
    return block


def frozen_block(content: BytesLike) -> Optional[SharedBlock]:
    """A frozen block with these bytes, their own if they lie in one; None where there is no such memory."""
    own = block_behind(content)
    try:
        if own is not None:
            return own.again()
        block = new_block(memoryview(content).nbytes)
        if block is not None:
            block.write(0, content)
            block.freeze()
        return block
    except (MemoryError, OSError):
        return None


def find_block(address: Sequence[int], size: int) -> Optional[SharedBlock]:
    """The frozen block at the `address` that another process of this user has given for its own.

    None when that process cannot be looked into (it is gone, or in a container), and when what is there is
    not a frozen block of `size` bytes that are all in memory: reading it takes none and cannot fail.
    """
    if not AVAILABLE or len(address) != 3 or size < SHARED_FROM:
        return None
    pid, number, inode = address
    path = Path("/proc/{}/fd/{}".format(pid, number))
    try:
        # Looked at before it is opened: to open a device or a pipe does something to it, or waits.
        if not _is_wanted(path.stat(), inode, size):
            return None
        block = SharedBlock(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), size)
        right = _is_wanted(os.fstat(block.fileno()), inode, size) and block.is_frozen()
        return block if right and _has_more(block.fileno()) else None
    except OSError:
        return None


def _is_wanted(status: os.stat_result, inode: int, size: int) -> bool:
    return (
        stat.S_ISREG(status.st_mode)
        and status.st_uid == os.geteuid()
        and (status.st_ino, status.st_size) == (inode, size)
        and status.st_blocks * _BLOCK_UNIT >= size
    )


def _has_more(descriptor: int) -> bool:
    """Whether this process has descriptors left for more than its layers: half of them are its own."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return most == resource.RLIM_INFINITY or descriptor < most // 2


def block_behind(content: BytesLike) -> Optional[SharedBlock]:
    """The block of a content that is the view of one; None for any other, and for a part of one."""
    view = memoryview(content)
    block = view.obj.block if isinstance(view.obj, _Map) else None
    return block if block is not None and view.c_contiguous and view.nbytes == block.size else None
