"""What the panel paints of many, frames or documents: in order, together, and what ends it."""

from __future__ import annotations

from scumble_krita.panel.editor import OnRead, Other, Work

from scumble import Client, ScumbleError
from scumble.conversion import as_pixels
from scumble.editing import Effect, StyleChoice

from .driving import (
    EXAMPLES,
    Document,
    Frames,
    Panel,
    Pixels,
    click,
    click_style,
    dispose,
    noise,
    painted,
    shown,
    wait,
)

EFFECT = Effect((StyleChoice("library", "comic", "Comic"),), weight=0.7)


def test_all_distinct_frames_are_painted_with_one_set_of_references(
    panel: Panel, document: Document, daemon: Client
):
    click_style(panel, 0)
    panel.perform("frames")
    assert panel.studio.busy
    wait(lambda: not panel.studio.busy)
    frames = document.frames
    assert panel.job.error_text() == ""
    assert (frames.finished, frames.closed) == (True, True)
    assert sorted(frames.results) == [0, 2, 3, 4, 5]
    references = tuple(frames.pictures[at] for at in (0, 2, 4, 5))
    for at, result in frames.results.items():
        wanted = painted(daemon, panel.studio.effect, frames.pictures[at], references=references)
        assert bytes(result.view()) == wanted
    assert document.above == []
    assert panel.studio.library.settings.history[0].layer == "Moving"
    assert "5" in panel.job.status_text()


def test_an_error_ends_all_of_it_and_is_said(panel: Panel, document: Document):
    document.frames = Frames(ScumbleError("cannot-write", "There is no room."))
    click_style(panel, 0)
    panel.perform("frames")
    wait(lambda: not panel.studio.busy)
    assert panel.job.error_text() == "There is no room."
    assert (document.frames.finished, document.frames.closed) == (False, True)
    # The next job is not disturbed by what was on its way.
    panel.perform("apply")
    wait(lambda: not panel.studio.busy)
    assert len(document.above) == 1


def test_cancel_ends_it_while_frames_are_on_their_way(panel: Panel, document: Document):
    click_style(panel, 0)
    panel.perform("frames")
    wait(lambda: document.frames.results)
    click(panel.job.cancel_button)
    wait(lambda: not panel.studio.busy)
    assert (document.frames.finished, document.frames.closed) == (False, True)
    assert panel.job.status_text() == "Cancelled. Nothing was changed."


def test_frames_wait_for_strokes_that_are_being_learned(panel: Panel, document: Document, monkeypatch):
    picture = StyleChoice("file", str(EXAMPLES / "styles" / "glass.jpg"))
    monkeypatch.setattr(panel.studio.learning, "learn", lambda choice, effect: None)
    panel.take_file(picture.value)
    monkeypatch.setattr(panel.studio.learning, "progress", {picture.key: 0.4}.get)
    panel.perform("frames")
    assert "still being learned" in panel.job.error_text()
    assert not panel.studio.busy
    assert not document.frames.closed


def other(name: str, layer: Pixels | None) -> Other:
    """A document, or one that cannot be read."""

    def read(on_read: OnRead) -> Work:
        if layer is None:
            raise ScumbleError("bad-layer", "The layer is empty.")
        return Work(name.title(), layer)

    return Other(name, read)


def test_one_that_cannot_be_painted_is_told_and_the_others_are_painted(
    panel: Panel, document: Document, daemon: Client
):
    layers = [as_pixels(noise(40, 56, channels=4, seed=seed)) for seed in (1, 2)]
    document.rest = [other("one", layers[0]), other("empty", None), other("two", layers[1])]
    document.with_which = EFFECT
    panel.perform("open")
    assert panel.studio.busy
    wait(lambda: not panel.studio.busy)
    assert [name for name, _result in document.above] == ["Comic 70% · One", "Comic 70% · Two"]
    for layer, (_name, result) in zip(layers, document.above, strict=True):
        assert bytes(result.view()) == painted(daemon, EFFECT, layer)
    assert panel.job.error_text() == "empty: The layer is empty."
    assert panel.job.status_text() == "2 of 3 images were painted."
    assert [entry.layer for entry in panel.studio.library.settings.history] == ["Two", "One"]


def test_without_anything_painted_before_there_is_a_sentence(panel: Panel, document: Document):
    document.rest = [other("one", document.layer)]
    panel.perform("open")
    assert panel.job.error_text().startswith("Nothing was painted yet.")
    assert not panel.studio.busy


def test_a_daemon_that_is_not_there_is_told_once(document: Document, tmp_path, monkeypatch):
    monkeypatch.setenv("SCUMBLE_CONFIG_DIR", str(tmp_path))

    def connect() -> Client:
        raise ScumbleError("daemon-not-installed", "It is not installed.")

    document.rest = [other(name, document.layer) for name in ("one", "two")]
    document.with_which = EFFECT
    panel = shown(Panel(document, connect))
    panel.perform("open")
    wait(lambda: not panel.studio.busy)
    assert panel.job.error_text() == "It is not installed."
    assert document.above == []
    dispose(panel)
