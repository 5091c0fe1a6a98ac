"""All frames of an animation, as the panel paints them: in order, together, and what ends it."""

from __future__ import annotations

from scumble import Client, ScumbleError
from scumble.editing import StyleChoice

from .driving import EXAMPLES, Document, Frames, Panel, click, click_style, painted, wait


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
