"""Presets in the panel: saved by name, taken, deleted, and what goes wrong."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PyQt6 import QtWidgets

from scumble.editing import list_presets, save_preset
from scumble.editing.presets import presets_dir

from .driving import CONTROL, EXAMPLES, Panel, click, click_style, wait


@pytest.fixture(autouse=True)
def _none_before(daemon):
    shutil.rmtree(presets_dir(), ignore_errors=True)


def texts(menu: QtWidgets.QMenu) -> list[str]:
    return [action.text() for action in menu.actions() if not action.isSeparator()]


def opened(panel: Panel) -> QtWidgets.QMenu:
    """The menu as it is when it opens."""
    menu = panel.presets.menu_of_presets
    menu.aboutToShow.emit()
    return menu


def action(menu: QtWidgets.QMenu, text: str):
    return next(action for action in menu.actions() if action.text() == text)


def window(panel: Panel, name: str) -> QtWidgets.QDialog:
    found = lambda: [w for w in panel.window().findChildren(QtWidgets.QDialog, name) if w.isVisible()]  # noqa: E731
    wait(found)
    return found()[0]


def save(panel: Panel, name: str) -> None:
    action(opened(panel), "Save as a Preset…").trigger()
    dialog = window(panel, "scumble_save_preset")
    dialog.field.setText(name)
    click(dialog.save_button)
    wait(lambda: panel.job.status_text() == f"The preset {name} is saved.")


def test_what_is_set_is_saved_under_a_name_and_comes_back(panel):
    assert not action(opened(panel), "Save as a Preset…").isEnabled()
    click_style(panel, 2)
    click_style(panel, 4, CONTROL)
    panel.controls.weight._set(0.4)
    wanted = panel.studio.effect
    save(panel, "Fish & Chips")
    click_style(panel, 0)
    panel.controls.weight._set(0.9)
    menu = opened(panel)
    assert texts(menu) == ["Fish && Chips", "Save as a Preset…", "Delete a Preset"]
    action(menu, "Fish && Chips").trigger()
    assert panel.studio.effect == wanted


def test_a_name_that_is_there_is_told_and_replaced(panel):
    click_style(panel, 2)
    save(panel, "Mine")
    panel.controls.weight._set(0.3)
    action(opened(panel), "Save as a Preset…").trigger()
    dialog = window(panel, "scumble_save_preset")
    assert not dialog.save_button.isEnabled()
    dialog.field.setText("mine")
    assert "takes the place" in dialog.note.text()
    click(dialog.save_button)
    wait(lambda: [(p.name, p.effect.weight) for p in list_presets().found] == [("mine", 0.3)])


def test_deleting_asks_first(panel):
    click_style(panel, 2)
    save(panel, "Mine")
    for button, left in ((1, 1), (0, 0)):
        action(opened(panel), "Delete a Preset").menu().actions()[0].trigger()
        box = window(panel, "scumble_delete_preset")
        assert "Mine" in box.text()
        click(box.buttons()[button] if box.buttons()[0].text() == "Delete" else box.buttons()[1 - button])
        wait(lambda box=box: not box.isVisible())
        assert len(list_presets().found) == left


def test_what_cannot_be_saved_or_read_is_one_sentence(panel, document):
    panel._take_layer()
    action(opened(panel), "Save as a Preset…").trigger()
    dialog = window(panel, "scumble_save_preset")
    dialog.field.setText("Layer")
    click(dialog.save_button)
    wait(lambda: "A layer of one picture cannot be in a preset" in panel.job.error_text())
    presets_dir().mkdir(parents=True, exist_ok=True)
    (presets_dir() / "broken.json").write_text("{")
    opened(panel)
    assert "holds no preset that can be read" in panel.job.error_text()


def test_a_picture_of_a_preset_is_in_the_gallery(panel, tmp_path):
    picture = Path(shutil.copy(EXAMPLES / "styles" / "glass.jpg", tmp_path))
    panel.take_file(str(picture))
    save_preset("Glass", panel.studio.effect)
    other = panel.studio.effect
    click_style(panel, 5)
    action(opened(panel), "Glass").trigger()
    assert panel.studio.effect == other
    assert panel.studio.library.gallery.find("file", str(picture)) is not None
