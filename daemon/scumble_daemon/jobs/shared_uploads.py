"""Contents that clients have frozen in memory of their own: checked here, and not copied."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from scumble.errors import ScumbleError
from scumble.pixels.content import leaves_of
from scumble.pixels.shared_memory import SharedBlock, find_block
from scumble.wire.messages import Error, Lend, Message, Stored

from ..settings import Limits
from .content_cache import ContentCache, full

Answer = Callable[[bytes, Message], None]
Post = Callable[[Callable[[], None]], None]


class SharedUploads:
    """Takes what clients lend. For the broker's thread, which `post` reaches from others.

    The digests are computed on a thread of its own: a large layer takes a tenth of a second, for which other
    clients must not wait. Without `sharing` nothing is taken: a client may be on another computer.
    """

    def __init__(
        self, sharing: bool, limits: Limits, store: ContentCache, answer: Answer, post: Post
    ) -> None:
        self.sharing = sharing
        self.taken = 0
        """How many contents were taken since the start."""
        self._limits, self._store, self._answer, self._post = limits, store, answer, post
        self._hashing = ThreadPoolExecutor(1, "shared-uploads")
        self._pending: dict[tuple[bytes, bytes], list[int]] = {}  # requests by client and digest

    def take(self, peer: bytes, message: Lend, now: float) -> None:
        """Take a content; the answer follows when it has been checked.

        Raises ScumbleError `memory-not-shared` when the client has to send it, and as `ContentCache.borrow`.
        """
        key = peer, message.digest
        if key in self._pending:
            self._pending[key].append(message.request)
            return
        wanted = self.sharing and message.size <= self._limits.spool_over
        block = find_block(message.memory, message.size) if wanted else None
        if block is None:
            raise _not_shared()
        mine = sum(owner == peer for owner, _ in self._pending)
        if mine >= self._limits.max_jobs_per_client:  # each holds two descriptors
            raise full()
        view = block.view()
        self._store.borrow(peer, message.digest, block, now)
        try:
            self._hashing.submit(self._check, key, block, view)
        except RuntimeError:  # no thread can be had
            self._store.give_up(peer, message.digest)
            raise _not_shared() from None
        self._pending[key] = [message.request]

    def close(self) -> None:
        """Check no more."""
        self._hashing.shutdown(cancel_futures=True)

    def _check(self, key: tuple[bytes, bytes], block: SharedBlock, view: memoryview) -> None:
        try:
            leaves = leaves_of(view)
        except Exception:  # no memory, no threads: then it counts as damaged, and its client hears of it
            leaves = []
        self._post(lambda: self._settle(key, block, leaves))

    def _settle(self, key: tuple[bytes, bytes], block: SharedBlock, leaves: list[bytes]) -> None:
        peer, digest = key
        error = None
        try:
            self._store.settle(peer, digest, block, leaves)
            self.taken += 1
        except ScumbleError as refused:
            error = refused
        for request in self._pending.pop(key):
            answer = Error.of(error, request=request) if error else Stored(request, digest)
            self._answer(peer, answer)


def _not_shared() -> ScumbleError:
    return ScumbleError("memory-not-shared", "The daemon cannot look into the memory of this program.")
