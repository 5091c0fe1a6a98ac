"""An engine that is there already, or is being installed by somebody else; and Pythons of all kinds."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import threading
import time
from pathlib import Path

import pytest
from daemon_process import alive, until
from install_fixtures import await_line, begin, engine, in_mount, installed, state
from install_kit import (
    copy_engine,
    portable_python,
    run_installer,
)

from scumble import Client
from scumble.install.engine import MARKER
from scumble.install.uv import Uv, unpack
from scumble.launch.connection_file import read_connection

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="its wheels are made of a POSIX environment")


def test_of_two_editors_at_once_the_second_waits_and_both_have_it(home, index):
    index.pause = 0.01
    first = begin(home)
    await_line(first, "downloading [1-9]")
    second = begin(home)
    await_line(second, " waiting")
    index.pause = 0.0
    assert first.communicate()[0]
    assert first.returncode == 0
    said = second.communicate()[0]
    assert second.returncode == 0
    assert "downloading" not in said, "it did the work again"
    assert state(home) == "ready"


def test_an_older_engine_is_replaced_and_its_daemon_ended(kit, ready, monkeypatch):
    home = ready
    for name in ("HOME", "SCUMBLE_RUNTIME_DIR"):
        monkeypatch.setenv(name, home[name])
    monkeypatch.setenv("SCUMBLE_PYTHON", str(engine(home) / "env" / "bin" / "python"))
    with Client.connect():
        old = read_connection(Path(home["SCUMBLE_RUNTIME_DIR"]))
    assert old is not None
    home["SCUMBLE_ENGINE_BUNDLE"] = str(kit.bundle("9.9.0"))
    assert state(home) == "outdated"
    done = run_installer(home, "install", "--wheels", str(kit.wheels))
    assert done.returncode == 0, done.stderr
    assert "numpy==" not in done.stderr, "what has not changed is left as it is"
    until(lambda: not alive(old.pid), "the end of the old daemon")
    assert state(home) == "ready"
    with Client.connect():
        new = read_connection(Path(home["SCUMBLE_RUNTIME_DIR"]))
    assert new is not None
    assert (old.version, new.version) == ("0.1.0", "9.9.0")


def test_an_older_plugin_leaves_a_newer_engine_alone(kit, ready):
    ready["SCUMBLE_ENGINE_BUNDLE"] = str(kit.bundle("0.0.9"))
    assert state(ready) == "ready"
    assert run_installer(ready, "install", "--wheels", str(kit.wheels)).returncode == 0
    assert "0.0.9" not in (engine(ready) / MARKER).read_text()


def test_an_engine_whose_python_has_gone_is_half_an_engine_and_is_mended(kit, ready):
    home = ready
    python = engine(home) / "env" / "bin" / "python"
    python.unlink()
    python.symlink_to("/usr/bin/python9.9")
    assert state(home) == "partial"
    installed(home, "--wheels", str(kit.wheels))


def test_it_is_removed_with_nothing_but_its_own(ready, ready_engine):
    home = ready
    (engine(home) / "my own.txt").write_text("mine")
    assert run_installer(home, "remove").returncode == 0
    assert [path.name for path in engine(home).iterdir()] == ["my own.txt"]
    assert state(home) == "missing"
    shutil.rmtree(engine(home))
    copy_engine(ready_engine, engine(home))
    assert run_installer(home, "remove").returncode == 0
    assert not engine(home).exists()
    assert not (Path(home["HOME"]) / ".config" / "scumble" / "python").exists()


def test_it_is_not_removed_under_the_hands_of_who_installs(home, index):
    index.pause = 0.01
    process = begin(home)
    await_line(process, "downloading [1-9]")
    refused = run_installer(home, "remove")
    assert "install-busy" in refused.stderr
    index.pause = 0.0
    process.communicate()
    assert process.returncode == 0


def test_a_killed_editor_leaves_no_program_that_works_on_unseen(home, index):
    index.pause = 0.05
    process = begin(home)
    await_line(process, "downloading [1-9]")
    process.kill()
    process.communicate()
    seen = len(index.requests)
    deadline = time.monotonic() + 20
    while run_installer(home, "remove").returncode and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not engine(home).exists()
    assert len(index.requests) <= seen + 2


def test_debians_python_without_venv_will_do(kit, home, tmp_path):
    """As without Debian's package python3-venv: `python -m venv` does not work there."""
    version = f"python3.{sys.version_info.minor}"
    python, ensurepip = Path("/usr/bin") / version, Path("/usr/lib") / version / "ensurepip"
    if os.geteuid() != 0 or not python.is_file() or shutil.which("unshare") is None:
        pytest.skip(f"needs root and Debian's {version}")
    prefix = ["unshare", "--mount", "--propagation", "private", "sh", "-c"]
    prefix += [f'test ! -d {ensurepip} || mount -t tmpfs tmpfs {ensurepip}; exec "$@"', "sh"]
    venv = subprocess.run(
        [*prefix, python, "-m", "venv", tmp_path / "venv"], capture_output=True, check=False
    )
    assert venv.returncode != 0, "this Python has venv after all"
    home["UV_PYTHON"] = str(python)
    done = in_mount(prefix, home, "--wheels", str(kit.wheels))
    assert done.returncode == 0, done.stderr
    assert state(home) == "ready"


def test_where_there_is_no_python_one_is_fetched(kit, tmp_path):
    """From a file here, as uv's own place for Pythons cannot be reached from everywhere."""
    base = next(iter(sorted((Path.home() / ".pyenv" / "versions").glob("3.12.*"))), None)
    if base is None or not sys.platform.startswith("linux"):
        pytest.skip("needs a Python 3.12 of pyenv's to pack")
    portable_python(tmp_path / "python", base, 12)
    archive = tmp_path / f"cpython-{base.name}-x86_64-unknown-linux-gnu-install_only_stripped.tar.gz"
    with tarfile.open(archive, "w:gz", compresslevel=1) as packed:
        packed.add(tmp_path / "python", "python")
    fields = {"name": "cpython", "arch": {"family": platform.machine(), "variant": None}, "os": "linux"}
    fields |= {
        "libc": "gnu",
        "major": 3,
        "minor": 12,
        "patch": int(base.name.split(".")[2]),
        "prerelease": "",
    }
    fields |= {"url": archive.as_uri(), "sha256": hashlib.sha256(archive.read_bytes()).hexdigest()}
    fields |= {"variant": None, "build": "20250101"}
    known = tmp_path / "pythons.json"
    known.write_text(json.dumps({f"cpython-{base.name}-linux-{platform.machine()}-gnu": fields}))
    environment = {"PATH": "/nothing", "HOME": str(tmp_path), "UV_PYTHON_DOWNLOADS_JSON_URL": str(known)}
    environment["UV_PYTHON_INSTALL_DIR"] = str(tmp_path / "installed")
    program = unpack(kit.uv, tmp_path / "uv")
    lines: list[str] = []
    uv = Uv(program, environment, tmp_path, lines.append, threading.Event())
    assert uv.find_python() is None, lines
    python = uv.fetch_python(tmp_path / "installed")
    said = subprocess.run([python, "-c", "import sys, ssl; print(sys.version_info[:2])"], capture_output=True)
    assert said.stdout.strip() == b"(3, 12)", said.stderr
