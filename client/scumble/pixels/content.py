"""What images and masks are called on the wire, and the pieces in which they travel.

A content is cut into leaves of `LEAF` bytes, the last one shorter. Its name is the SHA-256 of its leaves'
SHA-256, one after the other. A leaf is the payload of one message, and in that message's signature its digest
stands for it (`scumble.wire.session`): each side hashes each byte once, for the name and for the signature
together.
"""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from typing import List, NamedTuple, Sequence

from .disk import pieces
from .pixels import BytesLike
from .shared_memory import block_behind

LEAF = 2 << 20
"""Bytes: small enough that one side hashes a leaf while the other one sends the next."""
_GROUP = 16  # leaves between two times that a mapped content lets its pages go
THREADS = min(4, os.cpu_count() or 1)
"""That hash large contents."""


class Content(NamedTuple):
    """Some bytes and the digests of their leaves."""

    data: BytesLike
    leaves: List[bytes]


def leaves_of(content: BytesLike, leaf: int = LEAF) -> List[bytes]:
    """The digest of each leaf, at least one; hashed by several threads when there are many."""
    block = block_behind(content)
    if block is not None and block.leaves is not None and leaf == LEAF:
        return block.leaves
    if memoryview(content).nbytes <= 2 * leaf:
        return [leaf_digest(piece) for piece in pieces(content, leaf)]
    leaves: List[bytes] = []
    with ThreadPoolExecutor(THREADS) as pool:
        for group in pieces(content, _GROUP * leaf):
            # Cut here, as `pieces` would let go of pages that the threads are about to read.
            cut = [group[offset : offset + leaf] for offset in range(0, len(group), leaf)]
            leaves += pool.map(leaf_digest, cut)
    return leaves


def leaf_digest(leaf: BytesLike) -> bytes:
    """The SHA-256 of one leaf."""
    return hashlib.sha256(leaf).digest()


def name_of(leaves: Sequence[bytes]) -> bytes:
    """The name of a content from the digests of its leaves."""
    return hashlib.sha256(b"".join(leaves)).digest()


def digest_of(content: BytesLike, leaf: int = LEAF) -> bytes:
    """The name of a content."""
    return name_of(leaves_of(content, leaf))
