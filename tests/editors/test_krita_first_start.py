"""A newcomer's first start in the real Krita: no engine, an Install button, and then a painted layer.

On the way the line is blocked, another editor is at it, and the artist stops it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from daemon_process import until
from install_kit import Index, newcomer
from krita_docker import choose, click, open_photo, show_docker

from scumble.install.engine import read_engine, write_engine
from scumble.install.installer import LOCK
from scumble.locking import open_lock, try_lock
from scumble_daemon.plugins.bundle import assemble_krita

pytestmark = pytest.mark.editors


@pytest.fixture(scope="session")
def packed(base, kit) -> Path:
    """A folder with the plug-in as `make dist` packs it."""
    folder = base / "packed-krita"
    folder.mkdir()
    kit.add_to(assemble_krita(folder))
    return folder


@pytest.fixture
def index(kit) -> Iterator[Index]:
    """What the engine is downloaded from."""
    server = Index(kit.wheels)
    yield server
    server.shutdown()
    server.server_close()


@contextlib.contextmanager
def another_editor_at_it(engine: Path) -> Iterator[None]:
    """While it installs the engine."""
    lock = open_lock(engine / LOCK)
    until(lambda: try_lock(lock), "the installation before to let go")
    yield
    os.close(lock)


def test_the_first_start_offers_the_engine_installs_it_and_paints(
    start_krita, series, base, packed, index, portable
):
    home = base / f"newcomer-krita-{series}"
    home.mkdir()
    engine = home / "data" / "engine"
    index.blocked = True
    own = {"PIP_INDEX_URL": index.url, "UV_HTTP_RETRIES": "0"}
    krita = start_krita(plugin=packed, **newcomer(home, portable), **own)
    open_photo(krita)
    show_docker(krita, gallery=False)

    assert krita.until("panel.install.isVisible() and panel.install.press.text()").startswith(
        "Install (about "
    )
    assert krita.run("result = panel.job.isVisible()") is False, "there is nothing to paint with yet"
    click(krita, "panel.install.press")
    krita.until("'their server cannot be reached' in panel.install.problem.text()")
    assert krita.run("result = panel.install.log.horizontalScrollBar().maximum()") == 0, "lines are cut"
    index.blocked = False
    with another_editor_at_it(engine):
        assert krita.run("result = panel.install.press.text()") == "Continue"
        click(krita, "panel.install.press")
        krita.until("'other program' in panel.install.status.text()")
    krita.until("panel.install.press.text() == 'Stop'")
    click(krita, "panel.install.press")
    krita.until("panel.install.press.text() == 'Continue'")
    click(krita, "panel.install.press")
    try:
        krita.until("panel.gallery.list.count() > 20", 100)
    except AssertionError as error:
        view = "(v.press.text(), v.status.text(), v.problem.text(), v.log.toPlainText()[-2000:])"
        raise AssertionError(krita.run(f"v = panel.install; result = {view}")) from error
    assert krita.run("result = panel.install.isVisible()") is False
    choose(krita)
    click(krita, "panel.job.apply_button")
    krita.until("not panel.studio.busy and len(names()) == 2")
    found = read_engine(engine)
    assert found is not None
    write_engine(engine, replace(found, version="0.0.1"))
    krita.run("panel.perform('engine')")
    krita.until("panel.install.isVisible() and panel.install.press.text().startswith('Update (about ')")
    click(krita, "panel.install.press")
    until(lambda: read_engine(engine) == found, "the update")
    krita.until("panel.install.remove.isVisible()")
    click(krita, "panel.install.remove")
    krita.until("panel.install.press.text().startswith('Install (about ')")
    assert not engine.exists()
    assert krita.close() == 0, krita.log()[-2000:]
