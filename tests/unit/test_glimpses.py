"""Small pictures of the artist's layer in the styles of a gallery, and that they go behind everything."""

from __future__ import annotations

import threading

import pytest

from scumble import Extent, PixelFormat, Pixels, ScumbleError
from scumble.editing import Effect, Glimpses, JobController, JobEvent, StyleChoice

LAYER = Pixels(Extent(4, 3), PixelFormat("u8", "RGBA"), bytes(48))
FIRE, WAVES, SEA = (StyleChoice("library", name) for name in ("fire", "waves", "sea"))


class Line:
    """Takes what a controller would; the test says when it is done."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.requests: list = []
        self.cancelled: list[int] = []

    def glimpse(self, request) -> int:
        self.asked.append(request.styles[0].style.library)
        self.requests.append(request)
        return len(self.asked)

    def cancel(self, ticket: int) -> None:
        self.cancelled.append(ticket)


@pytest.fixture
def line() -> Line:
    return Line()


def done(ticket: int, result: Pixels | None = LAYER) -> JobEvent:
    error = None if result else ScumbleError("bad-style", "No.")
    return JobEvent("done" if result else "failed", "glimpse", ticket, result=result, error=error)


def test_they_are_made_one_after_the_other_and_each_once(line):
    glimpses = Glimpses(line)
    glimpses.set_layer(LAYER, Effect(engine="adain"))
    glimpses.want([FIRE, WAVES])
    assert line.asked == ["fire"]
    assert line.requests[0].engine == "adain"
    assert glimpses.read(done(1)) == FIRE.key
    assert line.asked == ["fire", "waves"]
    assert glimpses.of(FIRE) is LAYER
    assert glimpses.of(WAVES) is None
    glimpses.want([WAVES, FIRE])
    assert glimpses.read(done(2)) == WAVES.key
    assert line.asked == ["fire", "waves"]


def test_what_has_left_the_sight_is_wanted_no_more(line):
    glimpses = Glimpses(line)
    glimpses.set_layer(LAYER)
    glimpses.want([FIRE, WAVES])
    glimpses.want([SEA])
    glimpses.read(done(1))
    assert line.asked == ["fire", "sea"]


def test_without_a_layer_nothing_is_made_and_another_layer_begins_anew(line):
    glimpses = Glimpses(line)
    glimpses.want([FIRE])
    assert line.asked == []
    glimpses.set_layer(LAYER)
    glimpses.want([FIRE])
    glimpses.set_layer(LAYER)
    assert line.cancelled == [1]
    assert glimpses.read(done(1)) is None  # of the layer before
    glimpses.want([FIRE])
    assert line.asked == ["fire", "fire"]


def test_a_style_that_fails_is_not_tried_again_until_it_is_another(line):
    glimpses = Glimpses(line)
    glimpses.set_layer(LAYER)
    glimpses.want([FIRE])
    assert glimpses.read(done(1, None)) is None
    glimpses.want([FIRE, StyleChoice("layer", "7")])  # whose pixels nobody gives
    assert line.asked == ["fire"]
    glimpses.forget(FIRE.key)
    glimpses.want([FIRE])
    assert line.asked == ["fire", "fire"]


class Job:
    seconds = 0.0

    def __init__(self, name: str, started: list[str], gate: threading.Event) -> None:
        self._name, self._started, self._gate = name, started, gate

    def result(self, **_options) -> Pixels:
        self._started.append(self._name)
        assert self._gate.wait(10)
        return LAYER


class Daemon:
    def __init__(self) -> None:
        self.started: list[str] = []
        self.gate = threading.Event()

    def submit(self, request, **_options) -> Job:
        return Job(request.styles[0].style.library, self.started, self.gate)

    def close(self) -> None:
        pass


def test_everything_else_goes_before_a_glimpse():
    daemon = Daemon()
    controller = JobController(lambda: daemon)  # type: ignore[arg-type, return-value]
    try:
        controller.glimpse(Effect((FIRE,)).request(LAYER))
        while not daemon.started:
            threading.Event().wait(0.01)
        controller.glimpse(Effect((WAVES,)).request(LAYER))
        controller.preview(Effect((SEA,)).request(LAYER))
        last = controller.ask(lambda _client: daemon.started.append("question"))
        daemon.gate.set()
        events = []
        while len([event for event in events if event.kind == "done"]) < 4:
            event = controller.wait(10)
            assert event is not None
            events.append(event)
        assert daemon.started == ["fire", "question", "sea", "waves"]
        assert last in {event.ticket for event in events}
    finally:
        controller.close()
