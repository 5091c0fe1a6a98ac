"""The controller behind both dialogs, with a real daemon."""

from __future__ import annotations

import threading

import pytest
from daemon_process import Place, noise

from scumble import Client, ScumbleError, StyleSource, StyleWeight, StylizeRequest
from scumble.conversion import as_pixels
from scumble.editing import JobController

WAIT_S = 90.0


@pytest.fixture
def controller(shared_place: Place):
    controller = JobController()
    yield controller
    controller.close()


def request(side: int, weight: float = 1.0) -> StylizeRequest:
    style = StyleWeight(StyleSource(pixels=as_pixels(noise(64, 64, seed=1))))
    return StylizeRequest(as_pixels(noise(side, side)), (style,), weight=weight)


def ending(controller: JobController, ticket: int):
    """The event that ends a job; what happened to others before is passed over."""
    while True:
        event = controller.wait(WAIT_S)
        assert event is not None
        if event.ticket == ticket and event.kind != "progress":
            return event


def test_an_applied_job_ends_with_the_clients_result(controller, client):
    event = ending(controller, controller.apply(request(48)))
    wanted = client.submit(request(48)).result(WAIT_S)
    assert event.kind == "done"
    assert bytes(event.result.data) == bytes(wanted.data)


def test_the_newest_preview_wins(controller):
    tickets = [controller.preview(request(64, weight / 10)) for weight in range(1, 10)]
    ends = {}
    while len(ends) < len(tickets):
        event = controller.wait(WAIT_S)
        assert event is not None
        if event.kind != "progress":
            assert event.ticket not in ends
            ends[event.ticket] = event
    assert ends[tickets[-1]].kind == "done"
    assert {ends[ticket].error.code for ticket in tickets[:-1]} == {"cancelled"}


def test_applying_ends_a_preview_but_no_preview_ends_an_apply(controller):
    preview = controller.preview(request(512))
    apply = controller.apply(request(48))
    later = controller.preview(request(32))
    ends = {}
    while len(ends) < 3:
        event = controller.wait(WAIT_S)
        if event.kind != "progress":
            ends[event.ticket] = event
    assert ends[preview].error.code == "cancelled"
    assert ends[apply].kind == "done"
    assert ends[later].kind == "done"


def test_a_cancelled_job_ends_at_once_and_once(controller):
    first, second = controller.apply(request(1500)), controller.apply(request(32))
    controller.cancel(first)
    assert ending(controller, first).error.code == "cancelled"
    assert ending(controller, second).kind == "done"
    assert controller.events() == []


def test_a_question_is_answered_beside_the_interface(controller):
    names = ending(controller, controller.ask(lambda client: [m["name"] for m in client.models()])).answer
    assert "microast" in names
    asking = controller.ask(lambda client: threading.current_thread() is threading.main_thread())
    assert ending(controller, asking).answer is False


def test_a_failed_connection_is_an_event_and_the_next_job_tries_again(shared_place):
    attempts = []

    def connect() -> Client:
        attempts.append(1)
        if len(attempts) == 1:
            raise ScumbleError("no-daemon", "No daemon is running.")
        return Client.connect()

    woken = threading.Event()
    controller = JobController(connect, wake=woken.set)
    try:
        assert ending(controller, controller.apply(request(32))).error.code == "no-daemon"
        assert woken.is_set()
        assert ending(controller, controller.apply(request(32))).kind == "done"
    finally:
        controller.close()


def test_a_bug_in_the_way_is_told_and_not_swallowed(shared_place):
    controller = JobController(lambda: 1 // 0)
    try:
        error = ending(controller, controller.ask(Client.styles)).error
        assert error.code == "unexpected"
        assert "ZeroDivisionError" in error.detail
    finally:
        controller.close()
