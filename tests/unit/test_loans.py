"""What clients lend is checked beside the broker's loop, and every request is answered."""

from __future__ import annotations

import queue
import sys
from collections.abc import Callable, Iterator

import pytest

from scumble import ScumbleError
from scumble.pixels.content import digest_of
from scumble.pixels.shared_memory import SHARED_FROM, SharedBlock, frozen_block
from scumble.wire import messages as m
from scumble_daemon.jobs import shared_uploads as loans
from scumble_daemon.jobs.content_cache import ContentCache
from scumble_daemon.settings import Limits

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memfd is Linux's")

PEER = b"anna"
CONTENT = b"lent" * (SHARED_FROM // 4)
NAME = digest_of(CONTENT)


class Counter:
    """SharedUploads with a store behind them; `turn` is one turn of the broker's loop."""

    def __init__(self, limits: Limits, sharing: bool = True) -> None:
        self.answers: list[m.Message] = []
        self.store = ContentCache(1 << 30, 1 << 30, 1 << 30)
        self._posted: queue.Queue[Callable[[], None]] = queue.Queue()
        self.loans = loans.SharedUploads(
            sharing, limits, self.store, lambda peer, answer: self.answers.append(answer), self._posted.put
        )

    def take(self, block: SharedBlock, request: int = 1, name: bytes = NAME) -> None:
        self.loans.take(PEER, m.Lend(request, name, block.size, block.address()), 0.0)

    def turn(self) -> None:
        self._posted.get(timeout=10)()


@pytest.fixture
def block() -> SharedBlock:
    found = frozen_block(CONTENT)
    assert found is not None
    return found


@pytest.fixture
def counter() -> Iterator[Counter]:
    made = Counter(Limits(max_jobs_per_client=2))
    yield made
    made.loans.close()


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(ScumbleError) as caught:
        call()
    return caught.value.code


def test_what_is_lent_twice_at_once_is_checked_once_and_answered_twice(counter: Counter, block: SharedBlock):
    counter.take(block, 1)
    counter.take(block, 2)
    counter.turn()
    assert counter.answers == [m.Stored(1, NAME), m.Stored(2, NAME)]
    assert counter.loans.taken == 1
    assert bytes(counter.store.get(NAME)) == CONTENT


def test_only_so_many_are_checked_at_once(counter: Counter, block: SharedBlock):
    for number in range(2):
        counter.take(block, name=bytes([number]) * 32)
    assert refused(lambda: counter.take(block)) == "daemon-full"
    counter.turn()
    counter.take(block)


def test_without_sharing_nothing_is_looked_at(block: SharedBlock):
    counter = Counter(Limits(), sharing=False)
    assert refused(lambda: counter.take(block)) == "memory-not-shared"
    counter.loans.close()


def test_without_a_thread_it_has_to_be_sent(counter: Counter, block: SharedBlock, monkeypatch):
    def no_thread(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(counter.loans._hashing, "submit", no_thread)
    assert refused(lambda: counter.take(block)) == "memory-not-shared"
    assert counter.store.bytes_used == 0
    monkeypatch.undo()
    counter.take(block)
    counter.turn()
    assert counter.answers == [m.Stored(1, NAME)]


@pytest.mark.parametrize("error", [MemoryError, RuntimeError, OSError])
def test_a_check_that_fails_is_answered_too(counter: Counter, block: SharedBlock, monkeypatch, error):
    def fail(content: object) -> list[bytes]:
        raise error

    monkeypatch.setattr(loans, "leaves_of", fail)
    counter.take(block)
    counter.turn()
    (answer,) = counter.answers
    assert isinstance(answer, m.Error)
    assert (answer.code, answer.request) == ("bad-digest", 1)
    assert counter.store.bytes_used == 0


def test_what_was_given_up_meanwhile_is_answered_too(counter: Counter, block: SharedBlock):
    counter.take(block)
    counter.store.abandon(PEER)
    counter.turn()
    (answer,) = counter.answers
    assert isinstance(answer, m.Error)
    assert answer.code == "bad-upload"
