"""The door for tcp: any local process can knock there, and one without the key must cost nothing.

libzmq bounds the size of a frame but not their number, and it asks nobody before it buffers: a stranger
could fill the memory with frames of a message that never ends. So on tcp the daemon speaks ZMTP with its own
codec. What comes from a stranger is held to the size of a greeting. Only messages that are complete go on,
through inproc, to the ROUTER that all clients talk to, and large ones only from who has proved the key.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import socket
import sys
import threading
import time
from collections.abc import Callable

import zmq

from scumble.errors import ScumbleError
from scumble.wire import session as wire
from scumble.wire.header import MAX_HEADER
from scumble.wire.zmtp_codec import Limits, ZmtpError
from scumble.wire.zmtp_transport import Wakeup

from .tcp_connection import TcpConnection

BACKLOG = 128
TICK_MS = 500
PAUSE_S = 0.5  # after which a machine without free descriptors is tried again
FAREWELL_S = 0.3
QUEUE_LENGTH = 8

STRANGER = Limits(max_frame=MAX_HEADER, max_message=MAX_HEADER + 1024, max_frames=wire.MAX_FRAMES)
CLIENT = Limits(wire.MAX_PAYLOAD, wire.MAX_MESSAGE, wire.MAX_FRAMES)

log = logging.getLogger(__name__)


def listen(host: str, port: int) -> socket.socket:
    """A listening, non-blocking socket. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":  # else another user's process could bind the same port over ours
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


class TcpListener:
    """Lets clients from a tcp listener to a ROUTER bound at `backend`, on a thread of its own.

    `greets` raises ScumbleError for a first message that is no hello of a key's holder. `proved` says
    whether the client of that routing id has used its session key; both are called on the listener's
    thread. At most `max_unproved` connections that have not are kept: the oldest makes room for the next.
    """

    def __init__(
        self,
        context: zmq.Context,
        listener: socket.socket,
        backend: str,
        greets: Callable[[wire.Packet], object],
        proved: Callable[[bytes], bool],
        max_unproved: int,
    ) -> None:
        self._context, self._listener, self._backend = context, listener, backend
        self._greets, self._proved, self._max_unproved = greets, proved, max_unproved
        self._connections: dict[int, TcpConnection] = {}  # by descriptor, in order of arrival
        self._numbers = itertools.count(1)
        self._waker = Wakeup()
        self._ends_at: float | None = None
        self._accepts_at = 0.0
        self._thread = threading.Thread(target=self._run, name="tcp-listener", daemon=True)

    def start(self) -> None:
        """Serve until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """Deliver what is on its way to clients who take it at once, and end."""
        self._ends_at = time.monotonic() + FAREWELL_S
        self._waker.wake()
        if self._thread.is_alive():
            self._thread.join()
        self._listener.close()
        self._waker.close()

    def _run(self) -> None:
        while not self._is_over():
            now = time.monotonic()
            poller = zmq.Poller()
            poller.register(self._waker.fileno(), zmq.POLLIN)
            if self._ends_at is None and now >= self._accepts_at:
                poller.register(self._listener, zmq.POLLIN)
            for connection in self._connections.values():
                connection.register(poller)
            ready = dict(poller.poll(20 if self._ends_at else TICK_MS))
            self._waker.clear()
            now = time.monotonic()
            if self._listener.fileno() in ready:
                self._accept(now)
            for connection in list(self._connections.values()):
                self._serve(connection, ready, now)
        for connection in list(self._connections.values()):
            self._dismiss(connection)

    def _is_over(self) -> bool:
        if self._ends_at is None:
            return False
        return time.monotonic() >= self._ends_at or not any(v.is_owed for v in self._connections.values())

    def _accept(self, now: float) -> None:
        for _ in range(BACKLOG):
            try:
                sock, _ = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                log.warning("a connection was not accepted: %s", error.strerror)
                self._accepts_at = now + PAUSE_S
                return
            self._make_room()
            sock.setblocking(False)
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer = b"tcp" + next(self._numbers).to_bytes(8, "big")
            self._connections[sock.fileno()] = TcpConnection(sock, peer, STRANGER, now)

    def _make_room(self) -> None:
        unproved = [
            connection for connection in self._connections.values() if not self._proved(connection.peer)
        ]
        for connection in unproved[: max(0, len(unproved) - self._max_unproved + 1)]:
            self._dismiss(connection)

    def _serve(self, connection: TcpConnection, ready: dict, now: float) -> None:
        events = ready.get(connection.fileno(), 0)
        try:
            if connection.dealer is not None and ready.get(connection.dealer, 0) & zmq.POLLIN:
                connection.fetch()
            if events & zmq.POLLOUT:
                connection.write()
            resumed = connection.held is not None and connection.pass_on()
            if resumed or events & (zmq.POLLIN | zmq.POLLERR):
                self._read(connection)
        except (ZmtpError, OSError, zmq.ZMQError):
            self._dismiss(connection)
            return
        if connection.is_done or (connection.leaves_at is not None and now > connection.leaves_at):
            self._dismiss(connection)

    def _read(self, connection: TcpConnection) -> None:
        """Pass on messages until the ROUTER takes no more or others must have their turn."""
        connection.take_turn()
        while connection.held is None:
            if connection.decoder.limits is STRANGER and self._proved(connection.peer):
                connection.decoder.limits = CLIENT
            frames = connection.read()
            if frames is None:
                return
            if connection.dealer is None:
                try:
                    self._greets(wire.parse(frames))
                except ScumbleError as error:
                    connection.refuse(wire.seal_unsigned(error))
                    return
                connection.admit(self._connect(connection.peer))
            connection.held = frames
            connection.pass_on()

    def _connect(self, peer: bytes) -> zmq.Socket:
        dealer = self._context.socket(zmq.DEALER)
        dealer.setsockopt(zmq.LINGER, 1000)  # a farewell still reaches the ROUTER
        dealer.setsockopt(zmq.SNDHWM, QUEUE_LENGTH)
        dealer.setsockopt(zmq.RCVHWM, QUEUE_LENGTH)
        dealer.setsockopt(zmq.ROUTING_ID, peer)
        dealer.connect(self._backend)
        return dealer

    def _dismiss(self, connection: TcpConnection) -> None:
        self._connections.pop(connection.fileno(), None)
        connection.close()
