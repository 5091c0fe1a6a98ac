"""Images by content: what a client has put once it need not send again."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from scumble.errors import ScumbleError
from scumble.pixels import BytesLike

Owner = bytes


@dataclass
class _Upload:
    content: bytearray
    filled: int = 0
    touched: float = 0.0
    hash: Any = field(default_factory=hashlib.sha256)


class ContentStore:
    """Contents by SHA-256, the least recently used dropped first. For one thread.

    A content that a job needs is pinned and never dropped. Room is reserved before a byte of an
    upload is taken, and `bytes_used` counts uploads from the moment they begin.
    """

    def __init__(self, capacity: int, largest: int, per_owner: int) -> None:
        self._capacity, self._largest, self._per_owner = capacity, largest, per_owner
        self._contents: OrderedDict[bytes, bytes | bytearray] = OrderedDict()
        self._pins: dict[bytes, int] = {}
        self._uploads: dict[tuple[Owner, bytes], _Upload] = {}
        self.bytes_used = 0

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._contents

    def get(self, digest: bytes) -> memoryview:
        """The content, read-only.

        Raises ScumbleError `image-missing`.
        """
        try:
            content = self._contents[digest]
        except KeyError:
            raise ScumbleError(
                "image-missing", "The daemon does not hold this image any more.", retryable=True
            ) from None
        self._contents.move_to_end(digest)
        return memoryview(content).toreadonly()

    def put(self, owner: Owner, digest: bytes, size: int, offset: int, chunk: BytesLike, now: float) -> bool:
        """Take the next chunk of an upload; True when the content is complete and right.

        A chunk at offset 0 begins the upload anew. After an error the upload is gone.

        Raises ScumbleError `image-too-large`, `daemon-full`, `bad-upload` (a gap, an overrun) or
        `bad-digest`.
        """
        key = (owner, digest)
        if offset == 0:
            self._drop(key)
            self._reserve(owner, size)
            try:
                self._uploads[key] = _Upload(bytearray(size))
            except MemoryError:
                self.bytes_used -= size
                raise _full() from None
        upload = self._uploads.get(key)
        length = memoryview(chunk).nbytes
        if (
            upload is None
            or size != len(upload.content)
            or offset != upload.filled
            or offset + length > size
            or (length == 0 and size > 0)
        ):
            self._drop(key)
            raise ScumbleError("bad-upload", "An image arrived in pieces that do not fit.")
        upload.content[offset : offset + length] = chunk
        upload.hash.update(chunk)
        upload.filled += length
        upload.touched = now
        if upload.filled < size:
            return False
        del self._uploads[key]
        if upload.hash.digest() != digest:
            self.bytes_used -= size
            raise ScumbleError("bad-digest", "An image arrived damaged.", hint="Try again.", retryable=True)
        if digest in self._contents:  # another client was as quick
            self.bytes_used -= size
        else:
            self._contents[digest] = upload.content
        self._contents.move_to_end(digest)
        return True

    def pin(self, digests: Iterable[bytes]) -> None:
        """Keep these until `unpin`; all of them must be here."""
        for digest in digests:
            self._pins[digest] = self._pins.get(digest, 0) + 1

    def unpin(self, digests: Iterable[bytes]) -> None:
        """The counterpart of `pin`."""
        for digest in digests:
            self._pins[digest] -= 1
            if not self._pins[digest]:
                del self._pins[digest]

    def uploads_of(self, owner: Owner) -> int:
        """Bytes reserved for unfinished uploads of this client."""
        return sum(len(u.content) for (who, _), u in self._uploads.items() if who == owner)

    def abandon(self, owner: Owner) -> None:
        """Drop the unfinished uploads of a client that is gone."""
        for key in [key for key in self._uploads if key[0] == owner]:
            self._drop(key)

    def abandon_stale(self, before: float) -> None:
        """Drop uploads that got no chunk since `before`."""
        for key in [key for key, upload in self._uploads.items() if upload.touched < before]:
            self._drop(key)

    def clear(self) -> None:
        """Drop everything that is not pinned."""
        for digest in [digest for digest in self._contents if digest not in self._pins]:
            self.bytes_used -= len(self._contents.pop(digest))

    def _reserve(self, owner: Owner, size: int) -> None:
        if size > self._largest:
            raise ScumbleError(
                "image-too-large",
                f"An image of {size / 1e6:,.0f} MB is more than the {self._largest / 1e6:,.0f} MB "
                "that this daemon takes.",
                hint="Select a part of the layer, or lower the bit depth.",
            )
        if self.uploads_of(owner) + size > self._per_owner:
            raise _full()
        for digest in list(self._contents):
            if self.bytes_used + size <= self._capacity:
                break
            if digest not in self._pins:
                self.bytes_used -= len(self._contents.pop(digest))
        if self.bytes_used + size > self._capacity:
            raise _full()
        self.bytes_used += size

    def _drop(self, key: tuple[Owner, bytes]) -> None:
        upload = self._uploads.pop(key, None)
        if upload is not None:
            self.bytes_used -= len(upload.content)


def _full() -> ScumbleError:
    return ScumbleError(
        "daemon-full",
        "The daemon holds as many images as it may.",
        hint="Wait until other jobs are done.",
        retryable=True,
    )
