"""All frames of an animated layer, painted in the real Krita: pixel by pixel, by mouse, and what ends it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from krita_docker import choose, click, show_docker
from krita_frames import frames_seen, moving, open_animation
from krita_images import Case, close_documents
from krita_session import KritaSession

from scumble import Bounds, Client, Pixels
from scumble.editing import Effect, StyleChoice

pytestmark = pytest.mark.editors

SHOWN = {0: 0, 4: 1, 7: 2, 10: 0}
"""Which picture is seen from when on: held, and one that comes again."""
LAST = 12
TIMES = range(LAST + 1)
CASE = Case(width=150, height=90, x=5, y=20, image=(160, 120))
FACTS = """
painted = app.activeDocument()
new = painted.topLevelNodes()[2]
result = {
    "names": [node.name() for node in painted.topLevelNodes()],
    "keys": [time for time in range(40) if new.hasKeyframeAtTime(time)],
    "clip": [painted.framesPerSecond(), painted.fullClipRangeStartTime(), painted.fullClipRangeEndTime()],
    "space": [new.colorModel(), new.colorDepth(), new.colorProfile()],
    "unsaved": [painted.fileName(), painted.modified()],
}
"""
LEFT = (
    "result = [history(), document.currentTime(), document.modified(), [d.name() for d in app.documents()]]"
)


@pytest.fixture
def frames_docker(krita: KritaSession) -> Iterator[KritaSession]:
    """The shared Krita with the docker in sight, and folders of its own for what is kept meanwhile."""
    show_docker(krita)
    yield krita
    krita.run("panel.studio.live.set_on(False); panel.studio.cancel(); panel.job.show_error(None)")
    close_documents(krita)


def painted_by_client(
    client: Client, style: str, pictures: Sequence[Pixels], region: Bounds | None = None
) -> list[bytes]:
    """What the daemon makes of pictures that decide together."""
    effect = Effect((StyleChoice("library", style),), weight=0.8)
    requests = [effect.request(picture, region, references=tuple(pictures)) for picture in pictures]
    return [bytes(client.submit(request).result().view()) for request in requests]


def wait_for_copy(krita: KritaSession) -> None:
    krita.until("not panel.studio.busy", 60)
    assert krita.run("result = panel.job.error_text()") == ""
    krita.until("app.activeDocument() != document and app.activeDocument().activeNode() is not None")


@pytest.mark.parametrize(
    ("model", "depth"), [("RGBA", "U8"), ("RGBA", "U16"), ("RGBA", "F32"), ("GRAYA", "U8")]
)
def test_each_frame_is_painted_once_in_a_copy_and_keeps_its_time(frames_docker, client: Client, model, depth):
    krita, case = frames_docker, CASE._replace(model=model, depth=depth)
    pictures = moving(case, 3)
    open_animation(krita, case, pictures, SHOWN, LAST)
    show_docker(krita)
    style = choose(krita, 2)
    before = krita.run(LEFT)
    krita.run("app.action('scumble_frames').trigger()")
    wait_for_copy(krita)
    assert "Painted 3 frames" in krita.run("result = panel.job.status_text()")
    assert krita.run(LEFT)[:3] == before[:3]
    facts = krita.run(FACTS)
    assert facts["names"][:2] == ["Background", "Moving"]
    assert facts["names"][2].endswith(" 80% · Moving")
    assert facts["keys"] == [0, 4, 7, 10]
    assert facts["clip"] == [12, 0, LAST]
    assert facts["space"] == krita.run(
        "result = [layer.colorModel(), layer.colorDepth(), layer.colorProfile()]"
    )
    assert facts["unsaved"] == ["", True]
    wanted = painted_by_client(client, style, pictures)
    found = frames_seen(krita, "painted, new", TIMES, case)
    held = [SHOWN[max(start for start in SHOWN if start <= time)] for time in TIMES]
    assert found == [wanted[which] for which in held]
    assert len(set(wanted)) == 3
    # The source is as it was, in the copy too.
    for name in ("painted, painted.nodeByName('Moving')", "document, layer"):
        sources = frames_seen(krita, name, TIMES, case)
        assert sources == [bytes(pictures[which].view()) for which in held]


def test_what_is_held_does_not_flicker_against_frames_painted_alone(frames_docker, client: Client):
    """A still part of the picture is painted alike in all frames, whatever moves beside it."""
    krita = frames_docker
    still = np.array(np.asarray(CASE.pixels()))
    pictures = []
    for step in range(3):
        moved = still.copy()
        moved[:, 110:, :3] = 80 * step  # to the right the light changes a lot
        pictures.append(Pixels(CASE.pixels().extent, CASE.format, moved.tobytes()))
    open_animation(krita, CASE, pictures, {0: 0, 1: 1, 2: 2}, 2)
    show_docker(krita)
    style = choose(krita, 2)
    krita.run("app.action('scumble_frames').trigger()")
    wait_for_copy(krita)
    krita.run(FACTS)
    found = frames_seen(krita, "painted, new", range(3), CASE)
    effect = Effect((StyleChoice("library", style),), weight=0.8)
    alone = [bytes(client.submit(effect.request(picture)).result().view()) for picture in pictures]

    def flicker(frames: Sequence[bytes]) -> float:
        left = [np.frombuffer(frame, np.uint8).reshape(90, 150, 4)[:, :40].astype(int) for frame in frames]
        return max(float(np.abs(left[0] - other).mean()) for other in left[1:])

    assert flicker(found) < 0.3 * flicker(alone)


def test_the_note_of_one_frame_leads_to_all_by_mouse(frames_docker):
    krita = frames_docker
    open_animation(krita, CASE, moving(CASE, 2), {0: 0, 2: 1}, 3)
    show_docker(krita)
    choose(krita, 2)
    click(krita, "panel.job.apply_button")
    assert "Only this frame" in krita.until("not panel.studio.busy and panel.job.error_text()")
    click(krita, "panel.job._error.frames")
    wait_for_copy(krita)
    assert krita.run(FACTS)["keys"] == [0, 2]


def test_only_what_is_selected_is_painted_in_each_frame(frames_docker, client: Client):
    krita, pictures = frames_docker, moving(CASE, 2)
    open_animation(krita, CASE, pictures, {0: 0, 2: 1}, 3)
    show_docker(krita)
    style = choose(krita, 2)
    krita.run("s = Selection(); s.select(30, 40, 64, 32, 255); document.setSelection(s)")
    krita.run("app.action('scumble_frames').trigger()")
    wait_for_copy(krita)
    assert krita.run(FACTS)["keys"] == [0, 2]
    wanted = painted_by_client(client, style, pictures, Bounds(25, 20, 64, 32))
    found = frames_seen(krita, "painted, new", [0, 2], CASE._replace(x=30, y=40, width=64, height=32))
    assert found == wanted
    around = frames_seen(krita, "painted, new", [0, 2], CASE)
    assert all(np.count_nonzero(np.frombuffer(f, np.uint8)[3::4]) == 64 * 32 for f in around)


def test_the_selection_says_where_a_style_is_in_each_frame(frames_docker, client: Client):
    krita, pictures = frames_docker, moving(CASE, 2)
    open_animation(krita, CASE, pictures, {0: 0, 2: 1}, 3)
    show_docker(krita)
    styles = (
        StyleChoice("library", "irises", mask="selection"),
        StyleChoice("library", "comic", mask="elsewhere"),
    )
    krita.run(
        """
        s = Selection(); s.select(5, 20, 75, 90, 255); document.setSelection(s)
        irises = StyleChoice("library", "irises", mask="selection")
        panel.studio.set_effect(Effect((irises, StyleChoice("library", "comic", mask="elsewhere"))))
        """
    )
    krita.run("app.action('scumble_frames').trigger()")
    wait_for_copy(krita)
    assert krita.run(FACTS)["keys"] == [0, 2]
    left = (b"\xff" * 75 + b"\0" * 75) * 90
    requests = [
        Effect(styles).request(picture, coverage=lambda mask: left, references=tuple(pictures))
        for picture in pictures
    ]
    wanted = [bytes(client.submit(request).result().view()) for request in requests]
    assert frames_seen(krita, "painted, new", [0, 2], CASE) == wanted


def test_a_group_is_painted_as_it_looks_at_each_time(frames_docker, client: Client):
    """A frame within it tells nobody when it changes: all are looked at; one is empty."""
    krita, pictures = frames_docker, moving(CASE, 2)
    empty = Pixels(pictures[0].extent, pictures[0].format, bytes(len(pictures[0].view())))
    open_animation(krita, CASE, [*pictures, empty], {0: 0, 2: 1, 3: 2}, 4)
    show_docker(krita)
    style = choose(krita, 2)
    krita.run(
        """
        group = document.createGroupLayer("Group")
        document.rootNode().addChildNode(group, layer)
        document.waitForDone()
        """
    )
    krita.until("is_active(group)")
    krita.run("layer.remove(); group.addChildNode(layer, None); document.waitForDone()")
    krita.until("is_active(group)")
    krita.run("app.action('scumble_frames').trigger()")
    wait_for_copy(krita)
    assert krita.run(FACTS)["keys"] == [0, 2, 3]
    found = frames_seen(krita, "painted, new", range(5), CASE)
    one, two = painted_by_client(client, style, pictures)
    assert found == [one, one, two, bytes(len(one)), bytes(len(one))]


def test_cancel_leaves_nothing_behind(frames_docker):
    krita = frames_docker
    case = Case(width=900, height=600)
    open_animation(krita, case, moving(case, 6), {number: number for number in range(6)}, 5)
    show_docker(krita)
    choose(krita, 2)
    before = krita.run(LEFT)
    krita.run("kept = panel.studio.frames")
    krita.run("app.action('scumble_frames').trigger()")
    krita.until("kept._jobs is not None and kept._jobs.done == 2", 60)
    folder = Path(krita.run("result = str(kept._jobs.clip._folder)"))
    click(krita, "panel.job.cancel_button")
    krita.until("not panel.studio.busy")
    assert krita.run("result = panel.job.status_text()") == "Cancelled. Nothing was changed."
    assert krita.run(LEFT) == before
    assert krita.run(f"import os; result = os.path.exists({str(folder)!r})") is False
    assert krita.run("result = len(app.documents())") == 1


def test_the_image_may_be_closed_meanwhile(frames_docker):
    krita = frames_docker
    case = Case(width=600, height=400)
    open_animation(krita, case, moving(case, 4), {number: number for number in range(4)}, 3)
    show_docker(krita)
    choose(krita, 2)
    krita.run("app.action('scumble_frames').trigger()")
    krita.until("panel.studio.frames._jobs.done >= 1", 60)
    krita.run("document.setModified(False); layer = None; document.close(); document = None")
    krita.until("not panel.studio.busy", 60)
    krita.until("app.activeDocument() is not None and app.activeDocument().activeNode() is not None")
    assert krita.run(FACTS)["keys"] == [0, 1, 2, 3]


def test_a_layer_without_frames_is_refused_in_words(frames_docker):
    krita = frames_docker
    CASE.open(krita)
    show_docker(krita)
    choose(krita, 2)
    krita.run("app.action('scumble_frames').trigger()")
    assert krita.until("panel.job.error_text()") == "This layer has no frames: press Apply to paint it."
    assert krita.run("result = panel.studio.busy") is False
