"""The runtime directory and the connection file: private, whole, and not to be planted."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scumble import ScumbleError
from scumble.folders import runtime_dir, secure_dir
from scumble.launch import launcher as launch
from scumble.launch.connection_file import (
    FILE_NAME,
    is_running,
    read_connection,
    remove_connection,
    start_ticks,
    write_connection,
)
from scumble.wire.connection import ConnectionInfo

posix = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="POSIX permissions")


def info(**changes) -> ConnectionInfo:
    fields = {
        "pid": os.getpid(),
        "started": time.time(),
        "start_ticks": start_ticks(os.getpid()),
        "job": "ipc:///x/job.sock",
        "control": "ipc:///x/control.sock",
        "key": bytes(range(32)),
        "version": "0.1.0",
    }
    return ConnectionInfo(**{**fields, **changes})


def code_of(call, *args) -> str:
    with pytest.raises(ScumbleError) as caught:
        call(*args)
    return caught.value.code


def test_the_file_comes_back_as_it_was(tmp_path: Path):
    write_connection(tmp_path, info())
    assert read_connection(tmp_path) == info(started=read_connection(tmp_path).started)
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


def test_the_key_is_not_in_a_repr():
    assert bytes(range(32)).hex() not in repr(info())
    assert repr(bytes(range(32))) not in repr(info())


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"pid": 1}',
        b"\xff\xfe",
        b"[" * 60_000,
        b" " * 70_000,
        b'{"pid":1,"started":1,"start_ticks":0,"job":"a","control":"b","key":"00",'
        b'"protocol":"1.0","version":""}',
    ],
    ids=range(9),
)
def test_half_a_file_counts_as_none(tmp_path: Path, text: bytes):
    (tmp_path / FILE_NAME).write_bytes(text)
    (tmp_path / FILE_NAME).chmod(0o600)
    assert read_connection(tmp_path) is None


def test_no_file_counts_as_none(tmp_path: Path):
    assert read_connection(tmp_path) is None
    assert read_connection(tmp_path / "missing") is None


@posix
def test_files_that_others_could_have_read_or_planted_are_refused(tmp_path: Path):
    path = write_connection(tmp_path, info())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for mode in (0o640, 0o604, 0o620, 0o666):
        path.chmod(mode)
        assert code_of(read_connection, tmp_path) == "connection-file-unsafe"
    path.unlink()
    elsewhere = write_connection(secure_dir(tmp_path / "elsewhere"), info())
    path.symlink_to(elsewhere)
    assert code_of(read_connection, tmp_path) == "connection-file-unsafe"
    path.unlink()
    os.mkfifo(path, 0o600)
    assert code_of(read_connection, tmp_path) == "connection-file-unsafe"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_what_belongs_to_another_user_is_refused(tmp_path: Path):
    path = write_connection(tmp_path, info())
    os.chown(path, 65534, 65534)
    assert code_of(read_connection, tmp_path) == "connection-file-unsafe"
    os.chown(tmp_path, 65534, 65534)
    assert code_of(secure_dir, tmp_path) == "runtime-dir-unsafe"
    os.chown(tmp_path, 0, 0)


@posix
def test_the_directory_is_made_private_or_repaired(tmp_path: Path):
    directory = secure_dir(tmp_path / "a" / "b")
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    directory.chmod(0o777)
    assert stat.S_IMODE(secure_dir(directory).stat().st_mode) == 0o700


@posix
def test_a_link_or_a_file_in_place_of_the_directory_is_refused(tmp_path: Path):
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert code_of(secure_dir, tmp_path / "link") == "runtime-dir-unsafe"
    (tmp_path / "file").write_bytes(b"")
    assert code_of(secure_dir, tmp_path / "file") == "runtime-dir-unsafe"
    assert code_of(secure_dir, tmp_path / "file" / "below") == "runtime-dir-unusable"


def test_only_the_own_file_is_removed(tmp_path: Path):
    write_connection(tmp_path, info())
    remove_connection(tmp_path, os.getpid() + 1)
    assert read_connection(tmp_path) is not None
    remove_connection(tmp_path, os.getpid())
    assert read_connection(tmp_path) is None
    remove_connection(tmp_path, os.getpid())


@posix
def test_a_later_process_with_the_same_number_is_another_one():
    assert is_running(info())
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert not is_running(info(pid=ended.pid, start_ticks=0))
    if start_ticks(os.getpid()):
        assert not is_running(info(start_ticks=start_ticks(os.getpid()) + 1))


@pytest.mark.skipif(sys.platform != "linux", reason="Linux places")
def test_the_runtime_directory_follows_the_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("SCUMBLE_RUNTIME_DIR", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert runtime_dir() == tmp_path / "scumble"
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "missing"))
    assert runtime_dir() == tmp_path / ".cache" / "scumble" / "run"
    monkeypatch.setenv("SCUMBLE_RUNTIME_DIR", str(tmp_path / "chosen"))
    assert runtime_dir() == tmp_path / "chosen"


def test_the_daemon_gets_nothing_of_an_editors_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in (
        "LD_LIBRARY_PATH",
        "LD_PRELOAD",
        "PYTHONHOME",
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "QT_PLUGIN_PATH",
        "APPDIR",
        "SCUMBLE_PYTHON",
        "SCUMBLE_ANYTHING",
    ):
        monkeypatch.setenv(name, "/tmp/appimage")
    monkeypatch.setenv("PATH", "/tmp/appimage/bin")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    env = launch.daemon_environment(tmp_path)
    assert "/tmp/appimage" not in "\n".join(env.values())
    assert env["LC_ALL"] == "C.UTF-8"
    assert env["SCUMBLE_RUNTIME_DIR"] == str(tmp_path)


def test_the_interpreter_is_the_chosen_one_or_this_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("SCUMBLE_PYTHON", raising=False)
    assert launch.find_interpreter() == sys.executable
    chosen = tmp_path / "python"
    chosen.write_bytes(b"")
    monkeypatch.setenv("SCUMBLE_PYTHON", str(chosen))
    assert launch.find_interpreter() == str(chosen)
    for wrong in ("python3", str(tmp_path / "missing"), str(tmp_path)):
        monkeypatch.setenv("SCUMBLE_PYTHON", wrong)
        assert code_of(launch.find_interpreter) == "daemon-not-installed"


def test_an_editors_python_finds_the_recorded_interpreter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("SCUMBLE_PYTHON", raising=False)
    monkeypatch.setenv("SCUMBLE_CONFIG_DIR", str(tmp_path))
    monkeypatch.setattr(launch.importlib.util, "find_spec", lambda name: None)
    assert code_of(launch.find_interpreter) == "daemon-not-installed"
    launch.record_interpreter()
    assert launch.find_interpreter() == sys.executable
    (tmp_path / "python").write_text("relative/python")
    assert code_of(launch.find_interpreter) == "daemon-not-installed"
