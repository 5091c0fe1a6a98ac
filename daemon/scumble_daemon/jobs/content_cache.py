"""Images by content: what a client has put once it need not send again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

from scumble.errors import ScumbleError
from scumble.pixels.content import LEAF, name_of
from scumble.pixels.pixels import BytesLike
from scumble.pixels.shared_memory import SharedBlock, new_block

from ..storage.spool import Spool, SpoolFile

Owner = bytes


class _Memory:
    """`size` bytes of ordinary memory, which is taken as they are written."""

    def __init__(self, size: int) -> None:
        self.size, self._bytes = size, bytearray()

    def write(self, offset: int, piece: BytesLike) -> None:
        """Add the next piece. Raises MemoryError."""
        self._bytes += piece

    def view(self) -> memoryview:
        """All of it, read-only."""
        return memoryview(self._bytes).toreadonly()

    def close(self) -> None:
        """It goes by itself."""


_Held = _Memory | SharedBlock | SpoolFile


@dataclass
class _Upload:
    content: _Held
    filled: int = 0
    touched: float = 0.0
    leaves: list[bytes] = field(default_factory=list)


class ContentCache:
    """Contents by name, the least recently used dropped first. For one thread.

    A content that a job needs is pinned and never dropped. Room is reserved before a byte of an
    upload is taken, and `bytes_used` counts uploads from the moment they begin. Contents of more than
    `spool_over` bytes go to the `spool`, if there is one, and do not count. They come leaf by leaf
    (`scumble.pixels.content`), `leaf` bytes each.
    """

    def __init__(
        self,
        capacity: int,
        largest: int,
        per_owner: int,
        spool: Spool | None = None,
        spool_over: int = 0,
        leaf: int = LEAF,
    ) -> None:
        self._capacity, self._largest, self._per_owner = capacity, largest, per_owner
        self._spool, self._spool_over, self._leaf = spool, spool_over, leaf
        self._contents: OrderedDict[bytes, _Held] = OrderedDict()
        self._pins: dict[bytes, int] = {}
        self._uploads: dict[tuple[Owner, bytes], _Upload] = {}
        self.bytes_used = 0

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._contents

    def get(self, digest: bytes) -> memoryview:
        """The content, read-only.

        `scumble_daemon.storage.spool.file_behind` and `scumble.pixels.shared_memory.block_behind` tell where
        it lies.

        Raises ScumbleError `image-missing`.
        """
        try:
            content = self._contents[digest]
        except KeyError:
            raise ScumbleError(
                "image-missing", "The daemon does not hold this image any more.", retryable=True
            ) from None
        self._contents.move_to_end(digest)
        return content.view()

    def put(
        self,
        owner: Owner,
        digest: bytes,
        size: int,
        offset: int,
        leaf: BytesLike,
        leaf_digest: bytes,
        now: float,
    ) -> bool:
        """Take the next leaf of an upload; True when the content is complete and right.

        `leaf_digest` is the leaf's SHA-256, which the caller has computed itself. A leaf at offset 0 begins
        the upload anew. After an error the upload is gone.

        Raises ScumbleError `image-too-large`, `daemon-full`, `disk-full`, `bad-upload` (a gap, an
        overrun) or `bad-digest`.
        """
        key = (owner, digest)
        if offset == 0:
            self.give_up(*key)
            self._uploads[key] = _Upload(self._place(owner, size))
        upload = self._uploads.get(key)
        length = memoryview(leaf).nbytes
        if (
            upload is None
            or size != upload.content.size
            or offset != upload.filled
            or length != min(self._leaf, size - offset)
        ):
            self.give_up(*key)
            raise _misfit()
        try:
            upload.content.write(offset, leaf)
        except (ScumbleError, MemoryError) as error:
            self.give_up(*key)
            raise full() if isinstance(error, MemoryError) else error from None
        upload.leaves.append(leaf_digest)
        upload.filled += length
        upload.touched = now
        if upload.filled < size:
            return False
        self._complete(key, upload)
        return True

    def borrow(self, owner: Owner, digest: bytes, block: SharedBlock, now: float) -> None:
        """Reserve room for a content that a client has frozen in its own memory, until `settle`.

        The block is the store's from then on. Raises as :meth:`put`, and keeps nothing.
        """
        key = (owner, digest)
        self.give_up(*key)
        try:
            self._reserve(owner, block.size)
        except ScumbleError:
            block.close()
            raise
        self._uploads[key] = _Upload(block, block.size, now)

    def settle(self, owner: Owner, digest: bytes, block: SharedBlock, leaves: list[bytes]) -> None:
        """Take the content, if those are its leaves' digests.

        Raises ScumbleError `bad-digest`, or `bad-upload` when it was given up meanwhile.
        """
        upload = self._uploads.get((owner, digest))
        if upload is None or upload.content is not block:
            raise _misfit()
        upload.leaves = leaves
        self._complete((owner, digest), upload)

    def _complete(self, key: tuple[Owner, bytes], upload: _Upload) -> None:
        digest = key[1]
        del self._uploads[key]
        if name_of(upload.leaves) != digest:
            self._discard(upload.content)
            raise ScumbleError("bad-digest", "An image arrived damaged.", hint="Try again.", retryable=True)
        if isinstance(upload.content, SharedBlock):
            upload.content.freeze()
        if digest in self._contents:  # another client was as quick
            self._discard(upload.content)
        else:
            self._contents[digest] = upload.content
        self._contents.move_to_end(digest)

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
        """Bytes of memory reserved for unfinished uploads of this client."""
        uploads = [upload for (who, _), upload in self._uploads.items() if who == owner]
        return sum(upload.content.size for upload in uploads if not isinstance(upload.content, SpoolFile))

    def give_up(self, owner: Owner, digest: bytes) -> None:
        """Drop that upload, if there is one."""
        upload = self._uploads.pop((owner, digest), None)
        if upload is not None:
            self._discard(upload.content)

    def abandon(self, owner: Owner) -> None:
        """Drop the unfinished uploads of a client that is gone."""
        for key in [key for key in self._uploads if key[0] == owner]:
            self.give_up(*key)

    def abandon_stale(self, before: float) -> None:
        """Drop uploads that got no chunk since `before`."""
        for key in [key for key, upload in self._uploads.items() if upload.touched < before]:
            self.give_up(*key)

    def clear(self) -> None:
        """Drop everything that is not pinned."""
        for digest in [digest for digest in self._contents if digest not in self._pins]:
            self._discard(self._contents.pop(digest))

    def _place(self, owner: Owner, size: int) -> _Held:
        """Room for a content, made if need be; memory is taken as its bytes arrive."""
        if self._spool is not None and size > self._spool_over:
            return self._place_on_disk(self._spool, size)
        self._reserve(owner, size)
        try:
            return new_block(size) or _Memory(size)
        except MemoryError:
            self.bytes_used -= size
            raise full() from None

    def _place_on_disk(self, spool: Spool, size: int) -> SpoolFile:
        while True:
            try:
                return spool.create(size)
            except ScumbleError as error:
                spooled = (d for d, c in self._contents.items() if isinstance(c, SpoolFile))
                oldest = next((digest for digest in spooled if digest not in self._pins), None)
                if oldest is None or error.code == "image-too-large":
                    raise
                self._discard(self._contents.pop(oldest))

    def _reserve(self, owner: Owner, size: int) -> None:
        if size > self._largest:
            raise ScumbleError(
                "image-too-large",
                "An image of {size} MB is more than the {most} MB that this daemon takes.",
                hint="Select a part of the layer, or lower the bit depth.",
                size=format(size / 1e6, ",.0f"),
                most=format(self._largest / 1e6, ",.0f"),
            )
        if self.uploads_of(owner) + size > self._per_owner:
            raise full()
        for digest in list(self._contents):
            if self.bytes_used + size <= self._capacity:
                break
            if digest not in self._pins and not isinstance(self._contents[digest], SpoolFile):
                self._discard(self._contents.pop(digest))
        if self.bytes_used + size > self._capacity:
            raise full()
        self.bytes_used += size

    def _discard(self, content: _Held) -> None:
        content.close()
        if not isinstance(content, SpoolFile):
            self.bytes_used -= content.size


def _misfit() -> ScumbleError:
    return ScumbleError("bad-upload", "An image arrived in pieces that do not fit.")


def memory_as_error(error: ScumbleError | MemoryError) -> ScumbleError:
    """The typed error for a lack of memory in the daemon itself; any other as it is."""
    if isinstance(error, MemoryError):
        return ScumbleError("daemon-full", "The daemon is out of memory.", retryable=True)
    return error


def full() -> ScumbleError:
    """The error for a client that wants more kept than it may have, or than there is room for."""
    return ScumbleError(
        "daemon-full",
        "The daemon holds as many images as it may.",
        hint="Wait until other jobs are done.",
        retryable=True,
    )
