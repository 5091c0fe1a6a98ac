"""What attackers have: bare sockets, recordings, another user's process, a look at the victim."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from daemon_process import Place

from scumble import ScumbleError
from scumble.request import StylizeRequest
from scumble.request_codec import to_spec
from scumble.wire import messages as m
from scumble.wire import session as wire
from scumble.wire import zmtp
from scumble.wire.connection import Connection
from scumble.wire.zmtp_codec import GREETING, encode_ready
from scumble.wire.zmtp_transport import Deadline, connect

NOBODY = 65534
MIB = 1 << 20
needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become another user"
)
linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")


def tries(few: int, full: int) -> int:
    """How often an attack is tried: `few` times, or ``SCUMBLE_FAULT_TRIES`` (``all`` for the full number)."""
    chosen = os.environ.get("SCUMBLE_FAULT_TRIES", "")
    return full if chosen == "all" else int(chosen) if chosen else few


def raw(place: Place, role: str = "job") -> zmtp.Dealer:
    """A bare connection to the daemon."""
    endpoint = place.info.job if role == "job" else place.info.control
    return zmtp.Dealer.connect(endpoint, timeout=10, max_frame=1 << 24, max_message=1 << 25, max_frames=8)


def bare(place: Place) -> socket.socket:
    """A stream socket to the daemon's job socket that has said nothing yet; it blocks, for ten seconds."""
    sock = connect(place.info.job, Deadline(10))
    sock.settimeout(10)
    return sock


def greeted(place: Place) -> socket.socket:
    """The same after a ZMTP handshake: messages may flow."""
    sock = bare(place)
    sock.sendall(GREETING + encode_ready(b""))
    got = b""
    while len(got) < len(GREETING) + 20:
        got += sock.recv(4096)
    return sock


def answer(dealer: zmtp.Dealer) -> ScumbleError:
    """The unsigned error that the daemon sends next."""
    packet = wire.parse(dealer.recv_multipart(10))
    assert packet.mac == b""
    return wire.unsigned_error(packet)


def refusal(dealer: zmtp.Dealer) -> str:
    """The code of that error, or ``cut off`` when the daemon hangs up without a word."""
    try:
        return answer(dealer).code
    except zmtp.ConnectionBroken:
        return "cut off"


def reply(connection: Connection) -> m.Message:
    """The next message on a connection."""
    received = connection.receive(10)
    assert received is not None
    return received[0]


def error_on(connection: Connection) -> m.Error:
    """The next message, which must be an error."""
    error = reply(connection)
    assert isinstance(error, m.Error)
    return error


def uploaded(connection: Connection, request: StylizeRequest) -> dict:
    """Send the images of a request; its spec, ready to be tampered with."""
    spec, contents = to_spec(request)
    for digest, content in contents.items():
        data = bytes(content.data)
        connection.send(m.Put(1, digest, len(data), 0), [data])
        assert reply(connection) == m.Stored(1, digest)
    return spec


class Recorder:
    """A dealer that keeps what is sent through it, as a listener on the wire would see it."""

    def __init__(self, *args, **kwargs) -> None:
        self.dealer = zmtp.Dealer.connect(*args, **kwargs)
        self.sent: list[list[bytes]] = []
        self.received: list[list[bytes]] = []

    def send_multipart(self, frames, timeout=None) -> None:
        self.sent.append([bytes(frame) for frame in frames])
        self.dealer.send_multipart(frames, timeout)

    def recv_multipart(self, timeout=None):
        frames = self.dealer.recv_multipart(timeout)
        self.received.append([bytes(frame) for frame in frames])
        return frames

    def close(self) -> None:
        self.dealer.close()


def record(place: Place) -> tuple[Connection, Recorder]:
    """A connection and the recording of what goes over it."""
    recorders: list[Recorder] = []

    def transport(*args, **kwargs):
        recorders.append(Recorder(*args, **kwargs))
        return recorders[0]

    connection = Connection.open(place.info, "job", transport, timeout=10)
    return connection, recorders[0]


class Relay:
    """Stands between clients and one endpoint of the daemon, and keeps every byte of both directions."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        self.to_daemon: list[bytearray] = []  # by connection
        self.to_client: list[bytearray] = []
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def everything(self) -> bytes:
        """All bytes that passed."""
        return b"".join(bytes(part) for part in [*self.to_daemon, *self.to_client])

    def close(self) -> None:
        for sock in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            daemon = connect(self._endpoint, Deadline(10))
            daemon.setblocking(True)
            self._open += [client, daemon]
            for source, sink, kept in ((client, daemon, self.to_daemon), (daemon, client, self.to_client)):
                kept.append(bytearray())
                threading.Thread(target=_pump, args=(source, sink, kept[-1]), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket, kept: bytearray) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            kept += data
            sink.sendall(data)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def as_nobody(call: Callable[[], object]) -> str:
    """What `call` gives in a process of the user ``nobody``: its result, or the name of what it raises."""
    read, write = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # fork beside threads: the child only calls
        child = os.fork()
    if not child:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            said = str(call())
        except ScumbleError as error:
            said = error.code
        except BaseException as error:
            said = type(error).__name__
        os.write(write, said.encode()[:4000])
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(child, 0)
    return said


def peak_rss(pid: int) -> int:
    """The most memory that a process has had so far, in bytes."""
    return _status(pid, "VmHWM") * 1024


def descriptors(pid: int) -> int:
    """How many descriptors a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def _status(pid: int, field: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    raise AssertionError(field)
