"""A daemon, a document and a panel for each test."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ["QT_QPA_PLATFORM"] = "offscreen"
sys.path.insert(0, str(Path(__file__).parents[2] / "integration"))
sys.path.insert(0, str(Path(__file__).parents[3] / "plugin_krita"))
try:
    from PyQt6 import QtWidgets
except ImportError as error:  # its wheels need libGL and libEGL of the system
    if os.environ.get("CI", "").lower() in ("1", "true") or os.environ.get("SCUMBLE_EDITOR_TESTS") == "1":
        raise
    pytest.skip(f"PyQt6 cannot be loaded: {error}", allow_module_level=True)


from daemon_process import Place

from scumble import Client

from .driving import Document, Panel, dispose, shown, wait


@pytest.fixture(scope="session", autouse=True)
def application() -> QtWidgets.QApplication:
    return QtWidgets.QApplication.instance() or QtWidgets.QApplication([])


@pytest.fixture(scope="module")
def daemon() -> Iterator[Client]:
    with tempfile.TemporaryDirectory(prefix="scumble-") as root, pytest.MonkeyPatch.context() as env:
        place = Place(Path(root))
        for name, value in place.environment.items():
            env.setenv(name, value)
        with Client.connect() as client:
            yield client
        place.stop()


@pytest.fixture
def document() -> Document:
    return Document()


@pytest.fixture
def panel(daemon: Client, document: Document, tmp_path, monkeypatch) -> Iterator[Panel]:
    """A panel 250 pixels wide whose gallery is filled; its settings are the test's own."""
    monkeypatch.setenv("SCUMBLE_CONFIG_DIR", str(tmp_path))
    panel = shown(Panel(document))
    wait(lambda: panel.gallery.list.count() > 20)
    yield panel
    dispose(panel)
