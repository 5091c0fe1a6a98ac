"""Messages as signed frames: ``[prelude, mac, header, payload...]``.

prelude   4 bytes ``SCUM``, 1 byte major version, 1 byte minor version, 8 bytes sequence number
          (big endian)
mac       HMAC-SHA256 over a label, the number of frames, and each frame but this one with its
          length before it, so that no byte can move from one frame to the next; a payload's
          SHA-256 stands for the payload, because it is needed anyway (`scumble.pixels.content`)
header    a MessagePack map (`scumble.wire.messages`)
payload   raw bytes

Greeting: the client signs ``hello`` with the connection key and puts a fresh nonce into it. The
daemon signs ``welcome`` with the connection key and the client's nonce in the label, and puts its
own nonce into it. From then on each direction has a key of its own, derived from the connection
key, the socket's role and both nonces, and a sequence number that goes up by one with every
message. A recorded message is therefore worth nothing: on another connection the key differs, on
the same one the number is wrong, and sent back to where it came from the direction differs.

A message with an empty mac is an error from a daemon that shares no key with the sender. It proves
nothing and ends the connection.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
from typing import List, NamedTuple, Optional, Sequence, Tuple, Union

from ..errors import ScumbleError
from ..pixels.content import leaf_digest
from .header import MAX_HEADER, decode_header, encode_header
from .messages import Error, Hello, Message, Welcome
from .validators import NONCE_SIZE

BytesLike = Union[bytes, bytearray, memoryview]

MAGIC = b"SCUM"
MAJOR, MINOR = 2, 4
PROTOCOL = "{}.{}".format(MAJOR, MINOR)
KEY_SIZE = 32
MAC_SIZE = 32
MAX_PAYLOAD = 16 << 20
"""Bytes in one payload frame; larger contents travel in several messages."""
MAX_FRAMES = 4
MAX_MESSAGE = MAX_PAYLOAD + MAX_HEADER + 1024

_PRELUDE = struct.Struct("!4sBBQ")
_LENGTH = struct.Struct("!Q")
_HELLO = b"scumble hello"
_WELCOME = b"scumble welcome"


class Packet(NamedTuple):
    """The frames of one message, taken apart and not yet believed."""

    major: int
    minor: int
    sequence: int
    frames: Tuple[BytesLike, ...]
    digests: Tuple[bytes, ...]
    """The SHA-256 of each payload frame."""

    @property
    def mac(self) -> bytes:
        """The signature; empty on an unsigned error."""
        return bytes(self.frames[1])

    @property
    def header(self) -> bytes:
        """The header frame."""
        return bytes(self.frames[2])

    @property
    def payloads(self) -> Tuple[BytesLike, ...]:
        """The payload frames."""
        return self.frames[3:]


class SessionKeys(NamedTuple):
    """One key for each direction of a connection."""

    to_daemon: bytes
    to_client: bytes


def parse(frames: Sequence[BytesLike]) -> Packet:
    """Check the outer shape of a message: frame count, magic, version, sizes.

    Raises ScumbleError `bad-message`, or `protocol-version` when the major version is not ours.
    """
    if not frames or len(frames[0]) < 6 or bytes(frames[0][:4]) != MAGIC:
        raise ScumbleError("bad-message", "The peer does not speak Scumble's protocol.")
    major, minor = frames[0][4], frames[0][5]
    if major != MAJOR:
        # Before anything else is looked at: another major version may change all of it.
        raise ScumbleError(
            "protocol-version",
            "One side speaks protocol {major}.{minor}, the other {ours}.",
            hint="After an update: scumble daemon stop. Otherwise update whichever is older.",
            major=major,
            minor=minor,
            ours=PROTOCOL,
        )
    fits = (
        3 <= len(frames) <= MAX_FRAMES
        and len(frames[0]) == _PRELUDE.size
        and len(frames[1]) in (0, MAC_SIZE)
        and len(frames[2]) <= MAX_HEADER
        and all(len(payload) <= MAX_PAYLOAD for payload in frames[3:])
    )
    if not fits:
        raise ScumbleError("bad-message", "A message has the wrong number or size of frames.")
    sequence = _PRELUDE.unpack(bytes(frames[0]))[3]
    digests = tuple(leaf_digest(payload) for payload in frames[3:])
    return Packet(major, minor, sequence, tuple(frames), digests)


def seal_hello(key: bytes, hello: Hello) -> List[BytesLike]:
    """The frames of a hello, signed with the connection key."""
    return _seal(key, _HELLO, 0, hello)


def open_hello(key: bytes, packet: Packet) -> Hello:
    """The hello in a packet whose signature is right.

    Raises ScumbleError `wrong-key`, or `bad-message` when it is no hello.
    """
    _verify(key, _HELLO, packet)
    message = decode_header(packet.header)
    if packet.sequence != 0 or not isinstance(message, Hello) or packet.payloads:
        raise ScumbleError("bad-message", "A connection starts with hello.")
    return message


def seal_welcome(key: bytes, welcome: Welcome) -> List[BytesLike]:
    """The frames of a welcome, signed with the connection key and bound to the client's nonce."""
    return _seal(key, _WELCOME + welcome.client_nonce, 0, welcome)


def open_welcome(key: bytes, packet: Packet, client_nonce: bytes) -> Welcome:
    """The welcome in a packet, signed for our own nonce.

    Raises ScumbleError `wrong-key` for a daemon that does not hold the key or replays an old
    answer, the daemon's own error when it refuses us, `bad-message` for anything else.
    """
    if not packet.mac:
        raise unsigned_error(packet)
    _verify(key, _WELCOME + client_nonce, packet)
    message = decode_header(packet.header)
    if packet.sequence != 0 or not isinstance(message, Welcome) or packet.payloads:
        raise ScumbleError("bad-message", "The daemon did not answer hello with welcome.")
    if message.client_nonce != client_nonce:
        raise ScumbleError("wrong-key", "The daemon answered someone else's hello.")
    return message


def session_keys(key: bytes, role: str, client_nonce: bytes, daemon_nonce: bytes) -> SessionKeys:
    """The keys of a connection, after hello and welcome."""

    def derive(direction: bytes) -> bytes:
        label = b"scumble session " + direction + b" " + role.encode("ascii") + b"\0"
        return hmac.new(key, label + client_nonce + daemon_nonce, hashlib.sha256).digest()

    return SessionKeys(derive(b"to daemon"), derive(b"to client"))


def seal_unsigned(error: ScumbleError) -> List[BytesLike]:
    """The frames of an error to a peer that we share no key with."""
    prelude = _PRELUDE.pack(MAGIC, MAJOR, MINOR, 0)
    return [prelude, b"", encode_header(Error.of(error))]


def unsigned_error(packet: Packet) -> ScumbleError:
    """The error in a packet without a signature; never anything else."""
    message = decode_header(packet.header)
    if not isinstance(message, Error):
        raise ScumbleError("wrong-key", "The peer sent a message without a signature.")
    return message.to_error()


def new_nonce() -> bytes:
    """Fresh random bytes."""
    return os.urandom(NONCE_SIZE)


class Sender:
    """One direction of a connection, sending. Not for several threads at once."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._sequence = 0

    def seal(
        self,
        message: Message,
        payloads: Sequence[BytesLike] = (),
        digests: Optional[Sequence[bytes]] = None,
    ) -> List[BytesLike]:
        """The signed frames of the next message; they must be sent, and in this order.

        `digests` are the SHA-256 of each payload, for those who know them already.
        """
        self._sequence += 1
        return _seal(self._key, b"", self._sequence, message, payloads, digests)


class Receiver:
    """One direction of a connection, receiving. Not for several threads at once."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._sequence = 0

    def verify(self, packet: Packet) -> None:
        """Accept the packet as the next one of this connection.

        Raises ScumbleError `bad-signature` for a message that is forged, altered, repeated or out
        of order. The connection is then of no more use.
        """
        try:
            _verify(self._key, b"", packet)
        except ScumbleError as error:
            raise _bad_signature() from error
        if packet.sequence != self._sequence + 1:
            raise _bad_signature()
        self._sequence = packet.sequence

    def decode(self, packet: Packet) -> Tuple[Message, Tuple[BytesLike, ...]]:
        """Message and payloads of a packet that `verify` has accepted.

        Raises as `scumble.wire.header.decode_header`; the connection is still good after that.
        """
        return decode_header(packet.header), packet.payloads


def _bad_signature() -> ScumbleError:
    return ScumbleError(
        "bad-signature", "A message was altered, repeated or lost on its way.", retryable=True
    )


def _seal(
    key: bytes,
    label: bytes,
    sequence: int,
    message: Message,
    payloads: Sequence[BytesLike] = (),
    digests: Optional[Sequence[bytes]] = None,
) -> List[BytesLike]:
    prelude = _PRELUDE.pack(MAGIC, MAJOR, MINOR, sequence)
    header = encode_header(message)
    if digests is None:
        digests = [leaf_digest(payload) for payload in payloads]
    return [prelude, _mac(key, label, prelude, header, payloads, digests), header, *payloads]


def _verify(key: bytes, label: bytes, packet: Packet) -> None:
    prelude, mac = packet.frames[0], packet.mac
    expected = _mac(key, label, prelude, packet.frames[2], packet.payloads, packet.digests)
    if not hmac.compare_digest(mac, expected):
        raise ScumbleError(
            "wrong-key",
            "The two sides do not hold the same key.",
            hint="Stop the daemon with: scumble daemon stop. It starts again by itself.",
        )


def _mac(
    key: bytes,
    label: bytes,
    prelude: BytesLike,
    header: BytesLike,
    payloads: Sequence[BytesLike],
    digests: Sequence[bytes],
) -> bytes:
    mac = hmac.new(key, digestmod=hashlib.sha256)
    mac.update(_LENGTH.pack(len(label)) + label + _LENGTH.pack(2 + len(payloads)))
    for frame in (prelude, header):
        mac.update(_LENGTH.pack(memoryview(frame).nbytes))
        mac.update(frame)
    for payload, digest in zip(payloads, digests):
        mac.update(_LENGTH.pack(memoryview(payload).nbytes) + digest)
    return mac.digest()
