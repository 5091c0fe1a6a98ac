"""Presets in the real GIMP, by mouse: saved, taken by another run, deleted."""

from __future__ import annotations

from pathlib import Path

import pytest
from daemon_process import until
from gimp_dialog import (
    FIFTH,
    FOURTH,
    MIX,
    PRESETS,
    choose_a_style,
    click,
    content,
    leave,
    open_dialog,
    paint,
)

from scumble.editing import Effect, StyleChoice, list_presets, load_preset, save_preset
from scumble.editing.presets import presets_dir

pytestmark = pytest.mark.editors


@pytest.fixture(autouse=True)
def none_before_and_after(daemon):
    yield
    for file in presets_dir().glob("*.json"):
        file.unlink()


def test_what_is_set_is_saved_and_another_is_taken_and_painted(new_gimp):
    gimp = new_gimp
    save_preset("Pale comic", Effect((StyleChoice("library", "comic", "Comic"),), weight=0.4))
    running, window = open_dialog(gimp, "300, 200")
    choose_a_style(gimp, window, FOURTH)
    click(gimp, window, PRESETS)
    gimp.shell("xdotool key --delay 200 Down Down Return")  # after the one preset and the line: save
    saving = gimp.window("^Save as a Preset$")
    gimp.shell(f"xdotool windowactivate --sync {saving} type --delay 40 'My boating: party'")
    gimp.shell("xdotool key Return")
    until(lambda: len(list_presets().found) == 2, "the preset")
    saved = load_preset("my boating: party").effect
    assert [style.value for style in saved.styles] == ["boating-party"]

    before = content(gimp, window, MIX)
    click(gimp, window, PRESETS)
    gimp.shell("xdotool key --delay 200 Down Down Return")
    until(lambda: content(gimp, window, MIX)[1] != before[1], "the style of the other preset")
    assert paint(gimp, running, window)["name"] == "Comic 40% · Background"


def test_one_is_deleted_after_a_question_and_a_damaged_file_is_told(new_gimp, daemon):
    gimp = new_gimp
    save_preset("Comic", Effect((StyleChoice("library", "comic", "Comic"),)))
    (presets_dir() / "bad.json").write_text("{")
    running, window = open_dialog(gimp, "300, 200")
    click(gimp, window, PRESETS)
    gimp.shell("xdotool key --delay 200 Up Right Return")
    question = gimp.window("^Delete a Preset$")
    assert [preset.name for preset in list_presets().found] == ["Comic"]
    gimp.shell(f"xdotool windowactivate --sync {question} key alt+d")
    until(lambda: not list_presets().found, "the preset to be gone")
    log = Path(daemon.environment["SCUMBLE_LOG_DIR"], "gimp.log").read_text()
    assert "bad.json holds no preset" in log
    leave(gimp, running, window)


def test_what_was_painted_before_is_taken_from_the_menu(new_gimp):
    gimp = new_gimp
    running, window = open_dialog(gimp, "300, 200")
    choose_a_style(gimp, window, FOURTH)
    first = paint(gimp, running, window)["name"]
    running, window = open_dialog(gimp, "300, 200")
    choose_a_style(gimp, window, FIFTH)
    paint(gimp, running, window)
    running, window = open_dialog(gimp, "300, 200")
    before = content(gimp, window, MIX)
    click(gimp, window, PRESETS)
    # "No preset is saved yet" is passed over; the second of those painted before is the first one.
    gimp.shell("xdotool key --delay 200 Up Right Down Return")
    until(lambda: content(gimp, window, MIX)[1] != before[1], "the style of the first result")
    assert paint(gimp, running, window)["name"] == first
