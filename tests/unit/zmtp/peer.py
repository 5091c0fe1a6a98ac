"""A peer written on raw sockets: it says exactly the bytes a test wants, independently of our codec."""

from __future__ import annotations

import contextlib
import fcntl
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from scumble.wire.zmtp import Dealer

MORE, LONG, COMMAND = 1, 2, 4
PATIENCE = 20.0  # seconds after which a peer gives up, so that a failing test ends
SIOCOUTQ = 0x5411
LARGE = bytes(32 << 20)  # more than any socket buffer holds

Script = Callable[[socket.socket], None]


class ParsedFrame(NamedTuple):
    flags: int
    body: bytes


def greeting(
    version: tuple[int, int] = (3, 1), mechanism: bytes = b"NULL", padding: bytes = bytes(8)
) -> bytes:
    return b"\xff" + padding + b"\x7f" + bytes(version) + mechanism.ljust(20, b"\0") + bytes(32)


def frame(body: bytes, flags: int = 0, *, long: bool | None = None) -> bytes:
    if len(body) > 255 if long is None else long:
        return struct.pack(">BQ", flags | LONG, len(body)) + body
    return struct.pack(">BB", flags, len(body)) + body


def message(*bodies: bytes) -> bytes:
    return b"".join(frame(body, MORE) for body in bodies[:-1]) + frame(bodies[-1])


def command(name: bytes, data: bytes = b"") -> bytes:
    return frame(bytes((len(name),)) + name + data, COMMAND)


def ready(socket_type: bytes = b"ROUTER", **more: bytes) -> bytes:
    properties = {b"Socket-Type": socket_type, **{key.encode(): more[key] for key in more}}
    return command(
        b"READY",
        b"".join(
            bytes((len(key),)) + key + struct.pack(">I", len(value)) + value
            for key, value in properties.items()
        ),
    )


HANDSHAKE = greeting() + ready()


def ping(context: bytes = b"", ttl: int = 0) -> bytes:
    return command(b"PING", struct.pack(">H", ttl) + context)


def read_exactly(conn: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        piece = conn.recv(count - len(data))
        if not piece:
            raise EOFError(f"{len(data)} of {count} bytes came")
        data += piece
    return bytes(data)


def read_frame(conn: socket.socket) -> ParsedFrame:
    (flags,) = read_exactly(conn, 1)
    size = struct.unpack(">Q", read_exactly(conn, 8))[0] if flags & LONG else read_exactly(conn, 1)[0]
    return ParsedFrame(flags & ~LONG, read_exactly(conn, size))


def read_to_end(conn: socket.socket) -> None:
    with contextlib.suppress(ConnectionError):
        while conn.recv(1 << 20):
            pass


def shake_hands(conn: socket.socket) -> ParsedFrame:
    """Be a well-behaved ROUTER until messages may flow; returns the client's READY."""
    conn.sendall(greeting())
    read_exactly(conn, 64)
    conn.sendall(ready())
    return read_frame(conn)


def send_and_see_it_read(conn: socket.socket, data: bytes) -> None:
    """Send, and return when the other side has taken it all out of the kernel (where that shows)."""
    conn.sendall(data)
    if sys.platform != "linux":
        return
    end = time.monotonic() + PATIENCE
    # No event tells this, so it is asked for.
    while any(fcntl.ioctl(conn, SIOCOUTQ, bytes(4))) and time.monotonic() < end:
        time.sleep(0.0002)


@contextlib.contextmanager
def peer(script: Script, path: Path | None = None) -> Iterator[str]:
    """Accept one connection and run `script` on it in a thread; yields the endpoint to connect to.

    Listens on a unix socket at `path`, or on TCP. What the script raises is raised at the end.
    """
    with socket.socket(socket.AF_INET if path is None else socket.AF_UNIX) as listener:
        listener.bind(("127.0.0.1", 0) if path is None else str(path))
        listener.listen()
        listener.settimeout(PATIENCE)
        failures: list[BaseException] = []

        def run() -> None:
            try:
                conn, _ = listener.accept()
                with conn:
                    conn.settimeout(PATIENCE)
                    script(conn)
            except BaseException as error:
                failures.append(error)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            if path is None:
                yield f"tcp://127.0.0.1:{listener.getsockname()[1]}"
            else:
                yield f"ipc://{path}"
        finally:
            thread.join(PATIENCE)
            if path is not None:
                path.unlink()
        assert not thread.is_alive(), "the peer's script did not end"
        if failures:
            raise failures[0]


def connect(endpoint: str, timeout: float = PATIENCE, routing_id: bytes = b"") -> Dealer:
    return Dealer.connect(
        endpoint,
        timeout=timeout,
        max_frame=1 << 26,
        max_message=1 << 27,
        max_frames=100,
        routing_id=routing_id,
    )


def in_thread(work: Callable[[], object]) -> tuple[threading.Thread, list[BaseException]]:
    """Run `work` in a thread; the list holds what it raised once the thread has ended."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, raised
