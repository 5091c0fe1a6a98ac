"""The docker of a Krita under test: brought into sight, clicked, and given a photo to paint."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from krita_images import INSIDE
from krita_session import KritaSession

EXAMPLES = Path(__file__).parents[2] / "examples"
WIDTH = 250
DOCKER = '''
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QDockWidget, QLineEdit
window = app.activeWindow().qwindow()
docker = window.findChild(QDockWidget, "scumble_docker")
panel = docker.widget()
for other in window.findChildren(QDockWidget):
    if other.objectName() not in ("scumble_docker", "KisLayerBox"):
        other.setVisible(False)
window.showMaximized()
docker.setVisible(True)
docker.raise_()
window.resizeDocks([docker], [700], Qt.Vertical)
panel.gallery.show_group("all")

def place_of(widget):
    for area in (panel._scroll, panel._install_scroll):  # one that does not hold the widget leaves it alone
        area.ensureWidgetVisible(widget)
    QApplication.processEvents()
    point = widget.mapToGlobal(widget.rect().center())
    return [point.x(), point.y()]

def target_of(widget):
    """Where a click hits the widget, or nothing while it is disabled, covered or still being laid out."""
    point = place_of(widget)
    hit = QApplication.widgetAt(*point)
    ready = widget.isEnabled() and hit is not None and (hit is widget or widget.isAncestorOf(hit))
    return point if ready else None

def first_of(widget, row=0):
    point = widget.viewport().mapToGlobal(widget.visualItemRect(widget.item(row)).center())
    return [point.x(), point.y()]

def previews():
    return [n.name() for n in document.topLevelNodes() if n.name().startswith("[Preview]")]

def names():
    return [n.name() for n in document.topLevelNodes() if n.type() == "paintlayer"]
'''


def show_docker(krita: KritaSession, gallery: bool = True) -> None:
    """Bring the docker up as narrow as it may become, as `panel`, with its gallery filled."""
    krita.run(f'if "D" not in globals(): exec({INSIDE!r}, globals())\nexec({DOCKER!r}, globals())')
    krita.until(
        "window.isMaximized() and window.width() > window.screen().availableGeometry().width() - 100"
    )  # until then a click may miss
    krita.run(f"window.resizeDocks([docker], [{WIDTH}], Qt.Horizontal)")
    if gallery:
        krita.until("panel.gallery.list.count() > 20")


def click(krita: KritaSession, widget: str, times: int = 1) -> None:
    """Click a widget with the mouse, once it has stayed in its place for two looks."""
    earlier = None
    while (found := krita.until(f"target_of({widget})")) != earlier:
        earlier = found
        time.sleep(0.1)
    x, y = found
    krita.shell(f"xdotool mousemove {x} {y} click --repeat {times} --delay 60 1")


def open_photo(krita: KritaSession, width: int = 0) -> None:
    """Open a photo, as `document`, with a layer named Photo; `width` scales it."""
    shutil.copy(EXAMPLES / "photos" / "coffee.jpg", krita.folder)
    krita.run(
        f"""
        if "D" not in globals():
            exec({INSIDE!r}, globals())
        document = app.openDocument(str(FOLDER / "coffee.jpg"))
        document.setBatchmode(True)
        if {width}:
            document.scaleImage({width}, {width} * 2 // 3, 72, 72, "Bilinear")
        in_view(document)
        """
    )
    krita.until("app.activeDocument() == document and document.activeNode() is not None")
    krita.run('layer = document.activeNode(); layer.setName("Photo"); document.waitForDone()')


def choose(krita: KritaSession, number: int = 0) -> str:
    """Choose a style of the gallery as a click does; its name in the library."""
    return krita.run(
        f"""
        style = panel.studio.library.gallery.shown()[{number}]
        panel.studio.set_effect(Effect(weight=0.8))
        panel.gallery.chosen.emit(style, False)
        result = style.choice.value
        """
    )
