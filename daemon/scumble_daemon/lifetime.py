"""One daemon per user: a held lock decides, and the connection file tells where it is."""

from __future__ import annotations

import contextlib
import os
import socket
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
from scumble.fields import ROLES

from . import gate

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LOCK_NAME = "daemon.lock"
MAX_IPC_PATH = 100  # bytes; the system's limit for a socket's path is 104 or 108
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class Endpoints(NamedTuple):
    """Where clients find the two sockets, and for tcp the listeners that a `gate.Gate` shall serve."""

    job: str
    control: str
    listeners: tuple[socket.socket, ...] = ()


@contextlib.contextmanager
def only_daemon(directory: Path) -> Iterator[bool]:
    """Hold the lock of the runtime directory; yields False when another daemon holds it.

    The system lets go of it when the process ends, however it ends. Raises ScumbleError
    `runtime-dir-unusable`.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = os.open(directory / LOCK_NAME, flags, 0o600)
    except OSError as error:
        raise _unusable(directory, error) from error
    try:
        yield _lock(descriptor)
    finally:
        os.close(descriptor)


def bind(sockets: tuple[zmq.Socket, zmq.Socket], directory: Path, where: str) -> Endpoints:
    """Bind the job and the control socket.

    `where` is ``auto``, ``ipc``, or a tcp endpoint on the loopback interface such as
    ``tcp://127.0.0.1:*``; with a port of its own there, the control socket has the next one.

    Raises ScumbleError `bind-refused` for any other address, `bind-failed`.
    """
    ipc_fits = len(os.fsencode(directory)) + 16 <= MAX_IPC_PATH
    if where == "auto":
        where = "ipc" if zmq.has("ipc") and sys.platform != "win32" and ipc_fits else "tcp"
    if where == "tcp":
        where = "tcp://127.0.0.1:*"
    if where == "ipc":
        job, control = (_bind_ipc(*one, directory) for one in zip(sockets, ROLES, strict=True))
        return Endpoints(job, control)
    host, port = _loopback(where)
    try:
        listeners = tuple(gate.listen(host, port and port + index) for index in range(len(ROLES)))
    except OSError as error:
        raise _bind_failed(where, error) from error
    for router, role in zip(sockets, ROLES, strict=True):
        router.bind(backend(role))
    job, control = map(_tcp_endpoint, listeners)
    return Endpoints(job, control, listeners)


def backend(role: str) -> str:
    """Where the ROUTER of that role is bound when a gate stands before it."""
    return f"inproc://scumble-{role}"


def remove_sockets(directory: Path) -> None:
    """Remove what an ipc bind has left behind; the sockets must be closed."""
    for name in ROLES:
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
        raise _unusable(directory, error) from error
    try:
        yield
    finally:
        remove_connection(directory, pid)


def _unusable(directory: Path, error: OSError) -> ScumbleError:
    return ScumbleError(
        "runtime-dir-unusable",
        f"The directory {directory} cannot be written.",
        hint="Check that the disk is not full and that no link lies in it.",
        detail=str(error),
    )


def _lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _bind_ipc(router: zmq.Socket, role: str, directory: Path) -> str:
    endpoint = f"ipc://{directory / role}.sock"
    try:
        router.bind(endpoint)
    except zmq.ZMQError as error:
        raise _bind_failed(endpoint, error) from error
    (directory / f"{role}.sock").chmod(0o600)
    return endpoint


def _tcp_endpoint(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}"


def _bind_failed(endpoint: str, error: Exception) -> ScumbleError:
    return ScumbleError(
        "bind-failed",
        f"The daemon cannot listen at {endpoint}.",
        hint="Set SCUMBLE_BIND to tcp://127.0.0.1:*",
        detail=str(error),
    )


def _loopback(endpoint: str) -> tuple[str, int]:
    """Host and port (0 for any) of a tcp endpoint that only this machine reaches."""
    host, _, port = endpoint.removeprefix("tcp://").rpartition(":")
    number = 0 if port == "*" else int(port) if port.isascii() and port.isdigit() else -1
    if not endpoint.startswith("tcp://") or host not in LOOPBACK or not 0 <= number < 65_536:
        raise ScumbleError(
            "bind-refused",
            f"The daemon does not listen at {endpoint}: other machines could reach it.",
            hint="Use ipc or tcp://127.0.0.1:*",
        )
    return "127.0.0.1" if host == "localhost" else host.strip("[]"), number
