"""One connection of the listener: bytes of a tcp socket on one side, a DEALER to the ROUTER on the other."""

from __future__ import annotations

import contextlib
import socket
import time
from collections import deque
from collections.abc import Sequence

import zmq

from scumble.pixels.pixels import BytesLike
from scumble.wire import zmtp_transport as transport
from scumble.wire.zmtp_codec import (
    GREETING,
    Decoder,
    Limits,
    Message,
    Ping,
    encode_message,
    encode_pong,
    encode_ready,
)

ROUTER = encode_ready(b"", b"ROUTER")
PEERS_OF_A_ROUTER = (b"DEALER",)
MAX_PONGS = 4
PATIENCE_S = 5.0  # for a stranger's greeting, and for a peer that is to hear why it must leave
MOST_AT_ONCE = 1 << 20  # bytes read or written before others have their turn


class TcpConnection:
    """A connection in both directions, each held up by the other side's pace and not by memory.

    Attributes:
        peer: the routing id that the ROUTER knows it by.
        dealer: its way to the ROUTER; None for a stranger.
        held: a message that the ROUTER has not taken yet; nothing is read before it has.
        leaves_at: when the connection is over unless something happens first; None for never.
    """

    def __init__(self, sock: socket.socket, peer: bytes, limits: Limits, now: float) -> None:
        self.peer = peer
        self.leaves_at: float | None = now + PATIENCE_S
        self.decoder = Decoder(limits, PEERS_OF_A_ROUTER)
        self.dealer: zmq.Socket | None = None
        self.held: list | None = None
        self._sock = sock
        self._leaving = False  # once everything is written
        self._left = 0
        self._outgoing: deque[transport.Outgoing] = deque()
        self._queue([memoryview(GREETING + ROUTER)])

    @property
    def is_owed(self) -> bool:
        """Whether something is on its way to it."""
        waiting = self.dealer is not None and self.dealer.poll(0)
        return bool(self._outgoing or waiting)

    @property
    def is_done(self) -> bool:
        """Whether it was refused and has been told so."""
        return self._leaving and not self._outgoing

    def fileno(self) -> int:
        """Of the tcp socket."""
        return self._sock.fileno()

    def register(self, poller: zmq.Poller) -> None:
        """Register what it waits for."""
        flags = zmq.POLLIN if self.held is None and not self._leaving else 0
        poller.register(self._sock, flags | (zmq.POLLOUT if self._outgoing else 0))
        if self.dealer is not None:
            flags = zmq.POLLIN if not self._outgoing else 0
            poller.register(self.dealer, flags | (zmq.POLLOUT if self.held is not None else 0))

    def admit(self, dealer: zmq.Socket) -> None:
        """It holds the key: this is its way to the ROUTER."""
        self.dealer, self.leaves_at = dealer, None

    def take_turn(self) -> None:
        """Allow `read` another `MOST_AT_ONCE` bytes."""
        self._left = MOST_AT_ONCE

    def read(self) -> list | None:
        """The frames of the next message; None when it is not here yet, or the turn is over.

        Raises ZmtpError, or ConnectionError at the end of the stream.
        """
        while not self._leaving:
            event = self.decoder.next_event()
            if isinstance(event, Message):
                return event.frames
            if isinstance(event, Ping) and len(self._outgoing) < MAX_PONGS:
                self._queue([memoryview(encode_pong(event.context))])
            if event is not None:
                continue
            if self._left <= 0:
                return None
            count = transport.read(self._sock, self.decoder.space())
            if count is None:
                return None
            if count == 0:
                raise ConnectionResetError
            self.decoder.advance(count)
            self._left -= count
        return None

    def write(self) -> None:
        """Write what the system takes. Raises OSError."""
        while self._outgoing:
            if self._outgoing[0].done:
                self._outgoing.popleft()
            elif not transport.write(self._sock, self._outgoing[0]):
                return

    def pass_on(self) -> bool:
        """Give the held message to the ROUTER if it takes it now. Raises zmq.ZMQError."""
        if self.held is None or self.dealer is None:
            return False
        with contextlib.suppress(zmq.Again):
            self.dealer.send_multipart(self.held, zmq.NOBLOCK, copy=False)
            self.held = None
        return self.held is None

    def fetch(self) -> None:
        """Take one message of the ROUTER and begin to write it. Raises OSError, zmq.ZMQError."""
        assert self.dealer is not None
        frames = [frame.buffer for frame in self.dealer.recv_multipart(zmq.NOBLOCK, copy=False)]
        self._queue(encode_message(frames))
        # An error without a signature ends a connection; the daemon has forgotten the session by now.
        if not len(frames[1]):
            self._leave()
        self.write()

    def refuse(self, frames: Sequence[BytesLike]) -> None:
        """Say why, and leave."""
        self._queue(encode_message(frames))
        self._leave()
        self.write()

    def close(self) -> None:
        """End both sides."""
        if self.dealer is not None:
            self.dealer.close()
        self._sock.close()

    def _leave(self) -> None:
        self._leaving, self.leaves_at = True, time.monotonic() + PATIENCE_S

    def _queue(self, pieces: list[memoryview]) -> None:
        self._outgoing.append(transport.Outgoing(pieces))
