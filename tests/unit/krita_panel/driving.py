"""What drives a panel: a document of bytes in the editor's place, and a mouse."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from daemon_process import noise
from PyQt6 import QtCore, QtGui, QtTest, QtWidgets
from scumble_krita.panel.editor import Clip, Editor, Other, Painted, Work
from scumble_krita.panel.panel import Panel

from scumble import Client, Pixels, ScumbleError
from scumble.conversion import as_pixels
from scumble.editing import Effect, StyleChoice
from scumble.editing.effect import ELSEWHERE

WAIT_S = 60.0
EXAMPLES = Path(__file__).parents[3] / "examples"
LEFT = QtCore.Qt.MouseButton.LeftButton
LEFT_HALF = (b"\xff" * 28 + b"\x00" * 28) * 40
CONTROL = QtCore.Qt.KeyboardModifier.ControlModifier
NOTHING = QtCore.Qt.KeyboardModifier.NoModifier


class Frames(Clip):
    """Frames of noise, one of them held, and what became of them; `broken` is raised at the third."""

    layer, name, times = "Moving", "Painted", range(6)

    def __init__(self, broken: ScumbleError | None = None) -> None:
        self.pictures = [as_pixels(noise(40, 56, channels=4, seed=seed)) for seed in (1, 1, 2, 3, 4, 5)]
        self.results: dict[int, Pixels] = {}
        self.broken, self.finished, self.closed = broken, False, False

    def look(self, time: int) -> None:
        assert not self.closed

    def distinct(self) -> list[int]:
        return [0, 2, 3, 4, 5]

    def read(self, time: int) -> Work:
        assert not self.closed
        return Work(self.layer, self.pictures[time])

    def put(self, time: int, result: Pixels) -> None:
        if self.broken is not None and len(self.results) == 2:
            raise self.broken
        self.results[time] = result

    def finish(self) -> QtGui.QImage:
        self.finished = True
        return QtGui.QImage(8, 8, QtGui.QImage.Format.Format_ARGB32)

    def close(self) -> None:
        self.closed = True


class Document(Editor):
    """An image of one layer, and what was put above it."""

    def __init__(self) -> None:
        self.open = True
        self.frames = Frames()
        self.selected: list[str] = []
        self.rest: list[Other] = []
        self.with_which: Effect | None = None
        self.layer = as_pixels(noise(40, 56, channels=4))
        self.above: list[tuple[str, Pixels]] = []
        self.effects: dict[str, Effect] = {}
        self.chosen: list[Painted] = []
        self.left: list[tuple[bytes, ...]] = []
        self.editing: str | None = None
        self.preview: tuple[str, Pixels] | None = None
        self.previews = 0
        self.threads: set[threading.Thread] = set()

    def _work(self) -> Work:
        self.threads.add(threading.current_thread())
        if not self.open:
            raise ScumbleError("bad-layer", "No image is open: open one first.")
        return Work("Photo", self.layer)

    def is_open(self) -> bool:
        return self.open

    def read(self, on_read: Callable[[float], Any], *, whole: bool = False, layer: str = "") -> Work:
        on_read(1.0)
        return self._work()

    def insert(self, work: Work, result: Pixels, name: str, effect: Effect) -> QtGui.QImage:
        self.threads.add(threading.current_thread())
        if self.editing is not None:
            self.above = [layer for layer in self.above if layer[0] != self.editing]
        self.above.append((name, result))
        self.effects[name] = effect
        width, height = result.extent
        image = QtGui.QImage(bytes(result.view()), width, height, QtGui.QImage.Format.Format_RGBA8888)
        return image.copy()

    def layers(self) -> list[str]:
        return self.selected

    def others(self) -> list[Other]:
        return self.rest

    def painted_with(self) -> Effect | None:
        return self.with_which

    def painted(self) -> list[Painted]:
        return self.chosen

    def insert_unstyled(self, work: Work, result: Pixels, name: str, reversals: tuple[bytes, ...]) -> None:
        self.above.append((name, result))
        self.left.append(reversals)

    def clip(self, effect: Effect) -> Frames:
        return self.frames

    def show_painted(self, effect: Effect) -> str:
        shown = [name for name, made in self.effects.items() if made == effect]
        return f"Shown: {shown[-1]}" if shown else ""

    def edit(self) -> Effect:
        if not self.above:
            raise ScumbleError("bad-layer", "This layer was not painted by Scumble.")
        self.editing = self.above[-1][0]
        return self.effects[self.editing]

    def edited(self) -> str | None:
        return self.editing

    def leave_edited(self) -> None:
        self.editing = None

    def glance(self, side: int, *, whole: bool = False) -> Work:
        return self._work()

    def show_preview(self, work: Work, result: Pixels, name: str) -> None:
        self.preview = (name, result)
        self.previews += 1

    def remove_preview(self) -> None:
        self.preview = None

    def places(self) -> list[tuple[str, str]]:
        return [("", "Everywhere"), (ELSEWHERE, "Where no other style is"), ("{8}", "Layer Left")]

    def coverage(self, work: Work, mask: str) -> bytes:
        assert mask == "{8}"
        return LEFT_HALF

    def style_layer(self) -> tuple[StyleChoice, QtGui.QImage]:
        self._work()
        return StyleChoice("layer", "{7}", "Sketch"), QtGui.QImage(str(EXAMPLES / "styles" / "glass.jpg"))

    def layer_pixels(self, value: str) -> Pixels:
        assert value == "{7}"
        return as_pixels(EXAMPLES / "styles" / "glass.jpg")


def shown(panel: Panel) -> Panel:
    panel.resize(250, 900)
    panel.show()
    return panel


def dispose(panel: Panel) -> None:
    panel.close_studio()
    panel.deleteLater()
    QtWidgets.QApplication.sendPostedEvents(None, QtCore.QEvent.Type.DeferredDelete)


def wait(condition: Callable[[], object]) -> None:
    """Let Qt work until something is so."""
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        QtWidgets.QApplication.processEvents(QtCore.QEventLoop.ProcessEventsFlag.AllEvents, 20)
        time.sleep(0.005)


def click_style(panel: Panel, row: int, modifier: QtCore.Qt.KeyboardModifier = NOTHING) -> str:
    """Click a picture of the gallery; the name of its style."""
    view = panel.gallery.list
    view.scrollToItem(view.item(row))
    point = view.visualItemRect(view.item(row)).center()
    QtTest.QTest.mouseClick(view.viewport(), LEFT, modifier, point)
    return view.style_at(row).choice.value


def click(button: QtWidgets.QAbstractButton) -> None:
    QtWidgets.QApplication.processEvents()  # what was just added is laid out
    assert button.isEnabled()
    assert button.isVisible()
    QtTest.QTest.mouseClick(button, LEFT)


def names(panel: Panel) -> list[str]:
    return [style.value for style in panel.studio.effect.styles]


def painted(client: Client, effect: Effect, layer: Pixels, **sources: Any) -> bytes:
    """What the client makes of that effect."""
    return bytes(client.submit(effect.request(layer, **sources)).result(WAIT_S).view())


def entry_point(panel: Panel, row: int) -> QtCore.QPoint:
    return panel.history.visualItemRect(panel.history.item(row)).center()
