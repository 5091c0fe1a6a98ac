"""A Krita in German: the actions where an artist looks for them, in the menu and among the shortcuts."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from krita_docker import click, show_docker

from scumble_daemon.plugins.catalogue import read_po

pytestmark = pytest.mark.editors

PLUGIN = Path(__file__).parents[2] / "plugin_krita"
LISTED = """
from PyQt5.QtCore import QTimer
from PyQt5.QtWidgets import QDialog, QListView, QMenu, QTreeWidget, QTreeWidgetItemIterator
def listed():
    # What Settings > Configure Krita > Keyboard Shortcuts shows; its page is made when it is chosen.
    found = set()
    for dialog in [one for one in QApplication.topLevelWidgets() if isinstance(one, QDialog)]:
        for pages in dialog.findChildren(QListView):
            page = pages.model().index(1, 0) if pages.model() is not None else None
            if page is not None and page.data() == "Keyboard Shortcuts":
                pages.setCurrentIndex(page)
        for view in dialog.findChildren(QTreeWidget):
            walk = QTreeWidgetItemIterator(view)
            while walk.value() is not None:
                found.add(walk.value().text(0))
                walk += 1
    return [text for text in found if text.startswith("Scumble: ")]
"""


def test_in_a_german_krita_the_actions_are_german_in_the_menu_and_among_the_shortcuts(start_krita):
    krita = start_krita(LANGUAGE="de")
    german = read_po(PLUGIN / "scumble_krita" / "locale" / "de.po")
    actions = list(ElementTree.parse(PLUGIN / "scumble_krita.action").iter("Action"))
    names = [action.get("name") for action in actions]
    titles = [german[action.findtext("text") or ""] for action in actions]
    tips = [german[action.findtext("toolTip") or ""] for action in actions]
    assert krita.run(f"result = [app.action(name).text() for name in {names}]") == titles
    assert krita.run(f"result = [app.action(name).toolTip() for name in {names}]") == tips
    krita.run(LISTED)
    menus = krita.run(
        f"""
        shown = [app.action(name).associatedWidgets() for name in {names}]
        result = [any(isinstance(one, QMenu) for one in widgets) for widgets in shown]
        """
    )
    assert all(menus), menus
    krita.run("QTimer.singleShot(0, app.action('options_configure').trigger)")
    assert sorted(krita.until("listed()")) == sorted(titles)
    krita.run("[one.reject() for one in QApplication.topLevelWidgets() if isinstance(one, QDialog)]")

    show_docker(krita)  # and a search knows the German words of families, kinds of mark and tags
    shown = "sorted(style.title for style in panel.gallery.list._styles)"
    click(krita, "panel.gallery._search")
    krita.shell("xdotool type --delay 40 'holzschnitt schnee'")
    krita.until(f"{shown} == ['Abendschnee bei Kanbara']")
    assert krita.run("result = panel.gallery.list._styles[0].family") == "Ukiyo-e"
