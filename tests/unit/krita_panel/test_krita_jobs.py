"""What the panel does with the daemon: results, history, live mode, and what goes wrong."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

from daemon_process import noise
from PyQt6 import QtCore, QtTest, QtWidgets

from scumble import Client, ScumbleError
from scumble.conversion import as_pixels

from .driving import (
    CONTROL,
    LEFT,
    LEFT_HALF,
    NOTHING,
    Document,
    Panel,
    click,
    click_style,
    dispose,
    entry_point,
    painted,
    shown,
    wait,
)


def test_what_is_applied_is_the_clients_result(panel, document, daemon):
    assert not panel.job.apply_button.isEnabled()
    click_style(panel, 2)
    click(panel.job.apply_button)
    assert panel.job.cancel_button.isVisible()
    wait(lambda: not panel.studio.busy)
    name, result = document.above[0]
    assert name.endswith(" 100% · Photo")
    assert bytes(result.view()) == painted(daemon, panel.studio.effect, document.layer)
    assert document.threads == {threading.main_thread()}


def test_cancel_leaves_the_document_alone(panel, document):
    document.layer = as_pixels(noise(1600, 1600, channels=4))
    click_style(panel, 2)
    click(panel.job.apply_button)
    wait(lambda: panel.job._bar.value() > 0)
    click(panel.job.cancel_button)
    wait(lambda: not panel.studio.busy)
    assert document.above == []
    assert panel.job.status_text() == "Cancelled. Nothing was changed."
    assert panel.job.error_text() == ""


def test_several_layers_are_painted_in_turn_and_cancel_keeps_those_that_are(panel: Panel, document: Document):
    click_style(panel, 0)
    document.selected = ["a", "b", "c"]
    panel.perform("apply")
    wait(lambda: not panel.studio.busy)
    assert len(document.above) == 3
    document.selected = ["a"] * 500  # more than are painted before the click
    panel.perform("apply")
    wait(lambda: len(document.above) == 4)
    click(panel.job.cancel_button)
    wait(lambda: not panel.studio.busy)
    assert 4 <= len(document.above) < 503
    assert panel.job.status_text() == "Cancelled. The layers that are painted stay."


def test_cancel_counts_though_the_layer_is_done_already(panel: Panel, document: Document):
    click_style(panel, 0)
    document.selected = ["a", "b", "c"]
    panel.perform("apply")
    time.sleep(2)  # in which it is painted, and the docker has not heard of it
    panel.perform("cancel")  # a click would have Qt tell it first
    wait(lambda: not panel.studio.busy)
    assert len(document.above) <= 1
    assert panel.job.status_text().startswith("Cancelled.")


def test_the_history_outlives_the_panel(panel, document, daemon):
    click_style(panel, 2)
    panel.controls.weight._set(0.4)
    wanted = panel.studio.effect
    click(panel.job.apply_button)
    wait(lambda: not panel.studio.busy)
    other = shown(Panel(document))
    try:
        assert other.studio.effect == wanted
        assert other.history.count() == 1
        assert other.studio.library.settings.history[0].picture.startswith(b"\xff\xd8")
        other._past.set_open(True)
        other.controls.weight._set(0.9)
        wait(lambda: other.gallery.list.count() > 20)
        QtTest.QTest.mouseClick(other.history.viewport(), LEFT, NOTHING, entry_point(other, 0))
        assert other.studio.effect == wanted
        assert other.job.status_text() == f"Shown: {document.above[0][0]}"
        QtTest.QTest.mouseDClick(other.history.viewport(), LEFT, NOTHING, entry_point(other, 0))
        wait(lambda: len(document.above) == 2 and not other.studio.busy)
        assert bytes(document.above[0][1].view()) == bytes(document.above[1][1].view())
        assert other.history.count() == 2
    finally:
        dispose(other)


def test_editing_shows_what_the_layer_was_painted_with_and_replaces_it(panel, document):
    click(panel.job.edit_button)
    assert "not painted by Scumble" in panel.job.error_text()
    click_style(panel, 2)
    panel.controls.weight._set(0.4)
    first = panel.studio.effect
    click(panel.job.apply_button)
    wait(lambda: not panel.studio.busy)
    click_style(panel, 3)
    click(panel.job.edit_button)
    assert panel.job.error_text() == ""
    assert panel.studio.effect == first
    assert panel.job.edit_line.text().startswith("Editing: ")
    assert panel.job.apply_button.text() == "Replace"
    panel.controls.weight._set(0.6)
    click(panel.job.apply_button)
    wait(lambda: not panel.studio.busy)
    assert [name.split()[-3] for name, _result in document.above] == ["60%"]
    assert panel.job.apply_button.text() == "Apply"
    click(panel.job.edit_button)
    click(panel.job.edit_line.leave_button)
    assert panel.job.edit_line.text() == ""
    assert document.editing is None


def test_each_style_is_painted_in_its_place_and_live_shows_it(panel, document, daemon):
    click_style(panel, 0)
    assert not panel.mix._rows[0].place.isVisible()
    click_style(panel, 3, CONTROL)
    menu = panel.mix._rows[1].menu
    menu.aboutToShow.emit()
    next(action for action in menu.actions() if action.text() == "Layer Left").trigger()
    assert [row.place_text() for row in panel.mix._rows] == ["Where no other style is", "Layer Left"]
    click(panel.job.live_button)
    wait(lambda: document.preview is not None)
    preview = bytes(document.preview[1].view())
    click(panel.job.apply_button)
    wait(lambda: not panel.studio.busy)
    wanted = painted(daemon, panel.studio.effect, document.layer, coverage=lambda _mask: LEFT_HALF)
    assert bytes(document.above[0][1].view()) == preview == wanted
    assert wanted != painted(daemon, replace(panel.studio.effect, styles=plain(panel)), document.layer)
    click(panel.mix._rows[1].findChildren(QtWidgets.QToolButton)[-1])
    assert panel.studio.effect.styles[0].mask == ""


def test_what_is_protected_is_set_by_bars_and_a_mask_and_stays(panel, document, daemon):
    click_style(panel, 2)
    panel.protection.set_open(True)
    panel.protect.edges._set(0.5)
    panel.protect.menu.aboutToShow.emit()
    assert [action.text() for action in panel.protect.menu.actions()] == ["No mask", "Layer Left"]
    panel.protect.menu.actions()[1].trigger()
    assert panel.protect.where.toolTip() == "Layer Left"
    click(panel.job.apply_button)
    wait(lambda: not panel.studio.busy)
    effect = panel.studio.effect
    assert (effect.protect_edges, effect.protect_mask) == (0.5, "{8}")
    wanted = painted(daemon, effect, document.layer, coverage=lambda _mask: LEFT_HALF)
    assert bytes(document.above[0][1].view()) == wanted
    assert wanted != painted(daemon, replace(effect, protect_mask=""), document.layer)
    assert "Protect: Edges 50%, Mask" in panel.history.item(0).toolTip()


def plain(panel: Panel):
    return tuple(replace(style, mask="") for style in panel.studio.effect.styles)


def test_repeat_takes_the_last_settings_not_those_that_are_set(panel, document):
    first = click_style(panel, 2)
    panel.perform("apply")
    wait(lambda: not panel.studio.busy)
    click_style(panel, 5)
    panel.perform("repeat")
    wait(lambda: len(document.above) == 2 and not panel.studio.busy)
    assert document.above[0][0] == document.above[1][0]
    assert [style.value for style in panel.studio.library.settings.history[0].effect.styles] == [first]


def test_of_many_changes_the_newest_is_shown(panel, document, daemon):
    click_style(panel, 2)
    click(panel.job.live_button)
    wait(lambda: document.preview)
    before = document.previews
    for weight in range(5, 100, 5):
        panel.controls.weight._set(weight / 100)
        QtWidgets.QApplication.processEvents()
    wait(lambda: document.previews > before)
    assert " 95% " in document.preview[0]
    assert bytes(document.preview[1].view()) == painted(daemon, panel.studio.effect, document.layer)
    assert document.previews == before + 1
    click(panel.job.discard_button)
    assert document.preview is None
    assert not panel.studio.live.on
    assert panel.job.live_button.isVisible()


def test_the_preview_follows_the_layer_and_apply_takes_its_place(panel, document, daemon):
    click_style(panel, 2)
    click(panel.job.live_button)
    wait(lambda: document.preview)
    document.layer = as_pixels(noise(40, 56, channels=4, seed=5))
    wanted = painted(daemon, panel.studio.effect, document.layer)
    wait(lambda: bytes(document.preview[1].view()) == wanted)
    click(panel.job.apply_button)
    wait(lambda: document.above)
    assert document.preview is None
    assert bytes(document.above[0][1].view()) == wanted


def test_live_mode_ends_with_the_last_document(panel, document):
    click_style(panel, 2)
    click(panel.job.live_button)
    wait(lambda: document.preview)
    document.open = False
    wait(lambda: not panel.studio.live.on)
    assert panel.job.error_text() == ""


def test_without_a_document_a_sentence_says_so(panel, document):
    document.open = False
    click_style(panel, 2)
    for button in (panel.job.apply_button, panel.job.live_button):
        panel.job.show_error(None)
        click(button)
        assert panel.job.error_text() == "No image is open: open one first."
        assert not panel.studio.busy
        assert not panel.job.live_button.isChecked()


def test_a_bug_becomes_a_sentence_and_a_log(panel, document, monkeypatch, tmp_path, capfd):
    monkeypatch.setenv("SCUMBLE_LOG_DIR", str(tmp_path / "log"))
    document.read = lambda on_read, **_: 1 // 0
    click_style(panel, 2)
    click(panel.job.apply_button)
    assert "unexpected happened" in panel.job.error_text()
    assert "ZeroDivisionError" in (tmp_path / "log" / "krita.log").read_text()
    assert "Traceback" not in capfd.readouterr().err
    assert panel.job.apply_button.isEnabled()


def test_a_missing_daemon_is_told_and_can_be_tried_again(daemon, document, tmp_path, monkeypatch):
    monkeypatch.setenv("SCUMBLE_CONFIG_DIR", str(tmp_path))
    attempts = []

    def connect() -> Client:
        attempts.append(1)
        if len(attempts) < 2:
            raise ScumbleError("daemon-not-installed", "It is not installed.", hint="Install it.")
        return Client.connect()

    panel = shown(Panel(document, connect))
    try:
        wait(lambda: len(attempts) == 1 and panel.job.error_text())
        assert panel.job.error_text() == "It is not installed. Install it."
        assert panel.gallery.list.count() == 0
        click(panel.job._error.retry)
        wait(lambda: panel.gallery.list.count() > 20)
        assert panel.job.error_text() == ""
    finally:
        dispose(panel)


def test_settings_that_cannot_be_saved_do_not_lose_the_result(panel, document, tmp_path):
    click_style(panel, 2)
    (tmp_path / "krita.json").unlink(missing_ok=True)
    (tmp_path / "krita.json").mkdir()
    click(panel.job.apply_button)
    wait(lambda: not panel.studio.busy)
    assert len(document.above) == 1
    assert "could not be saved" in panel.job.error_text()
    click_style(panel, 3)
    click(panel.job.apply_button)
    wait(lambda: len(document.above) == 2)


def test_a_panel_that_goes_ends_its_thread(daemon, document, tmp_path, monkeypatch):
    monkeypatch.setenv("SCUMBLE_CONFIG_DIR", str(tmp_path))
    panel = shown(Panel(document))
    wait(lambda: panel.gallery.list.count() > 20)
    thread = panel.studio._controller._thread
    panel.deleteLater()
    QtWidgets.QApplication.sendPostedEvents(None, QtCore.QEvent.Type.DeferredDelete)
    wait(lambda: not thread.is_alive())
