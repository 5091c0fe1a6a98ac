"""A painting that becomes a style in the panel is learned, shows how far that is; a setting turns it off."""

from __future__ import annotations

import threading

import pytest
from PyQt6 import QtGui, QtWidgets
from scumble_krita.panel.gallery_list import GAP

from scumble.editing import load_settings, settings_file

from .driving import EXAMPLES, Panel, wait

PAINTING = str(EXAMPLES / "styles" / "planes.jpg")
KEY = ("file", PAINTING)


@pytest.fixture
def few_steps(panel: Panel) -> None:
    """Two steps instead of minutes."""
    panel.studio.learning._learning._steps = 2


def white_below(panel: Panel) -> int:
    """White pixels along the lower edge of the painting's picture in the gallery."""
    view = panel.gallery.list
    row = next(row for row in range(view.count()) if view.style_at(row).choice.key == KEY)
    cell = view.visualItemRect(view.item(row))
    image = view.viewport().grab(cell).toImage()
    white, y = QtGui.QColor(255, 255, 255).rgb(), GAP + view.side() - 3
    return sum(image.pixel(x, y) == white for x in range(image.width()))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_painting_is_learned_while_it_is_a_style_already(panel, few_steps):
    heard: list[tuple[tuple[str, str], bool]] = []
    panel.studio.learning.went_on.connect(lambda key, painted: heard.append((key, painted)))
    panel.take_file(PAINTING)
    assert [style.key for style in panel.studio.effect.styles] == [KEY]
    assert panel.studio.learning.progress(KEY) == 0.0
    for _ in range(4):  # a step may take its time on a busy machine
        if panel.studio.learning.progress(KEY) is not None:
            known = len(heard)
            wait(lambda known=known: len(heard) > known)
    wait(lambda: panel.studio.learning.progress(KEY) is None)
    assert {key for key, _ in heard} == {KEY}
    assert heard[-1][1]
    assert panel.job.error_text() == ""


def test_the_bar_on_a_picture_shows_how_far_it_is(panel, monkeypatch):
    monkeypatch.setattr(panel.studio.learning, "learn", lambda choice, effect: None)
    panel.take_file(PAINTING)
    shown: list[float | None] = [None]
    panel.gallery.list.progress_of = lambda key: shown[0] if key == KEY else None
    widths = []
    for shown[0] in (None, 0.25, 0.75):
        panel.gallery.list.viewport().update()
        QtWidgets.QApplication.processEvents()
        widths.append(white_below(panel))
    side = panel.gallery.list.side()
    assert widths[1] < widths[2] <= side
    assert abs(widths[2] - 0.75 * side) <= 0.1 * side  # a frame is white too


def test_the_setting_turns_it_off_and_is_remembered(panel, monkeypatch):
    asked: list[object] = []
    monkeypatch.setattr(
        panel.studio.learning._learning, "learn", lambda choice, *_args: asked.append(choice.key)
    )
    box = panel.controls.learn
    assert box.isChecked()
    panel.controls.more.set_open(True)
    box.click()
    assert not load_settings(settings_file("krita")).learn
    panel.take_file(PAINTING)
    assert asked == []
    box.click()
    assert load_settings(settings_file("krita")).learn
    assert asked == [KEY]


def test_what_cannot_be_learned_is_told(panel, tmp_path, few_steps):
    gray = tmp_path / "gray.png"
    image = QtGui.QImage(64, 64, QtGui.QImage.Format.Format_RGB32)
    image.fill(0xFF808080)
    assert image.save(str(gray))
    panel.take_file(str(gray))
    wait(lambda: panel.job.error_text())
    assert "one colour" in panel.job.error_text()
    assert threading.current_thread() is threading.main_thread()
