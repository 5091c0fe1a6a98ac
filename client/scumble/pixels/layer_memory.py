"""Where layers are put together before they are sent."""

from __future__ import annotations

import contextlib
from concurrent.futures import Future, ThreadPoolExecutor
from typing import List, Optional

from .content import LEAF, THREADS, leaf_digest
from .pixels import BytesLike
from .shared_memory import SharedBlock, new_block


class LayerMemory:
    """A place for the `size` bytes of a layer that is read from its beginning to its end and then sent.

    A large one lies where the daemon can look at it, if that can be, so that it need not be copied again,
    and is hashed while it is read.
    """

    def __init__(self, size: int) -> None:
        self._size, self._filled = size, 0
        self._block: Optional[SharedBlock] = None
        self._data: BytesLike = b""
        try:
            self._block = new_block(size)
            if self._block is not None:
                self._data = self._block.view()
                self._pool = ThreadPoolExecutor(THREADS)
                self._leaves: List[Future[bytes]] = []
        except MemoryError:
            self._block = None
        if self._block is None:
            self._data = bytearray(size)

    def append(self, piece: BytesLike) -> None:
        """Add the next piece. Raises MemoryError."""
        view = memoryview(piece).cast("B")
        if self._block is None:
            memoryview(self._data)[self._filled : self._filled + view.nbytes] = view
            self._filled += view.nbytes
            return
        while view:
            # No more than a leaf at once: others hash it while the next one is written.
            part = view[: LEAF - self._filled % LEAF]
            self._block.write(self._filled, part)
            self._filled += part.nbytes
            view = view[part.nbytes :]
            if self._filled % LEAF == 0 or self._filled == self._size:
                start = len(self._leaves) * LEAF
                self._leaves.append(self._pool.submit(leaf_digest, self._data[start : self._filled]))

    def finish(self) -> BytesLike:
        """All of it, once every byte was added."""
        if self._block is not None:
            leaves = [leaf.result() for leaf in self._leaves]
            self._pool.shutdown()
            with contextlib.suppress(OSError):  # pages in use elsewhere: then it is sent in pieces
                self._block.freeze()
            self._block.leaves = leaves if self._filled == self._size else None
        return self._data


def copy_of(content: BytesLike) -> BytesLike:
    """A copy of a content that is about to be sent as a layer."""
    view = memoryview(content).cast("B")
    memory = LayerMemory(view.nbytes)
    memory.append(view)
    return memory.finish()
