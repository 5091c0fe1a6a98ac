"""The engine installed as the plug-ins do, by real uv from real wheels, and everything that gets in its way.

The client runs alone on a Python without packages, in an empty home, as inside an editor.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon_process import alive, noise, until
from install_kit import (
    Index,
    Kit,
    bare_python,
    client_alone,
    copy_engine,
    empty_home,
    portable_python,
    repack,
    run_installer,
    write_wheel,
)

from scumble import Client
from scumble.install.engine import MARKER
from scumble.install.uv import Uv, unpack
from scumble.launch.connection_file import read_connection
from scumble.locking import open_lock, try_lock

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="its wheels are made of a POSIX environment")


@pytest.fixture(scope="module")
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


@pytest.fixture(scope="module")
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


def test_from_a_folder_it_installs_an_engine_that_paints(kit, home, monkeypatch):
    assert state(home) == "missing"
    installed(home, "--wheels", str(kit.wheels))
    for name in ("HOME", "SCUMBLE_RUNTIME_DIR"):
        monkeypatch.setenv(name, home[name])
    recorded = (Path(home["HOME"]) / ".config" / "scumble" / "python").read_text().strip()
    assert Path(recorded) == engine(home) / "env" / "bin" / "python"
    monkeypatch.setenv("SCUMBLE_PYTHON", recorded)
    with Client.connect() as client:
        result = client.stylize(noise(64, 48), style="irises")
        assert len(result.view()) == 64 * 48 * 3
        assert bytes(result.view()) != noise(64, 48).tobytes()
    left = {path.name for path in engine(home).iterdir()}
    assert not left & {"wheels", "cache"}, "what was only needed on the way is gone"


def test_a_line_that_breaks_again_and_again_is_continued_where_it_broke(kit, home, index):
    index.cut = 9_000_000
    installed(home)
    large = next(file.name for file in kit.others if file.name.startswith("numpy"))
    ranges = [wanted for name, wanted in index.requests if name == large and wanted.endswith("-")]
    assert ranges[:3] == ["bytes=9000000-", "bytes=18000000-", "bytes=27000000-"]


def test_what_was_downloaded_before_a_kill_is_not_downloaded_again(kit, home, index):
    index.pause = 0.02
    process = begin(home)
    await_line(process, r"downloading \d\d of")
    process.kill()
    process.communicate()
    assert state(home) == "partial"
    # What it had started notices its end, and holds the lock until then.
    lock = open_lock(engine(home) / "install.lock")
    until(lambda: try_lock(lock), "the end of the download")
    os.close(lock)
    parts = {file.name[: -len(".part")]: file.stat().st_size for file in engine(home).glob("wheels/*.part")}
    index.pause, index.requests = 0.0, []
    installed(home)
    asked = dict(index.requests)
    for name, size in parts.items():
        assert asked[name] == f"bytes={size}-"
    whole = [file.name for file in kit.others if file.name not in asked]
    assert whole or parts, "nothing had come before the kill"


def test_stopped_by_the_user_it_can_be_continued(kit, home, index):
    code = """
import threading
from pathlib import Path
from scumble.errors import ScumbleError
from scumble.install.bundle import find_bundle
from scumble.install.engine import engine_dir
from scumble.install.installer import Installer, InstallPlan
cancel = threading.Event()
def show(progress):
    if progress.stage == "downloading" and progress.done:
        cancel.set()
try:
    Installer(InstallPlan(find_bundle(), engine_dir()), on_progress=show, cancel=cancel).run()
except ScumbleError as error:
    print(error.code)
"""
    index.pause = 0.02
    said = subprocess.run([bare_python(), "-c", code], env=home, capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["cancelled"], said.stderr
    assert state(home) == "partial"
    index.pause = 0.0
    installed(home)


def test_a_blocked_download_is_said_and_continues_when_the_block_is_gone(home, index):
    index.blocked = True
    home["UV_HTTP_RETRIES"] = "0"
    assert failure(home) == "index-unreachable"
    assert state(home) == "partial"
    index.blocked = False
    installed(home)


def test_an_index_that_is_not_there_at_all_is_said(home):
    home.update(PIP_INDEX_URL="http://127.0.0.1:9/simple", UV_HTTP_RETRIES="0")
    assert failure(home) == "index-unreachable"


def test_a_server_whose_certificate_nobody_knows_is_said(home, index, tmp_path):
    if shutil.which("openssl") is None:
        pytest.skip("making a certificate needs openssl")
    (tmp_path / "names").write_text("subjectAltName=DNS:localhost\n")
    for command in (
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -subj /CN=nobody",
        "req -newkey rsa:2048 -nodes -keyout key.pem -out request.pem -subj /CN=localhost",
        "x509 -req -in request.pem -CA ca.pem -CAkey ca.key -extfile names -out cert.pem",
    ):
        subprocess.run(["openssl", *command.split()], cwd=tmp_path, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    index.socket = context.wrap_socket(index.socket, server_side=True)
    home.update(PIP_INDEX_URL=f"https://localhost:{index.server_address[1]}/simple", UV_HTTP_RETRIES="0")
    assert failure(home) == "certificate-unknown"
    installed({**home, "PIP_CERT": str(tmp_path / "ca.pem")})


def test_a_package_that_is_not_the_one_in_the_lock_is_refused(kit, home, tmp_path):
    wheels = tmp_path / "wheels"
    shutil.copytree(kit.wheels, wheels)
    (wheels / next(file.name for file in kit.others if file.name.startswith("mdurl"))).unlink()
    changed = {"mdurl/__init__.py": b"print('not what was tried')\n"}
    version = next(file.name.split("-")[1] for file in kit.others if file.name.startswith("mdurl"))
    metadata = f"Metadata-Version: 2.1\nName: mdurl\nVersion: {version}\n"
    write_wheel(wheels, "mdurl", version, changed, metadata, "py3-none-any")
    assert failure(home, "--wheels", str(wheels)) == "download-damaged"


def test_a_folder_without_all_packages_is_said(kit, home, tmp_path):
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    repack("click", wheels)
    assert failure(home, "--wheels", str(wheels)) == "packages-missing"


def test_a_damaged_package_of_the_plugin_is_said(kit, home, tmp_path):
    bundle = tmp_path / "engine"
    shutil.copytree(kit.bundle(), bundle)
    with next(bundle.glob("scumble-*.whl")).open("ab") as file:
        file.write(b"more")
    home["SCUMBLE_ENGINE_BUNDLE"] = str(bundle)
    assert failure(home, "--wheels", str(kit.wheels)) == "bundle-damaged"


def test_a_folder_that_cannot_be_written_is_said(kit, home, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    engine = str(tmp_path / "file" / "engine")
    assert failure(home, "--wheels", str(kit.wheels), "--engine", engine) == "folder-unwritable"


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


def test_a_disk_that_may_only_be_read_is_said(kit, home, tmp_path):
    done = in_mount(
        mounted(tmp_path, "ro"), home, "--wheels", str(kit.wheels), "--engine", f"{tmp_path}/disk/engine"
    )
    assert "\nfolder-unwritable: " in "\n" + done.stderr


@pytest.mark.parametrize("size", ["30m", "90m"], ids=["for uv", "while it is installed"])
def test_a_disk_that_is_full_half_way_is_said(kit, home, tmp_path, size):
    done = in_mount(
        *(mounted(tmp_path, f"size={size}"), home, "--wheels", str(kit.wheels)),
        *("--engine", f"{tmp_path}/disk/engine"),
    )
    assert "\ndisk-full: " in "\n" + done.stderr, done.stderr[-2000:]


def test_a_disk_that_fills_up_while_it_downloads_is_said(kit, home, index, tmp_path):
    prefix = mounted(tmp_path, "size=320m")
    filler = f'head -c 230M /dev/zero > {tmp_path}/disk/filler && exec "$@"'
    prefix += ["sh", "-c", filler, "sh"]
    # The room is asked for before the first step only: what comes then is a half-finished installation.
    prefix += [
        "sh",
        "-c",
        f'mkdir {tmp_path}/disk/engine && cp {tmp_path}/half {tmp_path}/disk/engine/{MARKER} && exec "$@"',
        "sh",
    ]
    (tmp_path / "half").write_text('{"version": "0.1.0", "build": "cpu", "complete": false}')
    done = in_mount(prefix, home, "--engine", f"{tmp_path}/disk/engine")
    assert "\ndisk-full: " in "\n" + done.stderr, done.stderr[-2000:]


def test_a_disk_that_is_too_small_is_said_before_anything_is_downloaded(home, index, tmp_path):
    done = in_mount(mounted(tmp_path, "size=200m"), home, "--engine", f"{tmp_path}/disk/engine")
    assert "\ndisk-full: " in "\n" + done.stderr
    assert index.requests == []


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
