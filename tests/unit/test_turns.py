"""One thread at a time for each key, and no waiting for the others' keys."""

from __future__ import annotations

import threading

import pytest

from scumble.turns import Turns

PATIENCE_S = 10


def test_a_second_thread_waits_for_the_first_and_knows_that_it_has():
    turns, inside, leave, waited = Turns(), threading.Event(), threading.Event(), []

    def first() -> None:
        with turns.turn("a") as had_to_wait:
            waited.append(had_to_wait)
            inside.set()
            assert leave.wait(PATIENCE_S)

    def second() -> None:
        with turns.turn("a") as had_to_wait:
            waited.append(had_to_wait)

    threads = [threading.Thread(target=first)]
    threads[0].start()
    assert inside.wait(PATIENCE_S)
    threads.append(threading.Thread(target=second))
    threads[1].start()
    with turns.turn("b") as had_to_wait:
        assert not had_to_wait
    threads[1].join(0.1)
    assert waited == [False]
    leave.set()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert waited == [False, True]


def test_a_turn_that_ends_in_an_error_is_over():
    turns = Turns()
    with pytest.raises(KeyError), turns.turn("a"):
        raise KeyError
    with turns.turn("a") as had_to_wait:
        assert not had_to_wait
