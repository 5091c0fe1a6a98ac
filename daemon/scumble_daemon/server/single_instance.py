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

from scumble.errors import ScumbleError
from scumble.launch.connection_file import remove_connection, start_ticks, write_connection
from scumble.locking import open_lock, try_lock
from scumble.wire.connection import ConnectionInfo
from scumble.wire.validators import ROLES

from . import tcp_listener

LOCK_NAME = "daemon.lock"
MAX_IPC_PATH = 100  # bytes; the system's limit for a socket's path is 104 or 108
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
WILDCARDS = {"*": "127.0.0.1", "0.0.0.0": "127.0.0.1", "[::]": "[::1]"}


class Endpoints(NamedTuple):
    """Where clients find the two sockets.

    For tcp on this machine with the listeners that a `TcpListener` shall serve; for the network with the
    daemon's public CURVE key.
    """

    job: str
    control: str
    listeners: tuple[socket.socket, ...] = ()
    curve: str = ""


@contextlib.contextmanager
def only_daemon(directory: Path) -> Iterator[bool]:
    """Hold the lock of the runtime directory; yields False when another daemon holds it.

    The system lets go of it when the process ends, however it ends. Raises ScumbleError
    `runtime-dir-unusable`.
    """
    try:
        descriptor = open_lock(directory / LOCK_NAME)
    except OSError as error:
        raise _unusable(directory, error) from error
    try:
        yield try_lock(descriptor)
    finally:
        os.close(descriptor)


def bind(sockets: tuple[zmq.Socket, zmq.Socket], directory: Path, where: str) -> Endpoints:
    """Bind the job and the control socket.

    `where` is ``auto``, ``ipc``, or a tcp endpoint such as ``tcp://127.0.0.1:*``; with a port of its own
    there, the control socket has the next one. What other machines could reach is bound with CURVE.

    Raises ScumbleError `bind-refused` for anything else and for the network without keys, `bind-failed`.
    """
    ipc_fits = len(os.fsencode(directory)) + 16 <= MAX_IPC_PATH
    if where == "auto":
        where = "ipc" if zmq.has("ipc") and sys.platform != "win32" and ipc_fits else "tcp"
    if where == "tcp":
        where = "tcp://127.0.0.1:*"
    if where == "ipc":
        job, control = (_bind_ipc(*one, directory) for one in zip(sockets, ROLES, strict=True))
        return Endpoints(job, control)
    host, port = _address(where)
    if host not in LOOPBACK:
        return _bind_curve(sockets, host, port)
    host = "127.0.0.1" if host == "localhost" else host.strip("[]")
    try:
        listeners = tuple(tcp_listener.listen(host, port and port + index) for index in range(len(ROLES)))
    except OSError as error:
        raise _bind_failed(where, error) from error
    for router, role in zip(sockets, ROLES, strict=True):
        router.bind(backend(role))
    job, control = map(_tcp_endpoint, listeners)
    return Endpoints(job, control, listeners)


def backend(role: str) -> str:
    """Where the ROUTER of that role is bound when a `TcpListener` stands before it."""
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
        pid,
        time.time(),
        start_ticks(pid),
        endpoints.job,
        endpoints.control,
        key,
        version=version,
        curve=endpoints.curve,
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
        "The directory {folder} cannot be written.",
        hint="Check that the disk is not full and that no link lies in it.",
        detail=str(error),
        folder=directory,
    )


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
        "The daemon cannot listen at {endpoint}.",
        hint="Set SCUMBLE_BIND to tcp://127.0.0.1:*",
        detail=str(error),
        endpoint=endpoint,
    )


def _address(endpoint: str) -> tuple[str, int]:
    """Host and port (0 for any) of a tcp endpoint."""
    host, _, port = endpoint.removeprefix("tcp://").rpartition(":")
    number = 0 if port == "*" else int(port) if port.isascii() and port.isdigit() else -1
    if not endpoint.startswith("tcp://") or not host or not 0 <= number < 65_535:
        raise ScumbleError(
            "bind-refused",
            "The daemon does not listen at {endpoint}.",
            hint="Use ipc or tcp://127.0.0.1:*",
            endpoint=repr(endpoint)[:100],
        )
    return host, number


def _bind_curve(sockets: tuple[zmq.Socket, zmq.Socket], host: str, port: int) -> Endpoints:
    """Bind where other machines reach the daemon: encrypted, and for known clients only."""
    from . import network_auth  # most daemons never need it

    keys = network_auth.keys_to_listen()
    if not port:
        raise ScumbleError(
            "bind-refused",
            "The daemon does not listen to the network at a port that nobody knows.",
            hint="Name one: tcp://{host}:5555",
            host=host,
        )
    for router, number in zip(sockets, (port, port + 1), strict=True):
        network_auth.secure(router, keys)
        router.setsockopt(zmq.IPV6, int(":" in host))
        try:
            router.bind(f"tcp://{host}:{number}")
        except zmq.ZMQError as error:
            raise _bind_failed(f"tcp://{host}:{number}", error) from error
    near = WILDCARDS.get(host, host)
    return Endpoints(f"tcp://{near}:{port}", f"tcp://{near}:{port + 1}", curve=keys.public)
