"""Styles that an editor has learned in the background: what its interface hears, and what it need not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scumble import Extent, LearningProgress, LearnRequest, PixelFormat, Pixels, ScumbleError
from scumble.editing import BackgroundLearning, EditorSettings, LearningEvent, StyleChoice
from scumble.learn_request import STEPS

LAYER = Pixels(Extent(2, 1), PixelFormat("u8", "RGB"), bytes(6))
LAYER_CHOICE = StyleChoice("layer", "7", "Sky")


class FakeDaemon:
    """Learns what it is asked to, step by step, when the test says so."""

    def __init__(self) -> None:
        self.asked: list[LearnRequest] = []
        self.script: list[LearningProgress | ScumbleError] = []
        self.go_on = threading.Event()
        self.connections, self.closed = 0, 0

    def connect(self) -> Any:
        self.connections += 1
        return self

    def submit_learning(self, request: LearnRequest) -> Any:
        self.asked.append(request)
        return self

    def result(self, *, on_progress: Callable[[LearningProgress], None]) -> None:
        for step in self.script:
            if isinstance(step, ScumbleError):
                raise step
            on_progress(step)
        assert self.go_on.wait(20)

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def daemon() -> FakeDaemon:
    return FakeDaemon()


@pytest.fixture
def learning(daemon, tmp_path, monkeypatch) -> BackgroundLearning:
    monkeypatch.setenv("SCUMBLE_LOG_DIR", str(tmp_path))
    return BackgroundLearning("gimp", daemon.connect)


@pytest.fixture
def file(tmp_path) -> StyleChoice:
    path = tmp_path / "sea.jpg"
    path.write_bytes(b"a picture")
    return StyleChoice("file", str(path))


def events(learning: BackgroundLearning, last: str) -> list[LearningEvent]:
    found: list[LearningEvent] = []
    deadline = time.monotonic() + 20
    while not found or found[-1].kind != last:
        assert time.monotonic() < deadline
        found += learning.events()
        time.sleep(0.005)
    return found


def test_a_file_is_learned_once_and_its_progress_is_told(daemon, learning, file):
    daemon.script = [LearningProgress(done, 4, stored=stored) for done, stored in ((0, 0), (1, 1), (2, 1))]
    assert learning.learn(file, "microast", image=LAYER)
    assert not learning.learn(file, "microast")
    found = events(learning, "progress")
    while len(found) < 3:
        found += events(learning, "progress")
    assert [(event.kind, event.done) for event in found] == [
        ("progress", 0.0),
        ("stored", 0.25),
        ("progress", 0.5),
    ]
    assert learning.progress(file.key) == 0.5
    daemon.go_on.set()
    assert events(learning, "done")[-1].key == file.key
    assert learning.progress(file.key) is None
    request = daemon.asked[0]
    assert (request.style.file, request.only_new, request.title) == (b"a picture", True, "")
    assert request.image == LAYER
    assert not learning.learn(file, "microast")
    assert (len(daemon.asked), daemon.connections) == (1, 1)


def test_it_is_learned_for_as_long_as_the_settings_say(daemon, file):
    learning = BackgroundLearning("gimp", daemon.connect, steps=7)
    daemon.go_on.set()
    learning.learn(file, "microast")
    events(learning, "done")
    assert daemon.asked[-1].steps == 7
    learning.close()


def test_a_layer_may_have_changed_and_is_asked_for_again(daemon, learning):
    daemon.go_on.set()
    for _ in range(2):
        assert learning.learn(LAYER_CHOICE, "microast", layer_pixels=lambda value: LAYER)
        events(learning, "done")
    assert [request.style.pixels for request in daemon.asked] == [LAYER, LAYER]


def test_styles_of_the_library_are_left_alone(daemon, learning):
    assert not learning.learn(StyleChoice("library", "irises"), "microast")
    assert daemon.connections == 0


def test_a_file_that_is_gone_is_an_error_at_once(learning):
    with pytest.raises(ScumbleError) as caught:
        learning.learn(StyleChoice("file", str(Path("nowhere.jpg"))), "microast")
    assert caught.value.code == "file-missing"


@pytest.mark.parametrize(
    ("code", "heard"),
    [("bad-pixels", True), ("disk-full", True), ("cannot-learn", False), ("daemon-too-old", False)],
)
def test_only_what_an_artist_can_mend_is_told(daemon, learning, file, code, heard):
    daemon.script = [ScumbleError(code, "No.")]
    learning.learn(file, "microast")
    event = events(learning, "failed")[-1]
    assert (event.error is not None) is heard
    assert learning.progress(file.key) is None


def test_a_bug_of_ours_is_an_error_too(daemon, learning, file):
    daemon.submit_learning = lambda request: None
    learning.learn(file, "microast")
    error = events(learning, "failed")[-1].error
    assert error is not None
    assert error.code == "unexpected"


def test_leaving_does_not_wait_and_nothing_is_told_afterwards(daemon, file, tmp_path, monkeypatch):
    monkeypatch.setenv("SCUMBLE_LOG_DIR", str(tmp_path))
    woken: list[int] = []
    learning = BackgroundLearning("gimp", daemon.connect, wake=lambda: woken.append(1))
    daemon.script = [LearningProgress(1, 4)]
    learning.learn(file, "microast")
    events(learning, "progress")
    learning.close()
    count = len(woken)
    daemon.go_on.set()
    time.sleep(0.05)
    assert (len(woken), daemon.closed, learning.events()) == (count, 1, [])
    assert not learning.learn(LAYER_CHOICE, "microast", layer_pixels=lambda value: LAYER)


def test_the_setting_is_on_unless_it_was_turned_off():
    assert EditorSettings().learn
    off = EditorSettings().learning(False)
    assert not EditorSettings.from_dict(off.to_dict()).learn
    assert EditorSettings.from_dict({"learn": "odd"}).learn


def test_how_long_a_style_is_learned_is_remembered():
    assert EditorSettings().learn_steps == STEPS
    longer = replace(EditorSettings(), learn_steps=300)
    assert EditorSettings.from_dict(longer.to_dict()).learn_steps == 300
    for odd in (0, -1, 10**9, "300", None, 2.5):
        assert EditorSettings.from_dict({"learn_steps": odd}).learn_steps == STEPS
