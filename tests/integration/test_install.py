"""The engine installed as the plug-ins do, by real uv from real wheels, and everything that gets in its way.

The client runs alone on a Python without packages, in an empty home, as inside an editor.
"""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon_process import noise, until
from install_fixtures import await_line, begin, engine, failure, in_mount, installed, mounted, state
from install_kit import (
    bare_python,
    repack,
    write_wheel,
)

from scumble import Client
from scumble.install.engine import MARKER
from scumble.locking import open_lock, try_lock

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="its wheels are made of a POSIX environment")


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
        assert result.shape == (64, 48, 3)
        assert (result != noise(64, 48)).any()
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


@pytest.fixture
def other_drive(tmp_path) -> Iterator[Path]:
    """A folder that no file of the tests can be moved or linked to."""
    with tempfile.TemporaryDirectory(prefix="scumble-", dir="/dev/shm") as folder:
        if Path(folder).stat().st_dev == tmp_path.stat().st_dev:
            pytest.skip("all of this machine is one drive")
        yield Path(folder)


def test_a_blocked_download_is_said_and_continues_on_another_drive_when_the_block_is_gone(
    home, index, other_drive
):
    home["SCUMBLE_ENGINE_DIR"] = str(other_drive / "engine")
    index.blocked = True
    home["UV_HTTP_RETRIES"] = "0"
    assert failure(home) == "index-unreachable"
    assert state(home) == "partial"
    index.blocked = False
    installed(home)
    assert (other_drive / "engine" / MARKER).is_file()
    assert not engine(home).exists()


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
