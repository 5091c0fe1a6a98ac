"""ZMTP 3.0 for one DEALER, without a socket: what to send, and what the peer's bytes mean.

The bytes come in through `Decoder.space` and `Decoder.advance` and go out as events: a Greeting,
then a Ready, then Messages and Pings. RFC 23 (ZMTP 3.0) is what we speak; of RFC 37 (3.1) the
heartbeats are understood. A length that the peer announces is held against the limits before
anything is allocated for it.
"""

from __future__ import annotations

import struct
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

BytesLike = Union[bytes, bytearray, memoryview]
Frame = Union[bytes, bytearray]


class ZmtpError(Exception):
    """Whatever goes wrong with a ZMTP connection."""


class EndpointError(ZmtpError, ValueError):
    """The endpoint is not one that this platform can connect to."""


class ConnectFailed(ZmtpError, ConnectionError):  # noqa: N818
    """Nothing accepted the connection at the endpoint."""


class ConnectionBroken(ZmtpError, ConnectionError):  # noqa: N818
    """The connection was up and is gone; this Dealer can do nothing more."""


class Timeout(ZmtpError, TimeoutError):  # noqa: N818
    """The time was up; the connection is intact and nothing is lost."""


class Closed(ZmtpError):  # noqa: N818
    """The Dealer was closed, by this thread or by another."""


class PeerError(ZmtpError):
    """The peer refused the connection and gave its reason in an ERROR command."""


class ProtocolError(ZmtpError):
    """The peer's bytes are not those of a ZMTP 3 peer that a DEALER may talk to."""


class LimitExceeded(ProtocolError):  # noqa: N818
    """The peer announced more than the limits allow; none of it was read."""


class Limits(NamedTuple):
    """What a peer may send: bytes in one frame, bytes in one message, frames in one message."""

    max_frame: int
    max_message: int
    max_frames: int


class Greeting(NamedTuple):
    """The peer's greeting was right: now the READY command is due."""

    version: Tuple[int, int]


class Ready(NamedTuple):
    """The peer's READY command was right: messages may flow. Property names are in lower case."""

    metadata: Dict[bytes, bytes]


class Ping(NamedTuple):
    """The peer wants a PONG with this context, within `ttl` tenths of a second (0: no hurry)."""

    ttl: int
    context: bytes


class Message(NamedTuple):
    """All frames of one message: bytes, or bytearray for one read straight into its own memory."""

    frames: List[Frame]


Event = Union[Greeting, Ready, Ping, Message]

GREETING = b"\xff" + bytes(8) + b"\x7f" + b"\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
MAX_COMMAND = 16_384
MAX_ROUTING_ID = 255
# A frame above this gets memory of its own and is read straight into it; one below is cut out of
# the read-ahead.
DIRECT_READ = 8_192
# A frame above this is sent from the caller's memory; smaller ones are joined with their headers.
DIRECT_SEND = 8_192
# Longest piece handed to the operating system at once: far below any int that counts bytes there.
MAX_PIECE = 1 << 26

_MORE, _LONG, _COMMAND = 1, 2, 4
_MAX_CONTEXT = 16
PEERS_OF_A_DEALER = (b"ROUTER", b"DEALER", b"REP")


def encode_ready(routing_id: bytes, socket_type: bytes = b"DEALER") -> bytes:
    """Our READY command. Raises ValueError for a routing id that ZeroMQ refuses."""
    if len(routing_id) > MAX_ROUTING_ID or routing_id[:1] == b"\0":
        raise ValueError("a routing id has at most 255 bytes and does not begin with a zero byte")
    metadata = _property(b"Socket-Type", socket_type) + _property(b"Identity", routing_id)
    return _command(b"READY", metadata)


def encode_pong(context: bytes) -> bytes:
    """The PONG command that answers a PING with this context."""
    return _command(b"PONG", context)


def encode_message(frames: Sequence[BytesLike]) -> List[memoryview]:
    """The message as pieces to send one after another; the memory of large frames is not copied.

    Raises ValueError for a message without frames, TypeError for a frame that is not contiguous
    bytes.
    """
    if not frames:
        raise ValueError("a message has at least one frame")
    pieces: List[memoryview] = []
    joined = bytearray()
    for index, frame in enumerate(frames):
        view = memoryview(frame)
        if not view.c_contiguous:
            raise TypeError("a frame must be contiguous memory: pass bytes(frame)")
        size = view.nbytes
        joined += _frame_header(size, _MORE if index + 1 < len(frames) else 0)
        if size <= DIRECT_SEND:
            joined += view.tobytes()
            continue
        pieces.append(memoryview(joined))
        joined = bytearray()
        view = view.cast("B")
        pieces.extend(view[at : at + MAX_PIECE] for at in range(0, size, MAX_PIECE))
    if joined:
        pieces.append(memoryview(joined))
    return pieces


class Decoder:
    """The peer's side of a connection, as a state machine over its bytes.

    Ask `next_event` until it returns None; then write some bytes into `space()`, tell `advance` how
    many, and ask again. `next_event` raises ProtocolError, LimitExceeded or PeerError; the
    connection is of no use after that. `peers` are the socket types that are welcome; `limits` may be
    set anew once more is known about the peer.
    """

    def __init__(self, limits: Limits, peers: Sequence[bytes] = PEERS_OF_A_DEALER) -> None:
        self.limits = limits
        self._peers = peers
        self._ahead = bytearray(65_536)  # read-ahead; [start:end] is not decoded yet
        self._view = memoryview(self._ahead)
        self._start = 0
        self._end = 0
        self._greeted = False
        self._ready = False
        self._header: Optional[Tuple[int, int]] = None  # flags and size of the frame that is due
        self._body: Optional[bytearray] = None  # that body, when it has memory of its own
        self._filled = 0
        self._frames: List[Frame] = []
        self._message_bytes = 0

    def space(self) -> memoryview:
        """Where the next bytes belong, never empty after `next_event` returned None."""
        if self._body is not None:
            return memoryview(self._body)[self._filled :]
        if self._start:
            left = self._end - self._start
            self._ahead[:left] = self._ahead[self._start : self._end]
            self._start, self._end = 0, left
        return self._view[self._end :]

    def advance(self, count: int) -> None:
        """`count` bytes were written at the beginning of `space()`."""
        if self._body is not None:
            self._filled += count
        else:
            self._end += count

    def next_event(self) -> Optional[Event]:
        """The next thing that the bytes so far say, or None when more bytes are needed."""
        if not self._greeted:
            return self._greeting()
        while True:
            frame = self._frame()
            if frame is None:
                return None
            flags, body = frame
            if flags & _COMMAND:
                event = self._on_command(bytes(body))
                if event is not None:
                    return event
                continue
            self._frames.append(body)
            if not flags & _MORE:
                message = Message(self._frames)
                self._frames, self._message_bytes = [], 0
                return message

    def _greeting(self) -> Optional[Greeting]:
        # Judged byte by byte: a peer of another protocol may say little and wait for us.
        got = self._ahead[: min(self._end, len(GREETING))]
        if got[:1] not in (b"", b"\xff") or (len(got) > 9 and not got[9] & 1):
            raise ProtocolError("the peer does not speak ZeroMQ: check the endpoint")
        if len(got) > 10 and got[10] < 3:
            raise ProtocolError("the peer is older than ZMTP 3.0: it needs ZeroMQ 4.0 or later")
        if len(got) < len(GREETING):
            return None
        mechanism = bytes(got[12:32]).rstrip(b"\0")
        if mechanism != b"NULL":
            raise ProtocolError(
                "the peer wants the mechanism {!r}, this client has NULL".format(_text(mechanism))
            )
        self._start = len(GREETING)
        self._greeted = True
        return Greeting((got[10], got[11]))

    def _frame(self) -> Optional[Tuple[int, Frame]]:
        if self._header is None:
            self._header = self._read_header()
            if self._header is None:
                return None
        flags, size = self._header
        if size <= DIRECT_READ:
            if self._end - self._start < size:
                return None
            body: Frame = bytes(self._view[self._start : self._start + size])
            self._start += size
        else:
            if self._body is None:
                self._body = _allocate(size)
                self._filled = min(size, self._end - self._start)
                self._body[: self._filled] = self._view[self._start : self._start + self._filled]
                self._start += self._filled
            if self._filled < size:
                return None
            body, self._body = self._body, None
        self._header = None
        return flags, body

    def _read_header(self) -> Optional[Tuple[int, int]]:
        held = self._end - self._start
        if not held:
            return None
        flags = self._ahead[self._start]
        if flags & ~(_MORE | _LONG | _COMMAND):
            raise ProtocolError("the peer set a reserved frame flag (0x{:02x})".format(flags))
        if flags & _COMMAND and flags & _MORE:
            raise ProtocolError("the peer sent a command in several frames")
        if not flags & _COMMAND and not self._ready:
            raise ProtocolError("the peer sent a message before its READY command")
        width = 8 if flags & _LONG else 1
        if held < 1 + width:
            return None
        body = self._start + 1 + width
        size = int.from_bytes(self._view[self._start + 1 : body], "big")
        self._admit(flags, size)
        self._start = body
        return flags, size

    def _admit(self, flags: int, size: int) -> None:
        if flags & _COMMAND:
            if size > MAX_COMMAND:
                raise LimitExceeded("the peer announced a command of {} bytes".format(size))
            return
        limits = self.limits
        if size > limits.max_frame:
            raise LimitExceeded(
                "the peer's frame of {} bytes passes the limit of {}".format(size, limits.max_frame)
            )
        if self._message_bytes + size > limits.max_message:
            raise LimitExceeded("the peer's message passes {} bytes".format(limits.max_message))
        if len(self._frames) >= limits.max_frames:
            raise LimitExceeded("the peer's message passes {} frames".format(limits.max_frames))
        self._message_bytes += size

    def _on_command(self, body: bytes) -> Optional[Event]:
        end = 1 + body[0] if body else 1
        name, data = body[1:end], body[end:]
        if not name or len(body) < end:
            raise ProtocolError("the peer sent a command without a name")
        if name == b"ERROR":
            raise PeerError(_error_reason(data))
        if not self._ready:
            if name != b"READY":
                raise ProtocolError("the peer sent {} in place of READY".format(_text(name)))
            metadata = _parse_ready(data, self._peers)
            self._ready = True
            return Ready(metadata)
        if name == b"READY":
            raise ProtocolError("the peer sent READY twice")
        if name == b"PING":
            if not 2 <= len(data) <= 2 + _MAX_CONTEXT:
                raise ProtocolError("the peer sent a malformed PING")
            return Ping(int.from_bytes(data[:2], "big"), data[2:])
        # PONG answers a PING that we never send; what else there is concerns other kinds of socket.
        return None


def _allocate(size: int) -> bytearray:
    try:
        return bytearray(size)
    except (MemoryError, OverflowError) as error:
        raise LimitExceeded("no memory for a frame of {} bytes".format(size)) from error


def _frame_header(size: int, flags: int) -> bytes:
    if size < 256:
        return struct.pack(">BB", flags, size)
    return struct.pack(">BQ", flags | _LONG, size)


def _command(name: bytes, data: bytes) -> bytes:
    body = bytes((len(name),)) + name + data
    return _frame_header(len(body), _COMMAND) + body


def _property(name: bytes, value: bytes) -> bytes:
    return bytes((len(name),)) + name + struct.pack(">I", len(value)) + value


def _parse_ready(data: bytes, peers: Sequence[bytes]) -> Dict[bytes, bytes]:
    metadata: Dict[bytes, bytes] = {}
    at = 0
    while at < len(data):
        value_at = at + 1 + data[at] + 4
        end = value_at + int.from_bytes(data[value_at - 4 : value_at], "big")
        name = data[at + 1 : value_at - 4].lower()
        if not name or end > len(data) or name in metadata:
            raise ProtocolError("the peer's READY command is malformed")
        metadata[name] = data[value_at:end]
        at = end
    socket_type = metadata.get(b"socket-type", b"")
    if socket_type not in peers:
        raise ProtocolError(
            "the peer is a socket of type {!r}, not a {}".format(_text(socket_type), _text(peers[0]))
        )
    return metadata


def _error_reason(data: bytes) -> str:
    if not data or len(data) != 1 + data[0]:
        raise ProtocolError("the peer sent a malformed ERROR command")
    return "the peer refused the connection: {}".format(_text(data[1:]) or "no reason given")


def _text(raw: bytes) -> str:
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else "?" for byte in raw)
