"""Fixtures with the real editors and a real daemon beside them.

The set-up of the editors happens once, after collection: it may take minutes, which no test's time limit
allows. `setup/prepare.sh` says what it needs.
"""

from __future__ import annotations

import contextlib
import itertools
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))

from daemon_process import Place
from editor_session import SCREEN
from editors_root import prepare_krita, prepare_root, required
from first_starts import gimp_plugins, krita_resources
from gimp_session import GimpSession
from install_kit import Kit, portable_python
from krita_images import close_documents
from krita_session import KritaSession

from scumble import Client
from scumble_daemon.plugins.bundle import assemble_gimp, assemble_krita

KRITAS = {"5.1": "host", "5.2": "root"}
"""Series of Krita, and where `prepare_krita` puts it."""


def pytest_collection_finish(session: pytest.Session) -> None:
    if not session.config.option.collectonly and any(i.get_closest_marker("editors") for i in session.items):
        terminal = session.config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None:
            terminal.write_line("looking for the editors (where they are not set up yet, that takes minutes)")
        root, _problem = prepare_root()
        if root is not None:
            gimp_plugins(root)
        if any("krita" in item.path.name for item in session.items):
            for series, where in KRITAS.items():
                root, _problem = prepare_krita(where)
                if root is not None:
                    krita_resources(series, root)


@pytest.fixture(scope="session")
def editors_root() -> Path:
    """The Debian root with the editors."""
    return _or_skip(*prepare_root())


def _or_skip(root: Path | None, problem: str) -> Path:
    if root is None and required():
        pytest.fail(problem, pytrace=False)
    if root is None:
        pytest.skip(f"{problem} (SCUMBLE_EDITOR_TESTS=1 makes this an error)")
    return root


@pytest.fixture(scope="session")
def base(editors_root: Path) -> Iterator[Path]:
    """A folder that has the same path inside the root; short, because sockets live in it."""
    with tempfile.TemporaryDirectory(prefix="scumble-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def daemon(base: Path) -> Iterator[Place]:
    """One daemon of this machine, which the GIMP in the root finds in the shared folder."""
    place = Place(base)
    place.environment["SCUMBLE_IDLE_EXIT"] = "3600"
    with pytest.MonkeyPatch.context() as environment:
        for name, value in place.environment.items():
            environment.setenv(name, value)
        with Client.connect():
            yield place
        place.stop()


@pytest.fixture(scope="session")
def inner_python(base: Path) -> Path:
    """This machine's Python as seen from inside the root: it runs in the machine's own root."""
    script = base / "python"
    script.write_text(f'#!/bin/sh\nexec chroot /host {sys.executable} "$@"\n')
    script.chmod(0o755)
    return script


@pytest.fixture
def client(daemon: Place) -> Iterator[Client]:
    """A client on the machine's side, to compare with."""
    with Client.connect() as client:
        yield client


@pytest.fixture(scope="session")
def plugin(base: Path) -> Path:
    """The GIMP plug-in, put together as it is packaged."""
    (base / "plugin").mkdir()
    return assemble_gimp(base / "plugin")


@pytest.fixture(scope="session")
def kit(base: Path) -> Kit:
    """What the engine is installed from, in a folder that is the same inside the root."""
    return Kit(base / "kit")


@pytest.fixture(scope="session")
def portable(base: Path) -> Path:
    """A Python that the engine can be installed with, inside the root and outside."""
    return portable_python(base / "portable")


Starter = Callable[..., GimpSession]


@pytest.fixture(scope="session")
def gimps(editors_root: Path, base: Path, plugin: Path, daemon: Place) -> Starter:
    """Starts a GIMP; `environment` is added to the daemon's, `rc` to its gimprc. Whoever starts it ends it.

    A GIMP finds no Python to start a daemon with, unless it gets `SCUMBLE_PYTHON`.
    """
    known = gimp_plugins(editors_root)
    count = itertools.count()

    def start(
        *, windows: bool, plugin: Path = plugin, screen: str = SCREEN, rc: str = "", **environment: str
    ) -> GimpSession:
        folder = base / f"gimp{next(count)}"
        folder.mkdir()
        variables = {**daemon.environment, **environment}
        return GimpSession(
            editors_root, base, folder, plugin, variables, windows=windows, screen=screen, rc=rc, known=known
        )

    return start


@pytest.fixture
def start_gimp(gimps: Starter) -> Iterator[Starter]:
    """The same; they are ended with the test. A start takes 2 to 10 seconds: share `gimp` where possible."""
    with contextlib.ExitStack() as opened:
        yield lambda **how: _closed_with(opened, gimps(**how))


@pytest.fixture
def new_gimp(start_gimp: Starter, base: Path) -> GimpSession:
    """GIMP with windows and nothing chosen yet: in `gimp_window` the last style is painted at once."""
    return start_gimp(windows=True, SCUMBLE_CONFIG_DIR=tempfile.mkdtemp(dir=base))


@pytest.fixture(scope="session")
def gimp(gimps: Starter) -> Iterator[GimpSession]:
    """GIMP without windows."""
    with contextlib.closing(gimps(windows=False)) as session:
        yield session


@pytest.fixture
def style(gimp: GimpSession) -> str:
    """A style's file inside GIMP's root."""
    return shutil.copy(Path(__file__).parents[2] / "examples" / "styles" / "swirls.jpg", gimp.folder)


@pytest.fixture(scope="session")
def gimp_window(gimps: Starter) -> Iterator[GimpSession]:
    """GIMP on a screen of its own."""
    with contextlib.closing(gimps(windows=True)) as session:
        yield session


@pytest.fixture(scope="session")
def krita_plugin(base: Path) -> Path:
    """A folder with the Krita plug-in, put together as it is packaged."""
    folder = base / "krita-plugin"
    folder.mkdir()
    assemble_krita(folder)
    return folder


@pytest.fixture(scope="session", params=KRITAS)
def series(request: pytest.FixtureRequest) -> str:
    """The series of Krita to test with: each test runs in every one."""
    return request.param


KritaStarter = Callable[..., KritaSession]


@pytest.fixture(scope="session")
def kritas(series: str, base: Path, krita_plugin: Path, daemon: Place) -> KritaStarter:
    """Starts a Krita of `series`; `environment` is added to the daemon's. Whoever starts it ends it."""
    root = _or_skip(*prepare_krita(KRITAS[series]))
    resources = krita_resources(series, root)
    count = itertools.count()

    def start(
        *, plugin: Path | None = krita_plugin, screen: str = SCREEN, rc: str = "", **environment: str
    ) -> KritaSession:
        folder = base / f"krita{series}-{next(count)}"
        folder.mkdir()
        environment = {**daemon.environment, **environment}
        return KritaSession(
            root, base, folder, plugin, environment, screen=screen, rc=rc, resources=resources
        )

    return start


@pytest.fixture
def start_krita(kritas: KritaStarter) -> Iterator[KritaStarter]:
    """The same; they are ended with the test. A start takes 5 seconds: share `krita` where possible."""
    with contextlib.ExitStack() as opened:
        yield lambda **how: _closed_with(opened, kritas(**how))


@pytest.fixture(scope="session")
def krita(kritas: KritaStarter) -> Iterator[KritaSession]:
    """One Krita of each series for all tests; a test closes the documents that it opens."""
    with contextlib.closing(kritas()) as session:
        yield session


@pytest.fixture
def documents_closed(krita: KritaSession) -> Iterator[None]:
    """The shared Krita's documents are closed after the test."""
    yield
    close_documents(krita)


@pytest.fixture
def krita_style(krita: KritaSession) -> dict[str, str]:
    """A style's file inside Krita's root, as an effect names it."""
    value = shutil.copy(Path(__file__).parents[2] / "examples" / "styles" / "swirls.jpg", krita.folder)
    return {"kind": "file", "value": str(value)}


def _closed_with(opened: contextlib.ExitStack, session: Any) -> Any:
    opened.callback(session.close)
    return session
