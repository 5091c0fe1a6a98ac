"""The widgets of the panel, driven by mouse and keyboard."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from PyQt6 import QtCore, QtGui, QtTest, QtWidgets
from scumble_krita.panel.gallery_list import fitted

from scumble.editing import Effect, load_settings, settings_file

from .driving import CONTROL, EXAMPLES, LEFT, NOTHING, Panel, click, click_style, names, painted, wait


def test_nothing_is_clipped_at_250_pixels(panel):
    panel.controls.more.set_open(True)
    click_style(panel, 0)
    click_style(panel, 1, CONTROL)
    QtWidgets.QApplication.processEvents()
    content = panel._scroll.widget()
    assert content.minimumSizeHint().width() <= panel._scroll.viewport().width()
    for child in content.findChildren(QtWidgets.QWidget):
        if child.isVisible() and child.parentWidget() is content:
            assert child.geometry().right() <= content.width(), child


def test_the_grid_has_as_many_columns_as_fit(panel):
    def columns() -> int:
        view = panel.gallery.list
        tops = [view.visualItemRect(view.item(row)).top() for row in range(view.count())]
        return tops.count(tops[0])

    narrow = columns()
    panel.resize(500, 900)
    wait(lambda: columns() >= 2 * narrow)
    assert narrow >= 3


def test_search_and_groups_show_a_part(panel):
    everything = panel.gallery.list.count()
    panel.gallery._search.setText("chalk")
    assert 0 < panel.gallery.list.count() < everything
    panel.gallery._search.setText("there is no such style")
    assert panel.gallery.list.count() == 0
    panel.gallery._search.clear()
    name = click_style(panel, 4)
    click(panel.gallery._star)
    panel.gallery.show_group("favourites")
    assert [panel.gallery.list.style_at(row).choice.value for row in range(panel.gallery.list.count())] == [
        name
    ]
    assert [style.value for style in load_settings(settings_file("krita")).favourites] == [name]
    click(panel.gallery._star)
    assert panel.gallery.list.count() == 0


def test_a_click_replaces_and_a_click_with_control_mixes(panel):
    first, second = click_style(panel, 0), click_style(panel, 3)
    assert names(panel) == [second]
    click_style(panel, 0, CONTROL)
    assert names(panel) == [second, first]
    panel.mix._rows[0].bar._set(0.7)
    assert [round(style.amount, 3) for style in panel.studio.effect.styles] == [0.7, 0.3]
    assert names(panel) == [second, first]
    click_style(panel, 0, CONTROL)  # and out again
    assert names(panel) == [second]
    click(panel.mix._more)
    click_style(panel, 0)
    assert names(panel) == [second, first]
    third = click_style(panel, 5, CONTROL)
    fourth = click_style(panel, 7, CONTROL)
    click_style(panel, 8, CONTROL)
    assert names(panel) == [second, first, third, fourth]
    assert not panel.mix._more.isVisible()
    click(panel.mix._rows[1].findChildren(QtWidgets.QToolButton)[-1])
    assert first not in names(panel)
    assert sum(style.amount for style in panel.studio.effect.styles) == pytest.approx(1)
    alone = click_style(panel, 3)
    assert names(panel) == [alone]


def test_the_gallery_stays_where_it_is_while_styles_are_clicked(panel):
    def place() -> tuple[int, int]:
        view = panel.gallery.list
        corner = view.viewport().mapToGlobal(view.visualItemRect(view.item(4)).topLeft())
        return corner.x(), corner.y()

    QtWidgets.QApplication.processEvents()
    before = place()
    for row, modifier in ((4, NOTHING), (1, CONTROL), (2, CONTROL), (3, CONTROL), (4, NOTHING)):
        click_style(panel, row, modifier)
        QtWidgets.QApplication.processEvents()
        assert place() == before


def test_names_are_whole_and_two_rows_and_a_half_are_in_sight(panel):
    view, cut = panel.gallery.list, []
    for row in range(view.count()):
        _letters, lines = fitted(view.style_at(row).title, view.font(), view.side() + 4)
        assert len(lines) <= 3
        if any(line.endswith("…") for line in lines):
            cut.append(view.style_at(row).title)
    assert len(cut) <= 2, cut  # 250 pixels are the least that a docker has
    assert view.viewport().height() >= 2.4 * view.gridSize().height()


def test_styles_are_grouped_by_the_kind_of_their_marks(panel):
    everything = panel.gallery.list.count()
    panel.gallery.show_group("ink")
    shown = [panel.gallery.list.style_at(row) for row in range(panel.gallery.list.count())]
    assert 0 < len(shown) < everything
    assert {style.mark for style in shown} == {"ink"}
    panel.gallery._search.setText("sausage")
    assert panel.gallery.list._empty == "No style is like that."


def test_the_layer_is_shown_under_the_mouse_and_as_an_option_everywhere(panel):
    layers, view = panel.studio.glimpses.layers, panel.gallery.list
    first, third = (view.style_at(row).choice for row in (0, 2))
    view._hovered = 2
    view.look()
    wait(lambda: layers.of(third))
    assert layers.of(first) is None
    click(panel.gallery.layer_box)
    wait(lambda: layers.of(first))
    assert load_settings(settings_file("krita")).on_layer
    assert view.picture(view.style_at(0), False) is layers.of(first)
    assert view.picture(view.style_at(0), True) is not layers.of(first)


def drop(panel: Panel, file: Path) -> bool:
    mime = QtCore.QMimeData()
    mime.setUrls([QtCore.QUrl.fromLocalFile(str(file))])
    where = QtCore.QPointF(120, 100)
    action, button = QtCore.Qt.DropAction.CopyAction, QtCore.Qt.MouseButton.LeftButton
    enter = QtGui.QDragEnterEvent(where.toPoint(), action, mime, button, NOTHING)
    QtWidgets.QApplication.sendEvent(panel, enter)
    if enter.isAccepted():
        QtWidgets.QApplication.sendEvent(panel, QtGui.QDropEvent(where, action, mime, button, NOTHING))
    return enter.isAccepted()


@pytest.mark.slow
def test_a_picture_that_is_dropped_becomes_the_style(panel, document, daemon):
    file = EXAMPLES / "styles" / "swirls.jpg"
    assert drop(panel, file)
    assert names(panel) == [str(file)]
    click(panel.job.apply_button)
    wait(lambda: document.above)
    assert document.above[0][0] == "swirls 100% · Photo"
    assert bytes(document.above[0][1].view()) == painted(daemon, panel.studio.effect, document.layer)


def test_a_file_that_is_no_picture_is_refused_with_a_sentence(panel, tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    drop(panel, tmp_path / "notes.txt")
    assert names(panel) == []
    assert "no picture" in panel.job.error_text()


def test_the_current_layer_becomes_a_style(panel, document, daemon):
    click(panel.gallery._from_layer)
    assert [style.label for style in panel.studio.effect.styles] == ["Sketch"]
    click(panel.job.apply_button)
    wait(lambda: document.above)
    wanted = painted(daemon, panel.studio.effect, document.layer, layer_pixels=document.layer_pixels)
    assert bytes(document.above[0][1].view()) == wanted


def test_a_bar_is_dragged_typed_and_turned(panel):
    bar = panel.controls.weight
    QtTest.QTest.mouseClick(bar, LEFT, NOTHING, QtCore.QPoint(bar.width() // 2, 5))
    assert panel.studio.effect.weight == pytest.approx(0.5, abs=0.01)
    QtTest.QTest.mouseDClick(bar, LEFT, NOTHING, QtCore.QPoint(5, 5))
    QtTest.QTest.keyClicks(bar._typed, "35")
    QtTest.QTest.keyClick(bar._typed, QtCore.Qt.Key.Key_Return)
    assert panel.studio.effect.weight == pytest.approx(0.35)
    assert bar.text() == "35%"
    QtTest.QTest.keyClick(bar, QtCore.Qt.Key.Key_Right)
    assert panel.studio.effect.weight == pytest.approx(0.36)
    panel.controls.stroke._set(9.0)
    assert panel.studio.effect.stroke_size == 4.0


def test_choices_reach_the_effect(panel):
    wait(lambda: panel.controls.engine.findText("Photo look") >= 0)
    for combo, field, value in (
        (panel.controls.engine, "engine", "photo"),
        (panel.controls.colours, "preserve_color", "palette"),
        (panel.controls.tiling, "tiling", "exact"),
        (panel.controls.device, "device", "cpu"),
    ):
        combo.setCurrentIndex(combo.findData(value))
        assert getattr(panel.studio.effect, field) == value


def test_an_engine_without_strokes_greys_their_size_out_and_says_why(panel):
    wait(lambda: panel.controls.engine.findText("Photo look") >= 0)
    engine, stroke = panel.controls.engine, panel.controls.stroke
    assert stroke.isEnabled()
    engine.setCurrentIndex(engine.findData("photo"))
    assert not stroke.isEnabled()
    assert "no strokes" in stroke.toolTip()
    engine.setCurrentIndex(engine.findData("microast"))
    assert stroke.isEnabled()
    assert "no strokes" not in stroke.toolTip()


def test_a_name_is_the_same_effect_after_a_round_trip(panel):
    """What the history keeps is what the panel sets."""
    click_style(panel, 2)
    effect = replace(panel.studio.effect, detail=0.25, tiling="exact")
    panel.studio.set_effect(effect)
    panel.controls.show_effect(effect)
    assert panel.controls.detail.value_shown() == 0.25
    assert Effect.from_dict(json.loads(json.dumps(effect.to_dict()))) == effect
