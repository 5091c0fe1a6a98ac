"""Contents on their way to the daemon: only those that it lacks, and each from one thread only."""

from __future__ import annotations

import contextlib
import threading
from typing import Any, Callable, Hashable, Iterator, List, Set, Union

from .errors import ScumbleError
from .pending_reply import Waiter
from .pixels.content import LEAF, Content
from .pixels.disk import pieces
from .pixels.shared_memory import frozen_block
from .request_codec import Contents
from .wire import messages as m
from .wire.connection import Connection

ANSWER_S = 30.0


class Uploads:
    """Sends contents. For any thread.

    `ask`, `expect` and `forget` are the client's: a question with its answer, a place for one, and its end.
    """

    def __init__(
        self,
        numbers: Iterator[int],
        ask: Callable[..., Any],
        expect: Callable[[Union[int, str], Connection], Waiter],
        forget: Callable[[Union[int, str]], None],
    ) -> None:
        self._numbers, self._ask, self._expect, self._forget = numbers, ask, expect, forget
        self._turns = KeyedLock()

    def put_missing(self, connection: Connection, contents: Contents) -> None:
        """Send those that the daemon says it lacks. Raises ScumbleError, see `Client.submit`."""
        ended = self._turns.ended
        for digest in self._missing(connection, list(contents)):
            content = contents.get(digest)
            if content is None:
                continue
            # Pieces of one content from two threads would not fit together, and once is enough.
            with self._turns.turn(digest, ended) as others_have_put:
                if others_have_put and not self._missing(connection, [digest]):
                    continue
                if not self._lend(connection, digest, content):
                    self._put(connection, digest, content)
            ended += 1  # this one

    def _missing(self, connection: Connection, digests: List[bytes]) -> List[bytes]:
        have = m.Have(next(self._numbers), digests)
        return self._ask(have, m.Missing, ANSWER_S, connection).digests

    def _lend(self, connection: Connection, digest: bytes, content: Content) -> bool:
        """Have the daemon take a content out of this process's memory; False when it cannot."""
        size = memoryview(content.data).nbytes
        if not connection.sharing or size > connection.welcome.limits.get("spool_over", 0):
            return False
        block = frozen_block(content.data)
        if block is None:
            return False
        with block:
            lend = m.Lend(next(self._numbers), digest, size, block.address())
            try:
                self._ask(lend, m.Stored, ANSWER_S, connection)
            except ScumbleError as error:
                if error.code != "memory-not-shared":
                    raise
                connection.sharing = False
                return False
        return True

    def _put(self, connection: Connection, digest: bytes, content: Content) -> None:
        number = next(self._numbers)
        stored = self._expect(number, connection)
        size = memoryview(content.data).nbytes
        try:
            for index, leaf in enumerate(pieces(content.data, LEAF)):
                if stored.done:
                    break  # refused: the rest would be for nothing
                put = m.Put(number, digest, size, index * LEAF)
                connection.send(put, [leaf], digests=[content.leaves[index]])
            stored.wait(ANSWER_S)
        finally:
            self._forget(number)


class KeyedLock:
    """Whose turn it is, by key. For any thread.

    Attributes:
        ended: how many turns are over, of all keys. Who looks at it first and at something else then can
            tell from :meth:`turn` whether what was seen may have changed.
    """

    def __init__(self) -> None:
        self.ended = 0
        self._taken: Set[Hashable] = set()
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def turn(self, key: Hashable, ended: int) -> Iterator[bool]:
        """Wait until no other thread has a turn with this key; whether any has ended since `ended`."""
        with self._changed:
            self._changed.wait_for(lambda: key not in self._taken)
            self._taken.add(key)
            since = self.ended != ended
        try:
            yield since
        finally:
            with self._changed:
                self._taken.discard(key)
                self.ended += 1
                self._changed.notify_all()
