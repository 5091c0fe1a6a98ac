"""The daemon's queue of styles to learn: one at a time, pinned contents, and everyone hears how it ended."""

from __future__ import annotations

from typing import Any

import pytest

from scumble import ScumbleError
from scumble.wire import messages as m
from scumble_daemon.jobs.learning_queue import MAX_ENDED, MAX_WAITING, Learning, LearningQueue

PEER, OTHER = b"one", b"two"
DIGEST = b"d" * 32


class Store:
    """Counts how often each content is pinned."""

    def __init__(self) -> None:
        self.pins: dict[bytes, int] = {}

    def pin(self, digests: list[bytes]) -> None:
        for digest in digests:
            self.pins[digest] = self.pins.get(digest, 0) + 1

    def unpin(self, digests: list[bytes]) -> None:
        for digest in digests:
            self.pins[digest] -= 1


class Room:
    """LearningQueue with a store of no contents, and what was told to whom."""

    def __init__(self) -> None:
        self.store: Any = Store()
        self.told: list[tuple[bytes, m.Message]] = []
        self.learnings = LearningQueue(self.store, lambda peer, message, _: self.told.append((peer, message)))

    def add(self, number: int, *peers: bytes) -> Learning:
        spec = {"style": {"library": f"style {number}"}}
        learning = Learning(f"{number:032x}", spec, [DIGEST], b"f", False, set(peers))
        self.learnings.add(learning)
        return learning

    def said(self, peer: bytes) -> list[str]:
        return [message.type for listener, message in self.told if listener == peer]


@pytest.fixture
def room() -> Room:
    return Room()


def note(learning: Learning, **fields: Any) -> dict[str, Any]:
    return {"job": learning.id, **fields}


LEARNED = {"style": "ink", "steps": 4, "seconds": 2.0, "device": "cpu"}
STEP = {"done": 1, "total": 4, "eta_s": 3.0, "stored": 1}


def test_the_worker_gets_one_after_the_other(room):
    first, second = room.add(1, PEER), room.add(2, PEER, OTHER)
    learnings = room.learnings
    assert learnings.next() is first
    assert learnings.next() is None
    assert learnings.status() == {"job": first.id, "style": "style 1", "done": 0, "total": 0, "waiting": 1}
    learnings.take("learning", note(first, **STEP), [])
    learnings.take("learned", note(first, **LEARNED), [])
    assert room.told[-1] == (PEER, m.Learned(first.id, "ink", 4, 2.0, "cpu"))
    assert learnings.next() is second
    learnings.take("learned", note(first, **LEARNED), [])  # of one that is over
    assert second.outcome is None
    learnings.take("failed", note(second, error=ScumbleError("bad-pixels", "No.").to_dict()), [])
    assert room.said(OTHER) == ["error"]
    assert (learnings.active, learnings.status(), room.store.pins) == (False, None, {DIGEST: 0})


def test_a_learning_without_listeners_goes_on(room):
    learning = room.add(1, PEER)
    room.learnings.next()
    room.learnings.forget_listener(PEER)
    room.learnings.take("learning", note(learning, **STEP), [])
    assert (room.told, room.learnings.active, learning.progress) == ([], True, (1, 4))


def test_cancelling_tells_the_worker_only_of_what_it_has(room):
    first, second = room.add(1, PEER), room.add(2, PEER)
    room.learnings.next()
    assert not room.learnings.cancel(second, now=1.0)
    assert room.learnings.cancel(first, now=1.0)
    assert not room.learnings.cancel(first, now=2.0)
    assert room.said(PEER) == ["cancelled", "cancelled"]
    # The worker still has it, until it says so: no other one begins before.
    assert room.learnings.hangs(since=1.5)
    assert not room.learnings.hangs(since=0.5)
    room.learnings.take("cancelled", note(first), [])
    assert not room.learnings.active
    assert room.store.pins == {DIGEST: 0}


def test_a_dead_worker_fails_the_one_that_it_had(room):
    first, second = room.add(1, PEER), room.add(2, OTHER)
    room.learnings.next()
    room.learnings.fail(ScumbleError("worker-died", "It died."))
    assert (room.said(PEER), room.said(OTHER)) == (["error"], [])
    assert room.learnings.next() is second
    room.learnings.fail(ScumbleError("worker-died", "It died."))
    room.learnings.fail(ScumbleError("worker-died", "It died."))  # without one
    assert first.outcome is not None


def test_the_queue_has_an_end_and_so_has_the_past(room):
    for number in range(MAX_WAITING):
        room.add(number, PEER)
    with pytest.raises(ScumbleError) as caught:
        room.add(MAX_WAITING)
    assert (caught.value.code, caught.value.retryable) == ("queue-full", True)
    for number in range(MAX_ENDED + 9):
        learning = room.learnings.next()
        assert learning is not None
        room.learnings.take("learned", note(learning, **LEARNED), [])
        room.add(100 + number)
    assert len(room.learnings._known) <= MAX_ENDED + MAX_WAITING


def test_who_waits_hears_that_the_daemon_ends(room):
    room.add(1, PEER)
    room.add(2, OTHER)
    room.learnings.next()
    room.learnings.say_farewell(ScumbleError("daemon-stopped", "The daemon was stopped."))
    assert (room.said(PEER), room.said(OTHER)) == (["error"], ["error"])
