"""One daemon per user: a held lock decides, and the connection file tells where it is."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import zmq

from scumble.connection import (
    ConnectionInfo,
    remove_connection,
    start_ticks,
    write_connection,
)
from scumble.errors import ScumbleError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LOCK_NAME = "daemon.lock"
MAX_IPC_PATH = 100  # bytes; the system's limit for a socket's path is 104 or 108
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class Endpoints(NamedTuple):
    """Where the two sockets are bound."""

    job: str
    control: str


@contextlib.contextmanager
def only_daemon(directory: Path) -> Iterator[bool]:
    """Hold the lock of the runtime directory; yields False when another daemon holds it.

    The system lets go of it when the process ends, however it ends.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    descriptor = os.open(directory / LOCK_NAME, flags, 0o600)
    try:
        yield _lock(descriptor)
    finally:
        os.close(descriptor)


def bind(sockets: tuple[zmq.Socket, zmq.Socket], directory: Path, where: str) -> Endpoints:
    """Bind the job and the control socket.

    `where` is ``auto``, ``ipc``, or a tcp endpoint on the loopback interface such as
    ``tcp://127.0.0.1:*``.

    Raises ScumbleError `bind-refused` for any other address, `bind-failed`.
    """
    ipc_fits = len(os.fsencode(directory)) + 16 <= MAX_IPC_PATH
    if where == "auto":
        where = "ipc" if zmq.has("ipc") and sys.platform != "win32" and ipc_fits else "tcp"
    if where == "tcp":
        where = "tcp://127.0.0.1:*"
    if where != "ipc":
        _check_loopback(where)
    bound = []
    for socket, name in zip(sockets, ("job", "control"), strict=True):
        endpoint = f"ipc://{directory / name}.sock" if where == "ipc" else where
        try:
            socket.bind(endpoint)
        except zmq.ZMQError as error:
            raise ScumbleError(
                "bind-failed",
                f"The daemon cannot listen at {endpoint}.",
                hint="Set SCUMBLE_BIND to tcp://127.0.0.1:*",
                detail=str(error),
            ) from error
        if where == "ipc":
            (directory / f"{name}.sock").chmod(0o600)
        bound.append(socket.getsockopt_string(zmq.LAST_ENDPOINT))
    return Endpoints(*bound)


def remove_sockets(directory: Path) -> None:
    """Remove what an ipc bind has left behind; the sockets must be closed."""
    for name in ("job", "control"):
        with contextlib.suppress(OSError):
            (directory / f"{name}.sock").unlink()


@contextlib.contextmanager
def announced(directory: Path, endpoints: Endpoints, key: bytes, version: str) -> Iterator[None]:
    """Keep `daemon.json` in the runtime directory for as long as the context lasts.

    Raises ScumbleError `runtime-dir-unusable`.
    """
    pid = os.getpid()
    info = ConnectionInfo(
        pid, time.time(), start_ticks(pid), endpoints.job, endpoints.control, key, version=version
    )
    try:
        write_connection(directory, info)
    except OSError as error:
        raise ScumbleError(
            "runtime-dir-unusable",
            f"The directory {directory} cannot be written.",
            hint="Check that the disk is not full.",
            detail=str(error),
        ) from error
    try:
        yield
    finally:
        remove_connection(directory, pid)


def _lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _check_loopback(endpoint: str) -> None:
    host, _, port = endpoint.removeprefix("tcp://").rpartition(":")
    if not endpoint.startswith("tcp://") or host not in LOOPBACK or not port:
        raise ScumbleError(
            "bind-refused",
            f"The daemon does not listen at {endpoint}: other machines could reach it.",
            hint="Use ipc or tcp://127.0.0.1:*",
        )
