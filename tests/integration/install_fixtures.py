"""An empty home, one with an engine, an index of packages; and what the tests of the installer ask and do."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon_process import alive
from install_kit import (
    Index,
    Kit,
    bare_python,
    client_alone,
    copy_engine,
    empty_home,
    run_installer,
)

from scumble.launch.connection_file import read_connection


@pytest.fixture(scope="session")
def kit(tmp_path_factory) -> Kit:
    folder = tmp_path_factory.mktemp("kit")
    client_alone(folder)
    return Kit(folder)


@pytest.fixture
def home(kit: Kit) -> Iterator[dict[str, str]]:
    """The variables of an empty home; its engine's daemon is ended with the test."""
    folder = kit.folder / f"place{len(list(kit.folder.glob('place*')))}"
    environment = empty_home(folder, kit.bundle())
    yield environment
    info = read_connection(Path(environment["SCUMBLE_RUNTIME_DIR"]))
    if info is not None and alive(info.pid):
        os.kill(info.pid, signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def ready_engine(kit: Kit) -> Path:
    """An engine that was installed from the folder of wheels, once for all tests that begin with one."""
    home = empty_home(kit.folder / "ready", kit.bundle())
    installed(home, "--wheels", str(kit.wheels))
    return engine(home)


@pytest.fixture
def ready(home: dict[str, str], ready_engine: Path) -> dict[str, str]:
    """A home with an engine."""
    copy_engine(ready_engine, engine(home))
    assert state(home) == "ready"
    return home


@pytest.fixture
def index(kit: Kit, home) -> Iterator[Index]:
    """The wheels behind a server on this machine, which the home's pip configuration names."""
    server = Index(kit.wheels)
    home["PIP_INDEX_URL"] = server.url
    yield server
    server.shutdown()
    server.server_close()


def engine(home: dict[str, str]) -> Path:
    return Path(home["HOME"]) / ".local" / "share" / "scumble" / "engine"


def state(home: dict[str, str]) -> str:
    return run_installer(home, "status").stdout.split()[0]


def installed(home: dict[str, str], *arguments: str) -> None:
    done = run_installer(home, "install", *arguments)
    assert done.returncode == 0, done.stderr[-3000:]
    assert state(home) == "ready"


def begin(home: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    command = [bare_python(), "-m", "scumble.install", "install", *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=home, stdout=pipe, stderr=subprocess.STDOUT, text=True)


def await_line(process: subprocess.Popen[str], pattern: str) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if re.search(pattern, line):
            return line
    raise AssertionError(f"it ended without {pattern}")


def failure(home: dict[str, str], *arguments: str, **options) -> str:
    """The code of the error that the installation ends with."""
    done = run_installer(home, "install", *arguments, **options)
    assert done.returncode == 1, done.stdout
    return re.findall(r"^([a-z]+(?:-[a-z]+)+): ", done.stderr, re.MULTILINE)[-1]


def mounted(tmp_path: Path, options: str) -> list[str]:
    """What runs a command with a file system of its own in `tmp_path`/disk, and of what size or kind."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("mounting a disk needs root")
    (tmp_path / "disk").mkdir()
    mount = f'mount -t tmpfs -o {options} tmpfs {tmp_path}/disk && exec "$@"'
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", mount, "sh"]


def in_mount(prefix: list[str], home: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [*prefix, bare_python(), "-m", "scumble.install", "install", *arguments]
    return subprocess.run(command, env=home, capture_output=True, text=True, check=False)
