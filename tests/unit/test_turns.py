"""One thread at a time for each key, and no waiting for the others' keys."""

from __future__ import annotations

import threading

import pytest

from scumble.uploads import KeyedLock

PATIENCE_S = 10


def test_a_second_thread_waits_for_the_first_and_knows_that_it_has_been():
    turns, inside, leave, seen = KeyedLock(), threading.Event(), threading.Event(), []

    def first() -> None:
        with turns.turn("a", 0) as others:
            seen.append(others)
            inside.set()
            assert leave.wait(PATIENCE_S)

    def second() -> None:
        with turns.turn("a", 0) as others:
            seen.append(others)

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    threads[0].start()
    assert inside.wait(PATIENCE_S)
    threads[1].start()
    with turns.turn("b", 0) as others:
        assert not others
    threads[1].join(0.1)
    assert seen == [False]
    leave.set()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert seen == [False, True]


def test_a_turn_that_was_over_before_one_could_wait_for_it_is_noticed_too():
    turns = KeyedLock()
    ended = turns.ended
    with turns.turn("a", ended):
        pass
    with turns.turn("a", ended) as others:
        assert others
    with turns.turn("a", ended + 2) as others:
        assert not others


def test_a_turn_that_ends_in_an_error_is_over():
    turns = KeyedLock()
    with pytest.raises(KeyError), turns.turn("a", 0):
        raise KeyError
    with turns.turn("a", 1) as others:
        assert not others
