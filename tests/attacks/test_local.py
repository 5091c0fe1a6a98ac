"""Others on the same machine: another user's process, files left in the way, a foreign environment."""

from __future__ import annotations

import dataclasses
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from attackers import as_nobody, linux, needs_root
from daemon_process import Place, code_of, connected, noise, until

from scumble import Client, ScumbleError
from scumble.launch.connection_file import FILE_NAME
from scumble.pixels.content import LEAF
from scumble.wire import messages as m
from scumble.wire.connection import Connection, ConnectionInfo
from scumble.wire.zmtp import Dealer

pytestmark = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="POSIX users and permissions")
SOCKETS = ("job.sock", "control.sock")


def mode(path: Path) -> int:
    """The permissions of a file."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def exposed(serving: Place) -> Iterator[Place]:
    """The place, reachable by everybody down to the runtime directory itself."""
    serving.runtime.parent.chmod(0o755)
    yield serving
    serving.runtime.parent.chmod(0o700)
    serving.runtime.chmod(0o700)


@needs_root
def test_another_users_process(exposed: Place, record_property):
    """A process of the user `nobody` connects, looks for the key, and tries without.

    Directory, connection file and unix sockets are the user's alone; tcp asks for the key.
    """
    info, runtime = exposed.info, exposed.runtime
    assert as_nobody(lambda: list(runtime.iterdir())) == "PermissionError"
    assert as_nobody((runtime / FILE_NAME).read_bytes) == "PermissionError"
    assert as_nobody(lambda: Client.connect(start=False)) in ("connection-file-unsafe", "runtime-dir-unsafe")
    for role in ("job", "control"):
        refused = as_nobody(lambda r=role: Connection.open(guessed(info), r, Dealer.connect, timeout=10))
        assert refused == ("wrong-key" if info.job.startswith("tcp") else "no-daemon")
    record_property("tries", 5)
    record_property("outcome", "permission denied; on tcp refused: wrong-key")


@needs_root
def test_another_users_process_and_open_doors(exposed: Place, record_property):
    """The same when the user has opened the runtime directory to everybody by mistake.

    Each file in it is closed by itself, and the directory is repaired by the next client.
    """
    info, runtime = exposed.info, exposed.runtime
    runtime.chmod(0o777)
    assert as_nobody((runtime / FILE_NAME).read_bytes) == "PermissionError"
    assert as_nobody((runtime / "daemon.lock").read_bytes) == "PermissionError"
    refused = as_nobody(lambda: Connection.open(guessed(info), "job", Dealer.connect, timeout=10))
    assert refused == ("wrong-key" if info.job.startswith("tcp") else "no-daemon")
    with connected(start=False):
        assert mode(runtime) == 0o700
    record_property("tries", 3)
    record_property("outcome", "permission denied; on tcp refused: wrong-key; directory repaired")


@needs_root
def test_a_false_daemon_of_another_user(exposed: Place, record_property):
    """Another user's connection file lies in the runtime directory, to have pixels sent to their daemon.

    A connection file that another user owns is not read.
    """
    path = exposed.runtime / FILE_NAME
    os.chown(path, 65534, 65534)
    try:
        assert code_of(lambda: Client.connect(start=False)) == "connection-file-unsafe"
    finally:
        os.chown(path, 0, 0)
    os.chown(exposed.runtime, 65534, 65534)
    try:
        assert code_of(lambda: Client.connect(start=False)) == "runtime-dir-unsafe"
    finally:
        os.chown(exposed.runtime, 0, 0)
    record_property("tries", 2)
    record_property("outcome", "refused: connection-file-unsafe, runtime-dir-unsafe")


def test_permissions(serving: Place, record_property):
    """Runtime directory and connection file are looked at, and opened one by one.

    They are made for the user alone. A directory that was opened is closed again; a connection file that
    others could have read or written is not believed.
    """
    names = [FILE_NAME, "daemon.lock"] + [name for name in SOCKETS if serving.info.job.startswith("ipc")]
    assert [mode(serving.runtime / name) for name in names] == [0o600] * len(names)
    for opened in (0o755, 0o711, 0o770, 0o777):
        serving.runtime.chmod(opened)
        with connected(start=False):
            assert mode(serving.runtime) == 0o700
    path = serving.runtime / FILE_NAME
    for opened in (0o640, 0o604, 0o620, 0o602, 0o666):
        path.chmod(opened)
        try:
            assert code_of(lambda: Client.connect(start=False)) == "connection-file-unsafe"
        finally:
            path.chmod(0o600)
    record_property("tries", 9)
    record_property("outcome", "directory repaired; file refused: connection-file-unsafe")


def test_large_layers_on_disk(serving: Place, record_property):
    """Others look for the pixels of a large layer in the daemon's temporary files.

    They lie in a directory that only the user may enter.
    """
    spool = serving.runtime.parent / "spool"
    with connected(start=False) as client:
        limit = client._connection.welcome.limits["spool_over"]
        client._ask(m.Ping(1), m.Pong, 10)  # on tcp a stranger's first message is a small one
        client._connection.send(m.Put(2, bytes(32), limit + 1, 0), [bytes(LEAF)])
        until(lambda: spool.is_dir() and any(spool.iterdir()), "the spool")
        folders = [spool, *spool.iterdir()]
        assert [mode(folder) for folder in folders] == [0o700] * len(folders)
        for path in (p for folder in folders[1:] for p in folder.iterdir()):
            assert mode(path) == 0o600
    record_property("outcome", "closed to others")


@pytest.mark.parametrize("name", [FILE_NAME, "daemon.lock", *SOCKETS])
def test_a_link_in_the_runtime_directory(place: Place, monkeypatch, name, record_property):
    """A symbolic link to a file of the user's lies where the daemon writes, to have that file overwritten.

    No link is followed: the connection file takes the link's place, and a lock that is one is refused.
    """
    victim = place.runtime.parent / "victim"
    victim.write_bytes(b"precious")
    place.runtime.mkdir(mode=0o700)
    (place.runtime / name).symlink_to(victim)
    seen = "served"
    try:
        with connected() as client:
            assert client.ping() < 30
    except ScumbleError as error:
        seen = error.code
    assert seen in ("served", "daemon-not-started", "connection-file-unsafe")
    if (place.runtime / name).is_symlink():
        (place.runtime / name).unlink()
    assert victim.read_bytes() == b"precious"
    assert mode(victim) == 0o644 & ~_umask()
    record_property("outcome", f"the file was not touched; {seen}")


def test_a_link_in_place_of_the_runtime_directory(place: Place, record_property):
    """The runtime directory itself is a link to a directory that somebody else reads.

    Only a directory of the user's own will do, and no link.
    """
    elsewhere = place.runtime.parent / "elsewhere"
    elsewhere.mkdir(mode=0o777)
    place.runtime.symlink_to(elsewhere)
    assert code_of(Client.connect) == "runtime-dir-unsafe"
    assert list(elsewhere.iterdir()) == []
    record_property("outcome", "refused: runtime-dir-unsafe")


@linux
def test_the_environment_of_an_appimage(place: Place, monkeypatch, record_property):
    """An editor's package sets PYTHONPATH, LD_PRELOAD and SCUMBLE_* to places of its own.

    The daemon gets a list of variables that it needs and nothing else; its worker inherits that.
    """
    evil = place.runtime.parent / "mount"
    evil.mkdir()
    witness = evil / "witness"
    code = f"import pathlib; pathlib.Path({str(witness)!r}).touch()\n"
    for module in ("sitecustomize.py", "usercustomize.py", "torch.py", "zmq.py", "startup.py"):
        (evil / module).write_text(code)
    names = "PYTHONPATH PYTHONHOME LD_LIBRARY_PATH LD_PRELOAD QT_PLUGIN_PATH APPDIR PATH GTK_PATH SCUMBLE_ANY"
    for name in names.split():
        monkeypatch.setenv(name, str(evil))
    monkeypatch.setenv("PYTHONSTARTUP", str(evil / "startup.py"))
    with connected() as client:
        client.stylize(noise(32, 32), noise(32, 32))
        pids = [place.info.pid, client.status()["worker"]["pid"]]
    for pid in pids:
        seen = Path(f"/proc/{pid}/environ").read_bytes()
        assert str(evil).encode() not in seen
    assert not witness.exists()
    record_property("tries", 10)
    record_property("outcome", "none of it reached daemon or worker")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SCUMBLE_BIND", "tcp://0.0.0.0:*"),
        ("SCUMBLE_PYTHON", "python3"),
        ("SCUMBLE_PYTHON", "/nowhere/python"),
    ],
)
def test_settings_that_would_open_a_door(place: Place, monkeypatch, name, value, record_property):
    """The environment asks the daemon to listen to the network, or names a Python without its place.

    Other interfaces are refused without keys, and a Python must be an absolute path.
    """
    monkeypatch.setenv(name, value)
    assert code_of(Client.connect) in ("daemon-not-started", "daemon-not-installed")
    assert not (place.runtime / FILE_NAME).exists()
    record_property("outcome", "no daemon starts, and the error says why")


def guessed(info: ConnectionInfo) -> ConnectionInfo:
    """What another user may have guessed: where, but not the key."""
    return dataclasses.replace(info, key=bytes(32))


def _umask() -> int:
    now = os.umask(0)
    os.umask(now)
    return now
