"""Contents on their way to the daemon: only those that it lacks, and each from one thread only."""

from __future__ import annotations

from typing import Any, Callable, Iterator, List, Union

from . import messages as m
from .answers import Waiter
from .content import LEAF, Content
from .errors import ScumbleError
from .jobspec import Contents
from .link import Link
from .shared import frozen_block
from .spool import pieces
from .turns import Turns

ANSWER_S = 30.0


class Uploads:
    """Sends contents. For any thread.

    `ask`, `expect` and `forget` are the client's: a question with its answer, a place for one, and its end.
    """

    def __init__(
        self,
        numbers: Iterator[int],
        ask: Callable[..., Any],
        expect: Callable[[Union[int, str], Link], Waiter],
        forget: Callable[[Union[int, str]], None],
    ) -> None:
        self._numbers, self._ask, self._expect, self._forget = numbers, ask, expect, forget
        self._turns = Turns()

    def put_missing(self, link: Link, contents: Contents) -> None:
        """Send those that the daemon says it lacks. Raises ScumbleError, see `Client.submit`."""
        ended = self._turns.ended
        for digest in self._missing(link, list(contents)):
            content = contents.get(digest)
            if content is None:
                continue
            # Pieces of one content from two threads would not fit together, and once is enough.
            with self._turns.turn(digest, ended) as others_have_put:
                if others_have_put and not self._missing(link, [digest]):
                    continue
                if not self._lend(link, digest, content):
                    self._put(link, digest, content)
            ended += 1  # this one

    def _missing(self, link: Link, digests: List[bytes]) -> List[bytes]:
        have = m.Have(next(self._numbers), digests)
        return self._ask(have, m.Missing, ANSWER_S, link).digests

    def _lend(self, link: Link, digest: bytes, content: Content) -> bool:
        """Have the daemon take a content out of this process's memory; False when it cannot."""
        size = memoryview(content.data).nbytes
        if not link.sharing or size > link.welcome.limits.get("spool_over", 0):
            return False
        block = frozen_block(content.data)
        if block is None:
            return False
        with block:
            lend = m.Lend(next(self._numbers), digest, size, block.address())
            try:
                self._ask(lend, m.Stored, ANSWER_S, link)
            except ScumbleError as error:
                if error.code != "memory-not-shared":
                    raise
                link.sharing = False
                return False
        return True

    def _put(self, link: Link, digest: bytes, content: Content) -> None:
        number = next(self._numbers)
        stored = self._expect(number, link)
        size = memoryview(content.data).nbytes
        try:
            for index, leaf in enumerate(pieces(content.data, LEAF)):
                if stored.done:
                    break  # refused: the rest would be for nothing
                put = m.Put(number, digest, size, index * LEAF)
                link.send(put, [leaf], digests=[content.leaves[index]])
            stored.wait(ANSWER_S)
        finally:
            self._forget(number)
