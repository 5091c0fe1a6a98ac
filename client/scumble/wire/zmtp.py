"""A ZeroMQ DEALER socket on the standard library alone: ZMTP 3.0, NULL mechanism, TCP and AF_UNIX.

It exists because the editors' Pythons may not carry compiled packages. One Dealer is one
connection: it does not reconnect, and has no queues beyond what the operating system holds.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from typing import Deque, Iterator, List, NoReturn, Optional, Sequence

from . import zmtp_transport as transport
from .zmtp_codec import (
    GREETING,
    BytesLike,
    Closed,
    ConnectFailed,
    ConnectionBroken,
    Decoder,
    EndpointError,
    Event,
    Frame,
    LimitExceeded,
    Limits,
    Message,
    PeerError,
    Ping,
    ProtocolError,
    Timeout,
    ZmtpError,
    encode_message,
    encode_pong,
    encode_ready,
)
from .zmtp_transport import Deadline, Outgoing, Wakeup

__all__ = [
    "Closed",
    "ConnectFailed",
    "ConnectionBroken",
    "Dealer",
    "EndpointError",
    "LimitExceeded",
    "PeerError",
    "ProtocolError",
    "Timeout",
    "ZmtpError",
]

# A peer that floods us with PINGs and reads no PONG gets answers to its last few only.
_MAX_PONGS = 16


class Dealer:
    """A connected DEALER socket: `Dealer.connect` makes one, `close` or a `with` block ends it.

    One thread may send while another receives, and any thread may close. Heartbeats of the peer are
    answered while some thread is inside `recv_multipart`.
    """

    def __init__(self, sock: transport.Socket, limits: Limits) -> None:
        """Take over a connected, non-blocking stream socket; `connect` is what callers want."""
        self._sock = sock
        self._waker = Wakeup()
        self._decoder = Decoder(limits)
        self._recv_lock = threading.Lock()
        self._send_lock = threading.Lock()
        self._pongs: Deque[bytes] = deque(maxlen=_MAX_PONGS)
        self._control = Outgoing([])  # commands under way; guarded by _send_lock
        self._state_lock = threading.Lock()  # guards what follows
        self._closed = False
        self._failure: Optional[str] = None
        self._users = 0  # threads inside; the last one out of a closed Dealer frees the descriptors

    @classmethod
    def connect(
        cls,
        endpoint: str,
        *,
        timeout: float,
        max_frame: int,
        max_message: int,
        max_frames: int,
        routing_id: bytes = b"",
    ) -> Dealer:
        """Connect to a ROUTER, DEALER or REP and complete the handshake within `timeout` seconds.

        `endpoint` is "tcp://host:port" or "ipc:///path". `max_frame` and `max_message` (bytes) and
        `max_frames` (per message) bound what the peer may send. `routing_id`, at most 255 bytes and
        not beginning with a zero byte, is the name that a ROUTER knows this socket by; when it is
        empty the ROUTER chooses.

        Raises EndpointError, ConnectFailed, Timeout, ConnectionBroken, ProtocolError or PeerError.
        """
        deadline = Deadline(timeout)
        ready = encode_ready(routing_id)
        limits = Limits(max_frame, max_message, max_frames)
        sock = transport.connect(endpoint, deadline)
        try:
            dealer = cls(sock, limits)
        except OSError as error:
            sock.close()
            raise ConnectFailed("no descriptors left to connect with: {}".format(error)) from error
        try:
            dealer._handshake(ready, deadline)
        except BaseException:
            dealer.close()
            raise
        return dealer

    def send_multipart(self, frames: Sequence[BytesLike], timeout: Optional[float] = None) -> None:
        """Send one message; None waits without end, 0 takes only what the system takes at once.

        Large frames go out from the caller's memory, which must not change until this returns.

        Raises Timeout when nothing of the message was sent (it may be tried again),
        ConnectionBroken when the connection is gone or the time was up with half of the message
        sent, and Closed.
        """
        deadline = Deadline(timeout)
        message = Outgoing(encode_message(frames))
        with self._in_use():
            try:
                with self._holding(self._send_lock, deadline):
                    self._write_message(message, deadline)
            finally:
                if self._pongs_are_due():
                    self._waker.wake()  # what this thread could not write, the receiving one shall

    def recv_multipart(self, timeout: Optional[float] = None) -> List[Frame]:
        """Receive one message: its frames as bytes, the large ones as bytearray.

        None waits without end, 0 takes what is there. Raises Timeout, after which the next call
        continues where this one stopped, ConnectionBroken, LimitExceeded, ProtocolError, PeerError
        or Closed.
        """
        deadline = Deadline(timeout)
        with self._in_use(), self._holding(self._recv_lock, deadline):
            event = self._next_event(deadline)
            while not isinstance(event, Message):  # once the handshake is over there is nothing else
                event = self._next_event(deadline)
            return event.frames

    def fileno(self) -> int:
        """The descriptor to wait on: once readable, call `recv_multipart(0)` until Timeout."""
        return self._sock.fileno()

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def close(self) -> None:
        """End the connection; a thread blocked in send or recv gets Closed. May be called again."""
        with self._state_lock:
            if self._closed:
                return
            self._closed = True
            self._interrupt()
            if not self._users:
                self._release()

    def __enter__(self) -> Dealer:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _handshake(self, ready: bytes, deadline: Deadline) -> None:
        try:
            with self._in_use():
                self._write(Outgoing([memoryview(GREETING)]), deadline)
                self._next_event(deadline)  # the decoder yields the Greeting first ...
                self._write(Outgoing([memoryview(ready)]), deadline)
                self._next_event(deadline)  # ... and the Ready next, or raises
        except ConnectionBroken as error:
            # libzmq does not say why, but hangs up on a mechanism or socket type that it does not want.
            raise ConnectionBroken(
                "the peer hung up during the handshake: it wants encryption, is no ROUTER, "
                "or is ending ({})".format(error)
            ) from error

    def _write_message(self, message: Outgoing, deadline: Deadline) -> None:
        try:
            self._write(self._control, deadline)
            self._write(message, deadline)
            self._write_pongs()
        except BaseException as error:
            if message.begun and not message.done:
                # The peer would take the next message for the rest of this one.
                half_sent = "the connection was given up: a message was half sent"
                self._fail(half_sent)
                if isinstance(error, Timeout):
                    raise ConnectionBroken(half_sent) from error
            raise

    def _next_event(self, deadline: Deadline) -> Event:
        """Decode what is there, then read until there is an event other than a Ping.

        Holds _recv_lock, or is alone.
        """
        expired = False
        while True:
            self._check()
            try:
                event = self._decoder.next_event()
            except ZmtpError as error:
                self._fail(str(error))
                raise
            if isinstance(event, Ping):
                self._pongs.append(encode_pong(event.context))
                self._offer_pongs()  # now: the message behind it may end this call
                continue
            if event is not None:
                return event
            if expired:
                raise Timeout("no message came within the time given")
            # One read more after the deadline: so every call advances, and a peer that never stops
            # sending cannot hold us here.
            expired = deadline.expired()
            self._offer_pongs()
            count = self._read()
            if count is None:
                if expired:
                    raise Timeout("no message came within the time given")
                write = self._pongs_are_due() and not self._send_lock.locked()
                transport.wait(self._sock, self._waker, deadline, read=True, write=write)
            elif count == 0:
                self._check()
                self._give_up("the peer closed the connection")
            else:
                self._decoder.advance(count)

    def _read(self) -> Optional[int]:
        try:
            return transport.read(self._sock, self._decoder.space())
        except OSError as error:
            self._check()
            self._give_up("the connection was lost: {}".format(error), error)

    def _write(self, outgoing: Outgoing, deadline: Deadline) -> None:
        """Write it all; holds _send_lock, or is alone. On Timeout `outgoing` keeps what is left."""
        while not outgoing.done:
            self._check()
            if self._write_some(outgoing):
                continue
            if deadline.expired():
                raise Timeout("the peer did not take the message within the time given")
            transport.wait(self._sock, self._waker, deadline, read=False, write=True)

    def _write_some(self, outgoing: Outgoing) -> bool:
        """Write what the system takes at once; False when it takes nothing."""
        try:
            return transport.write(self._sock, outgoing)
        except OSError as error:
            self._check()
            # Not _fail: the peer may have said why before it hung up, and that can still be read.
            raise ConnectionBroken("the connection was lost: {}".format(error)) from error

    def _offer_pongs(self) -> None:
        """Answer heartbeats without waiting, unless a sending thread is at it and will do so."""
        if self._pongs_are_due() and self._send_lock.acquire(blocking=False):
            try:
                self._write_pongs()
            finally:
                self._send_lock.release()

    def _write_pongs(self) -> None:
        """Write the PONGs as far as the system takes them at once; holds _send_lock."""
        try:
            while self._pongs_are_due():
                if self._control.done:
                    self._control = Outgoing([memoryview(self._pongs.popleft())])
                if not self._write_some(self._control):
                    return
        except ConnectionBroken:
            # No reason to fail a receive, because the peer may have said more, nor a send that is done.
            self._pongs.clear()
            self._control = Outgoing([])

    def _pongs_are_due(self) -> bool:
        return bool(self._pongs) or not self._control.done

    @contextlib.contextmanager
    def _in_use(self) -> Iterator[None]:
        """Keep the descriptors from being freed, and perhaps reused, under our feet."""
        with self._state_lock:
            if self._closed:
                raise Closed("the Dealer is closed")
            self._users += 1
        try:
            yield
        finally:
            with self._state_lock:
                self._users -= 1
                if self._closed and not self._users:
                    self._release()

    @contextlib.contextmanager
    def _holding(self, lock: threading.Lock, deadline: Deadline) -> Iterator[None]:
        if not lock.acquire(timeout=deadline.lock_timeout()):
            raise Timeout("another thread used the connection for all of the time given")
        try:
            self._check()
            yield
        finally:
            lock.release()

    def _check(self) -> None:
        if self._closed:
            raise Closed("the Dealer was closed")
        if self._failure is not None:
            raise ConnectionBroken("the connection is unusable: {}".format(self._failure))

    def _fail(self, reason: str) -> None:
        """Make the connection unusable for every thread, now and later."""
        with self._state_lock:
            if self._failure is None and not self._closed:
                self._failure = reason
                self._interrupt()

    def _give_up(self, reason: str, cause: Optional[BaseException] = None) -> NoReturn:
        self._fail(reason)
        # No name for it here: it would hold this frame, which would hold it and all that it has passed.
        raise ConnectionBroken(reason) from cause

    def _interrupt(self) -> None:
        self._waker.stay_awake()
        transport.shut_down(self._sock)

    def _release(self) -> None:
        self._waker.close()
        self._sock.close()
