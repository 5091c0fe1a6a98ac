"""The interface of `zmtp.Dealer` over pyzmq, for those who prefer libzmq.

A ZeroMQ socket belongs to one thread, and libzmq reconnects behind the back of its user, which
would lose the session. So one thread owns the socket, and its monitor ends the connection for good.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections import deque
from typing import Any, Callable, Deque, Dict, List, Optional, Sequence, Tuple

import zmq
from zmq.utils.monitor import parse_monitor_message

from ..errors import ScumbleError
from ..pixels.pixels import BytesLike
from . import zmtp

QUEUE_LENGTH = 8
CURVE_OVERHEAD = 1024  # bytes, more than a frame grows by encryption
_BROKEN = (
    zmq.EVENT_DISCONNECTED,
    zmq.EVENT_CLOSED,
    zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL,
    zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL,
    zmq.EVENT_HANDSHAKE_FAILED_AUTH,
)


def connect(
    endpoint: str, *, timeout: float, max_frame: int, max_message: int, max_frames: int
) -> PyzmqDealer:
    """Connect a DEALER. libzmq itself enforces `max_frame`; the other limits are checked after.

    Raises zmtp.ConnectFailed or zmtp.Timeout.
    """
    return PyzmqDealer(endpoint, timeout, max_frame, max_message, max_frames)


def curve_connect(server: str, public: str, secret: str) -> Callable[..., PyzmqDealer]:
    """`connect` with CURVE: to the daemon of that public key, with a key pair of one's own (Z85).

    It raises also ScumbleError `key-refused`.
    """

    def connect_with_keys(
        endpoint: str, *, timeout: float, max_frame: int, max_message: int, max_frames: int
    ) -> PyzmqDealer:
        options: Dict[int, bytes] = {
            zmq.CURVE_SERVERKEY: server.encode("ascii"),
            zmq.CURVE_PUBLICKEY: public.encode("ascii"),
            zmq.CURVE_SECRETKEY: secret.encode("ascii"),
        }
        max_frame += CURVE_OVERHEAD
        return PyzmqDealer(endpoint, timeout, max_frame, max_message, max_frames, options)

    return connect_with_keys


class PyzmqDealer:
    """See `zmtp.Dealer`: one thread may send while another receives, and any may close."""

    def __init__(
        self,
        endpoint: str,
        timeout: float,
        max_frame: int,
        max_message: int,
        max_frames: int,
        options: Optional[Dict[int, bytes]] = None,
    ) -> None:
        self._max_message, self._max_frames = max_message, max_frames
        self._context = zmq.Context()
        self._wake_lock = threading.Lock()
        self._wake_in, self._wake_out = self._pair()
        self._outgoing: Deque[_Letter] = deque()
        self._incoming: queue.Queue[Optional[List[bytes]]] = queue.Queue()
        self._connected = threading.Event()
        self._up = self._refused = False
        self._failure: Optional[zmtp.ZmtpError] = None
        self._closing = self._ended = False
        self._letters = threading.Lock()
        socket = self._context.socket(zmq.DEALER)
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.MAXMSGSIZE, max_frame)
        socket.setsockopt(zmq.SNDHWM, QUEUE_LENGTH)
        socket.setsockopt(zmq.RCVHWM, QUEUE_LENGTH)
        socket.setsockopt(zmq.RECONNECT_IVL, -1)
        socket.setsockopt(zmq.IPV6, int("[" in endpoint))
        for option, value in (options or {}).items():
            socket.setsockopt(option, value)
        self._thread = threading.Thread(
            target=self._run, args=(socket, endpoint), name="scumble-pyzmq", daemon=True
        )
        self._thread.start()
        if not self._connected.wait(timeout):
            self.close()
            raise zmtp.Timeout("the peer did not complete the handshake in time")
        if not self._up:
            self.close()
            if self._refused:
                raise ScumbleError(
                    "key-refused",
                    "The daemon does not know this computer's key.",
                    hint="Give the key to the daemon's owner, who runs: scumble daemon keys --allow KEY",
                )
            raise zmtp.ConnectFailed("nothing answers at {}".format(endpoint))

    def send_multipart(self, frames: Sequence[BytesLike], timeout: Optional[float] = None) -> None:
        """See `zmtp.Dealer.send_multipart`."""
        letter = _Letter(frames)
        self._check()
        with self._letters:
            if self._ended:
                self._check()
                raise zmtp.ConnectionBroken("the connection is gone")
            self._outgoing.append(letter)
        self._wake()
        if not letter.sent.wait(timeout):
            letter.withdrawn = True
            raise zmtp.Timeout("the peer did not take the message within the time given")
        if letter.failed:
            self._check()

    def recv_multipart(self, timeout: Optional[float] = None) -> List[bytes]:
        """See `zmtp.Dealer.recv_multipart`."""
        try:
            frames = self._incoming.get(timeout=timeout)
        except queue.Empty:
            self._check()
            raise zmtp.Timeout("no message came within the time given") from None
        if frames is None:
            self._incoming.put(None)
            self._check()
            raise zmtp.Closed("the socket was closed")
        return frames

    def close(self) -> None:
        """End the connection; waiting threads get Closed."""
        with self._wake_lock:
            if self._closing:
                return
            self._closing = True
            self._poke()
        self._thread.join()
        self._wake_in.close()
        self._context.term()

    def _pair(self) -> Tuple[Any, Any]:
        ends = self._context.socket(zmq.PAIR), self._context.socket(zmq.PAIR)
        for end in ends:
            end.setsockopt(zmq.LINGER, 0)
        ends[0].bind("inproc://wake")
        ends[1].connect("inproc://wake")
        return ends

    def _wake(self) -> None:
        with self._wake_lock:
            if not self._closing:
                self._poke()

    def _poke(self) -> None:
        with contextlib.suppress(zmq.Again):  # nobody is there to be woken any more
            self._wake_in.send(b"", zmq.NOBLOCK)

    def _check(self) -> None:
        if self._failure is not None:
            raise zmtp.ConnectionBroken("the connection is gone") from self._failure
        if self._closing:
            raise zmtp.Closed("the socket was closed")

    def _run(self, socket: Any, endpoint: str) -> None:
        monitor = socket.get_monitor_socket()
        try:
            socket.connect(endpoint)
            self._serve(socket, monitor)
        except zmq.ZMQError as error:
            self._failure = self._failure or zmtp.ConnectionBroken(str(error))
        finally:
            socket.disable_monitor()
            monitor.close(0)
            socket.close(0)
            self._wake_out.close()
            with self._letters:
                self._ended = True
                for letter in self._outgoing:
                    letter.finish(failed=True)
            self._incoming.put(None)
            self._connected.set()

    def _serve(self, socket: Any, monitor: Any) -> None:
        poller = zmq.Poller()
        poller.register(monitor, zmq.POLLIN)
        poller.register(self._wake_out, zmq.POLLIN)
        while not self._closing and self._failure is None:
            sending = bool(self._outgoing) and self._up
            poller.register(socket, zmq.POLLIN | (zmq.POLLOUT if sending else 0))
            events = dict(poller.poll())
            if self._wake_out in events:
                self._wake_out.recv()
            if events.get(socket, 0) & zmq.POLLIN:
                self._receive(socket)
            elif monitor in events:  # only after what came before the end has been read
                self._watch(parse_monitor_message(monitor.recv_multipart())["event"])
            if events.get(socket, 0) & zmq.POLLOUT:
                self._send(socket)

    def _watch(self, event: int) -> None:
        if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
            self._up = True
            self._connected.set()
        elif event in _BROKEN:
            self._refused = event == zmq.EVENT_HANDSHAKE_FAILED_AUTH
            self._failure = zmtp.ConnectionBroken("the peer closed the connection")

    def _receive(self, socket: Any) -> None:
        frames = socket.recv_multipart(zmq.NOBLOCK)
        if len(frames) > self._max_frames or sum(map(len, frames)) > self._max_message:
            self._failure = zmtp.LimitExceeded("the peer sent more than the limits allow")
        else:
            self._incoming.put(frames)

    def _send(self, socket: Any) -> None:
        while self._outgoing:
            letter = self._outgoing[0]
            if not letter.withdrawn:
                try:
                    socket.send_multipart(letter.frames, zmq.NOBLOCK)
                except zmq.Again:
                    return
            self._outgoing.popleft()
            letter.finish()


class _Letter:
    """A message on its way to the thread that owns the socket."""

    def __init__(self, frames: Sequence[BytesLike]) -> None:
        self.frames = frames
        self.sent = threading.Event()
        self.failed = self.withdrawn = False

    def finish(self, failed: bool = False) -> None:
        self.failed = failed
        self.sent.set()
