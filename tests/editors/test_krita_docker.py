"""The docker in the real Krita: by mouse, by its actions, and through what goes wrong around it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import numpy as np
import pytest
from daemon_process import Place, no_learning, running_pids, until
from krita_docker import EXAMPLES, choose, click, open_photo, show_docker
from krita_images import close_documents, open_document, raw, wait_for_active_layer
from krita_session import KritaSession
from PIL import Image

from scumble import Client, Extent, PixelFormat, Pixels, StyleSource
from scumble.editing import Effect, StyleChoice

pytestmark = pytest.mark.editors


@pytest.fixture
def docker(krita: KritaSession) -> Iterator[KritaSession]:
    """The shared Krita with the docker in sight and a photo open."""
    open_photo(krita)
    show_docker(krita)
    yield krita
    krita.run("panel.studio.live.set_on(False); panel.studio.cancel(); panel.job.show_error(None)")
    close_documents(krita)


def test_the_docker_opens_without_a_document_and_says_what_it_needs(krita):
    show_docker(krita)
    choose(krita)
    click(krita, "panel.job.apply_button")
    assert krita.until("panel.job.error_text()").startswith("No image is open")
    click(krita, "panel.job.live_button")
    krita.until("not panel.job.live_button.isChecked()")
    assert krita.run("result = panel.studio.live.on") is False


def test_a_style_is_clicked_and_applied_by_mouse(docker, client: Client):
    x, y = docker.run(
        "place_of(panel.gallery); panel.gallery.list.scrollToTop(); result = first_of(panel.gallery.list)"
    )
    docker.run("panel.studio.set_effect(Effect(weight=0.8))")
    docker.shell(f"xdotool mousemove {x} {y} click 1")
    # Mostly of the library; what another test has painted with may come before it.
    kind, style = docker.until("[(s.kind, s.value) for s in panel.studio.effect.styles]")[0]
    click(docker, "panel.job.apply_button")
    docker.until("len(names()) == 2 and not panel.studio.busy")
    wait_for_active_layer(docker)
    found = docker.run(
        """
        before = bytes(layer.pixelData(0, 0, document.width(), document.height()))
        new = document.topLevelNodes()[1]
        keep("photo.raw", before)
        keep("painted.raw", new.pixelData(0, 0, document.width(), document.height()))
        result = [document.width(), document.height(), names(), new.locked(), layer == document.activeNode()]
        """
    )
    width, height, names, locked, still_active = found
    assert names[0] == "Photo"
    assert names[1].endswith(" 80% · Photo")
    assert not locked
    assert still_active
    photo = (docker.folder / "photo.raw").read_bytes()
    request = Effect((StyleChoice(kind, style),), weight=0.8).request(
        Pixels(Extent(width, height), PixelFormat("u8", "BGRA"), photo)
    )
    assert bytes(client.submit(request).result().view()) == (docker.folder / "painted.raw").read_bytes()


def test_a_photo_look_is_painted_by_its_engine_and_a_painting_by_the_usual_one(docker, client: Client):
    def chosen(name: str) -> str:
        return docker.run(
            f"""
            panel.gallery.chosen.emit(panel.studio.library.gallery.find("library", "{name}"), False)
            result = panel.studio.effect.engine
            """
        )

    choose(docker)
    assert chosen("golden-hour") == "photo"
    click(docker, "panel.job.apply_button")
    docker.until("len(names()) == 2 and not panel.studio.busy")
    wait_for_active_layer(docker)
    size = docker.run(
        """
        keep("photo.raw", bytes(layer.pixelData(0, 0, document.width(), document.height())))
        new = document.topLevelNodes()[1]
        keep("painted.raw", new.pixelData(0, 0, document.width(), document.height()))
        result = [document.width(), document.height()]
        """
    )
    photo = Pixels(Extent(*size), PixelFormat("u8", "BGRA"), (docker.folder / "photo.raw").read_bytes())
    effect = Effect((StyleChoice("library", "golden-hour"),), weight=0.8, engine="photo")
    look = client.submit(effect.request(photo)).result()
    assert bytes(look.view()) == (docker.folder / "painted.raw").read_bytes()
    assert chosen("comic") == "microast"


def place_of_style(krita: KritaSession, row: int) -> list[int]:
    """Where a style of the gallery is on the screen."""
    return krita.run(
        f"""
        view = panel.gallery.list
        point = view.viewport().mapToGlobal(view.visualItemRect(view.item({row})).center())
        result = [point.x(), point.y()]
        """
    )


CUT_NAMES = """
from scumble_krita.panel.gallery_list import fitted
view = panel.gallery.list
lines = [fitted(style.title, view.font(), view.side() + 4)[1] for style in view._styles]
result = [name for name in lines[:15] if any(line.endswith("…") for line in name)]
"""


def test_a_click_takes_one_style_alone_control_mixes_and_nothing_moves(docker):
    docker.run("place_of(panel.gallery); panel.gallery.list.scrollToTop(); panel.studio.set_effect(Effect())")
    chosen = "[style.value for style in panel.studio.effect.styles]"
    shown = docker.run("result = [panel.gallery.list.style_at(row).choice.value for row in range(5)]")
    assert docker.run(CUT_NAMES) == []
    places = [place_of_style(docker, row) for row in range(5)]
    wanted: list[str] = []
    for row, control in ((1, False), (2, True), (4, True), (2, True), (0, False)):
        x, y = places[row]
        held = ("keydown ctrl", "keyup ctrl") if control else ("", "")
        docker.shell(f"xdotool {held[0]} mousemove {x} {y} sleep 0.1 click 1 sleep 0.1 {held[1]}")
        others = [name for name in wanted if name != shown[row]] if control else []
        wanted = others if control and shown[row] in wanted else [*others, shown[row]]
        docker.until(f"{chosen} == {wanted!r}")
        time.sleep(0.3)  # what was clicked is laid out
        assert [place_of_style(docker, row) for row in range(5)] == places


def test_the_layer_is_seen_in_a_style_under_the_mouse_and_in_all_that_are_in_sight(docker):
    docker.run("place_of(panel.gallery); panel.gallery.list.scrollToTop()")
    docker.run("layers = panel.studio.glimpses.layers; style_at = panel.gallery.list.style_at")
    docker.shell("xdotool mousemove 5 5 sleep 0.3")
    docker.run("[panel.studio.glimpses.forget(style_at(row).choice.key) for row in range(6)]")  # seen before
    x, y = place_of_style(docker, 4)
    docker.shell(f"xdotool mousemove {x - 5} {y} sleep 0.2 mousemove {x} {y}")
    docker.until("layers.of(style_at(4).choice) is not None")
    assert docker.run("result = layers.of(style_at(1).choice) is None")
    click(docker, "panel.gallery.layer_box")
    docker.until("all(layers.of(style_at(row).choice) is not None for row in range(6))")
    click(docker, "panel.gallery.layer_box")
    assert docker.run("result = names()") == ["Photo"]


def test_the_history_shows_results_gives_settings_back_and_paints_again(docker):
    choose(docker, 3)
    docker.run("panel.studio.set_effect(panel.studio.effect.taking({'weight': 0.35, 'stroke_size': 2.0}))")
    wanted = docker.run("result = panel.studio.effect.to_dict()")
    click(docker, "panel.job.apply_button")
    docker.until("len(names()) == 2 and not panel.studio.busy")
    choose(docker, 4)
    click(docker, "panel.job.apply_button")
    docker.until("len(names()) == 3 and not panel.studio.busy")
    docker.run("panel._past.set_open(True)")
    x, y = docker.run("place_of(panel.history); result = first_of(panel.history, 1)")
    docker.shell(f"xdotool mousemove {x} {y} click 1")
    docker.until(f"panel.studio.effect.to_dict() == {wanted!r}")
    assert docker.run("result = [panel.controls.weight.text(), panel.controls.stroke.text()]")[0] == "35%"
    docker.until("[n.visible() for n in document.topLevelNodes()] == [True, True, False]")
    assert docker.run("result = panel.job.status_text() == 'Shown: ' + names()[1]")
    docker.shell(f"xdotool mousemove {x} {y} click --repeat 2 --delay 80 1")
    docker.until("len(names()) == 4 and not panel.studio.busy")
    assert docker.run("result = names()[1] == names()[3]")
    docker.run("panel._past.set_open(False)")


def test_a_preset_is_saved_by_mouse_and_keys_and_taken_from_the_menu(docker):
    choose(docker, 3)
    wanted = docker.run("result = panel.studio.effect.to_dict()")
    menu = "panel.presets.menu_of_presets"
    click(docker, "panel.presets")
    docker.until(f"{menu}.isVisible()")
    docker.shell("xdotool sleep 0.3 key Up key Return sleep 0.5 type --delay 40 'Coffee 3'")
    docker.until("any(w.isVisible() and w.text() == 'Coffee 3' for w in window.findChildren(QLineEdit))")
    docker.shell("xdotool key Return")
    docker.until("'Coffee 3' in panel.job.status_text()")
    choose(docker, 4)
    click(docker, "panel.presets")
    docker.until(f"{menu}.isVisible()")
    docker.shell("xdotool sleep 0.3 key Down key Return")
    docker.until(f"panel.studio.effect.to_dict() == {wanted!r}")
    docker.run("from scumble.editing import delete_preset; delete_preset('coffee 3')")


def test_the_newest_preview_wins_and_discard_leaves_no_trace(docker):
    choose(docker, 5)
    before = docker.run("result = app.action('edit_undo').isEnabled()")
    click(docker, "panel.job.live_button")
    docker.until("previews()")
    for weight in (10, 90, 20, 60, 40):
        docker.run(f"panel.controls.weight._set({weight / 100})")
    docker.until("previews() and ' 40% ' in previews()[0] and panel.studio.live._done is None")
    assert docker.run("result = [len(previews()), document.topLevelNodes()[1].locked(), names()[0]]") == [
        *(1, True),
        "Photo",
    ]
    click(docker, "panel.job.discard_button")
    docker.until("not previews()")
    assert docker.run("result = names()") == ["Photo"]
    assert docker.run("result = app.action('edit_undo').isEnabled()") == before


def test_the_preview_follows_the_canvas_and_apply_takes_its_place(docker):
    choose(docker, 5)
    click(docker, "panel.job.live_button")
    docker.until("previews()")
    docker.run(
        """
        area = (0, 0, document.width(), document.height())
        shown = bytes(document.topLevelNodes()[1].pixelData(*area))
        fill(layer, bytes([20, 200, 40, 255]) * (200 * 200), 0, 0, 200, 200)
        """
    )
    docker.until("previews() and bytes(document.topLevelNodes()[1].pixelData(*area)) != shown")
    click(docker, "panel.job.apply_button")
    docker.until("not panel.studio.busy and len(names()) == 2 and not previews()")
    assert docker.run("result = panel.studio.live.on") is False


def test_closing_the_document_ends_live_mode_quietly(docker):
    choose(docker, 5)
    click(docker, "panel.job.live_button")
    docker.until("previews()")
    close_documents(docker)
    show_docker(docker)
    docker.until("not panel.studio.live.on")
    assert docker.run("result = panel.job.error_text()") == ""


def test_an_image_that_is_closed_while_its_job_runs_is_told(docker):
    close_documents(docker)
    open_photo(docker, 1200)  # so that the job takes longer than it takes to close
    show_docker(docker)
    choose(docker, 2)
    docker.run("panel.controls.stroke._set(0.5); panel.perform('apply')")
    close_documents(docker)
    show_docker(docker)
    assert "was closed" in docker.until("not panel.studio.busy and panel.job.error_text()")


def test_cancelling_by_mouse_keeps_the_document(docker, client: Client):
    close_documents(docker)
    open_photo(docker, 2000)
    show_docker(docker)
    choose(docker, 2)
    click(docker, "panel.job.apply_button")
    until(lambda: (client.status().get("running") or {}).get("size", [0])[0] == 2000, "the job")
    click(docker, "panel.job.cancel_button")
    docker.until("not panel.studio.busy")
    assert docker.run("result = [names(), panel.job.error_text(), panel.job.status_text()]") == [
        *(["Photo"], ""),
        "Cancelled. Nothing was changed.",
    ]
    until(lambda: client.status()["running"] is None, "the job's end in the daemon")


def test_a_result_goes_into_the_document_it_was_made_for(docker):
    choose(docker, 1)
    docker.run("panel.perform('apply'); first = document; busy = panel.studio.busy")
    open_document(docker, 64, 64)
    docker.until("not panel.studio.busy")
    docker.run("second = document; document = first")
    assert docker.run("result = [busy, len(names())]") == [True, 2]
    assert docker.run("document = second; result = len(names())") == 1


def test_the_actions_do_what_the_buttons_do(docker):
    choose(docker, 6)
    docker.run("app.action('scumble_apply').trigger()")
    docker.until("len(names()) == 2 and not panel.studio.busy")
    choose(docker, 7)
    docker.run("app.action('scumble_repeat').trigger()")
    docker.until("len(names()) == 3 and not panel.studio.busy")
    assert docker.run("result = names()[1] == names()[2]")
    docker.run("app.action('scumble_open').trigger()")
    assert docker.run("result = panel.job.error_text()").startswith("No other image is open.")
    docker.run("app.action('scumble_live').trigger()")
    docker.until("previews()")
    docker.run("app.action('scumble_live').trigger()")
    docker.until("not previews()")
    docker.run("app.action('scumble_apply').trigger(); app.action('scumble_cancel').trigger()")
    docker.until("not panel.studio.busy")
    assert docker.run("result = len(names())") == 3


def test_a_layer_becomes_a_style(docker):
    docker.run(
        """
        sketch = document.createNode("Sketch", "paintlayer")
        document.rootNode().addChildNode(sketch, layer)
        fill(sketch, bytes([20, 200, 40, 255, 200, 20, 90, 255] * 5000), 0, 0, 100, 100)
        """
    )
    docker.until("is_active(sketch)")
    docker.run("panel.studio.set_effect(Effect())")
    click(docker, "panel.gallery._from_layer")
    docker.until("[s.title for s in panel.studio.effect.styles] == ['Sketch']")
    docker.until("is_active(layer)")
    click(docker, "panel.job.apply_button")
    docker.until("not panel.studio.busy and 'Sketch 100% · Photo' in names()")


def test_a_picture_is_learned_to_the_end_and_painted_as_learned(docker, client: Client):
    until(lambda: no_learning(client), "the end of earlier learnings")
    with Image.open(EXAMPLES / "styles" / "swirls.jpg") as image:
        turned = image.transpose(Image.Transpose.ROTATE_180)
    files = [docker.folder / name for name in (f"known-{os.urandom(4).hex()}.png", "unknown.png")]
    turned.save(files[0])
    # A picture that differs by one pixel is another style: it is painted as nobody has learned it.
    turned.putpixel((0, 0), (255, os.getpid() % 256, 0))
    turned.save(files[1])
    docker.run(
        f"""
        settings = panel.studio.library.settings
        panel.studio.learning._learning._steps = 3
        panel.studio.set_effect(Effect())
        panel.studio.choose_file({str(files[0])!r})
        key = panel.studio.effect.styles[0].key
        """
    )
    docker.until("panel.studio.learning.progress(key) is None", 100)
    click(docker, "panel.job.apply_button")
    docker.until("len(names()) == 2 and not panel.studio.busy")
    docker.run(
        """
        keep("photo.raw", layer.pixelData(0, 0, document.width(), document.height()))
        keep("painted.raw", document.topLevelNodes()[1].pixelData(0, 0, document.width(), document.height()))
        panel.studio.library._save(lambda _painted: settings)  # the library comes first
        """
    )
    size = docker.run("result = [document.width(), document.height()]")
    photo = Pixels(Extent(*size), PixelFormat("u8", "BGRA"), raw(docker, "photo"))
    learned, at_sight = (
        bytes(client.stylize(photo, style=StyleSource(file=file.read_bytes())).view()) for file in files
    )
    assert raw(docker, "painted") == learned
    difference = np.frombuffer(at_sight, np.uint8) - np.frombuffer(learned, np.uint8).astype(int)
    assert np.abs(difference).mean() > 2


def test_of_an_animated_layer_the_frame_in_front_is_painted_and_the_way_to_all_is_told(docker):
    choose(docker, 2)
    # Not by importAnimation: with a view open Krita 5.2 crashes there.
    docker.run("layer.enableAnimation(); document.waitForDone(); assert layer.animated()")
    click(docker, "panel.job.apply_button")
    assert "Only this frame" in docker.until("not panel.studio.busy and panel.job.error_text()")
    assert docker.run("result = panel.job._error.frames.isVisible()")
    docker.until("len(names()) == 2")
    assert docker.run("result = [layer.animated(), document.topLevelNodes()[1].animated()]") == [True, False]


def test_the_plugin_can_be_loaded_anew(docker):
    """As after an update of its files, without a new Krita: the old docker and the new one both work."""
    docker.run(
        """
        import sys
        for module in [name for name in sys.modules if name.split(".")[0] in ("scumble", "scumble_krita")]:
            del sys.modules[module]
        import scumble_krita
        from scumble_krita.docker import ScumbleDocker
        anew = ScumbleDocker()
        window.addDockWidget(Qt.LeftDockWidgetArea, anew)
        anew.show()
        """
    )
    docker.until("anew.widget().gallery.list.count() > 20")
    docker.run("anew.perform('apply')")
    docker.run("anew.widget().close_studio(); window.removeDockWidget(anew); anew.deleteLater(); del anew")
    choose(docker, 1)
    docker.run("panel.job.show_error(None)")
    click(docker, "panel.job.apply_button")
    docker.until("not panel.studio.busy and len(names()) >= 2")


def test_without_a_daemon_and_with_one_that_dies(start_krita, series, base, tmp_path):
    """A sentence each time, and a way on: never a box of Krita's. It quits with the preview still there."""
    place = Place(tmp_path)
    place.runtime = base / f"run-{series}"
    place.environment["SCUMBLE_RUNTIME_DIR"] = str(place.runtime)
    krita = start_krita(SCUMBLE_RUNTIME_DIR=str(place.runtime))
    show_docker(krita, gallery=False)
    text = krita.until("panel.job.error_text()")
    assert "not installed yet" in text
    assert "press Install" in text
    assert krita.run("result = panel.job._error.retry.isVisible()")
    process = place.spawn(SCUMBLE_IDLE_EXIT="3600")
    try:
        until(lambda: running_pids(place.runtime), "the daemon")
        click(krita, "panel.job._error.retry")
        krita.until("panel.gallery.list.count() > 20 and not panel.job.error_text()")
        open_photo(krita, 2000)
        choose(krita, 2)
        click(krita, "panel.job.live_button")
        krita.until("previews()")
        click(krita, "panel.job.apply_button")
        krita.until("panel.job._bar.value() > 60")  # beyond the reading of the layer
        os.kill(place.info.pid, signal.SIGKILL)
        process.wait()
        assert krita.until("not panel.studio.busy and panel.job.error_text()", 60)
        assert krita.run("result = [names()[0], len(names()), len(previews())]") == ["Photo", 2, 1]
    finally:
        process.kill()
        process.wait()
    assert krita.close() == 0, krita.log()[-2000:]
