"""Frames that are altered, moved, cut short, too many, too long or not frames at all."""

from __future__ import annotations

import contextlib
import os
import struct

import pytest
from attackers import MIB, answer, bare, error_on, greeted, linux, peak_rss, raw, refusal, reply
from daemon_process import Place, code_of

from scumble.pixels.content import digest_of
from scumble.wire import messages as m
from scumble.wire import session as wire
from scumble.wire import zmtp
from scumble.wire.connection import Connection
from scumble.wire.msgpack import packb
from scumble.wire.zmtp_codec import GREETING, encode_ready

pytestmark = pytest.mark.usefixtures("each_codec")

CONTENT = b"some pixels"
PUT = m.Put(1, digest_of(CONTENT), len(CONTENT), 0)
OTHER = b"other bytes"
OTHER_PUT = m.Put(2, digest_of(OTHER), len(OTHER), 0)


def sealed(connection: Connection, put: m.Put = PUT, content: bytes = CONTENT) -> list[bytes]:
    """The frames of a good upload."""
    return [bytes(frame) for frame in connection._sender.seal(put, [content])]


@pytest.mark.parametrize("frame", range(4), ids=["prelude", "mac", "header", "payload"])
def test_an_altered_frame(connection: Connection, frame, record_property):
    """One bit of a signed message is turned over: in the prelude, the mac, the header, the pixels.

    The signature covers every frame, pixels included.
    """
    frames = sealed(connection)
    changed = bytearray(frames[frame])
    changed[-1] ^= 1
    frames[frame] = bytes(changed)
    connection._dealer.send_multipart(frames, 10)
    assert code_of(lambda: connection.receive(10)) == "bad-signature"
    record_property("outcome", "refused: bad-signature, session ended")


def test_bytes_that_move_between_frames(connection: Connection, record_property):
    """The last byte of the header is moved to the payload, or the other way round; no byte is changed.

    The signature covers the number of frames and the length of each.
    """
    prelude, mac, header, payload = sealed(connection)
    connection._dealer.send_multipart([prelude, mac, header + payload[:1], payload[1:]], 10)
    assert code_of(lambda: connection.receive(10)) == "bad-signature"
    record_property("outcome", "refused: bad-signature, session ended")


@pytest.mark.parametrize("swapped", [(1,), (2,), (3,), (1, 2), (0, 3)])
def test_frames_that_move_between_messages(connection: Connection, swapped, record_property):
    """Frames of two good messages change places.

    Each mac is of one message's frames with its number, and no other's.
    """
    first, second = sealed(connection), sealed(connection, OTHER_PUT, OTHER)
    for frame in swapped:
        first[frame], second[frame] = second[frame], first[frame]
    connection._dealer.send_multipart(first, 10)
    assert code_of(lambda: connection.receive(10)) == "bad-signature"
    record_property("outcome", "refused: bad-signature, session ended")


def test_messages_out_of_order(connection: Connection, record_property):
    """The second message is sent before the first, as an attacker on the path could.

    The number of a message must be one more than that of the last.
    """
    first, second = sealed(connection), sealed(connection)
    connection._dealer.send_multipart(second, 10)
    with contextlib.suppress(zmtp.ConnectionBroken):
        connection._dealer.send_multipart(first, 10)
    assert code_of(lambda: connection.receive(10)) == "bad-signature"
    record_property("outcome", "refused: bad-signature, session ended")


@pytest.mark.parametrize(
    "change",
    [
        lambda frames: frames[:1],
        lambda frames: frames[:2],
        lambda frames: frames[:3],
        lambda frames: [*frames, b""],
        lambda frames: [*frames, frames[3]],
        lambda frames: [*frames[:3], frames[3][:-1]],
        lambda frames: [frames[0][:-1], *frames[1:]],
        lambda frames: [frames[0], frames[1] + b"\0", *frames[2:]],
    ],
    ids=["1 frame", "2", "3", "5", "5 again", "short payload", "short prelude", "long mac"],
)
def test_truncated_and_surplus_frames(connection: Connection, change, record_property):
    """A good message with frames missing, added, cut short or made longer.

    Shape and sizes are checked first, the signature after.
    """
    connection._dealer.send_multipart(change(sealed(connection)), 10)
    code = code_of(lambda: connection.receive(10))
    assert code in ("bad-signature", "bad-message", "connection-lost")
    record_property("outcome", "refused: bad-message or bad-signature, or cut off")


@pytest.mark.parametrize(
    "frames",
    [
        [b""],
        [b"hello"],
        [b"GET / HTTP/1.1\r\n"],
        [b"SCUM\x02\x00"],
        [b"SCUM\x02\x00" + bytes(8), b"", b""],
        [b"SCUM\x02\x00" + bytes(8), bytes(32), b"\xdf\xff\xff\xff\xff"],
        [b"SCUM\x02\x00" + bytes(8), bytes(32), bytes(65_537)],
        [b"SCUM\x02\x00" + bytes(8), bytes(32), b"\x80"] + [b""] * 5,
        [b""] * 1000,
    ],
    ids=lambda frames: f"{len(frames)} frames, {sum(map(len, frames))} bytes",
)
def test_nonsense(serving: Place, frames, record_property):
    """Frames that are no message: empty ones, HTTP, bombs, a header over 64 KiB, a thousand of them.

    The outer shape is checked before anything is computed or decoded.
    """
    with raw(serving) as dealer:
        dealer.send_multipart(frames, 10)
        assert refusal(dealer) in ("bad-message", "wrong-key", "cut off")
    record_property("outcome", "refused: bad-message or wrong-key; on tcp what is too long is cut off")


@pytest.mark.parametrize("size", [wire.MAX_PAYLOAD + 1, 1 << 31, 1 << 40, 1 << 62, (1 << 64) - 1])
@linux
def test_a_length_bomb(serving: Place, size, record_property):
    """A ZMTP frame that announces 16 MiB and a byte, up to 2^62 and 2^64 - 1 bytes.

    The length is held against the limit before anything is allocated for it, by libzmq and by our own reader.
    """
    before = peak_rss(serving.info.pid)
    with greeted(serving) as sock:
        sock.sendall(b"\x02" + size.to_bytes(8, "big") + bytes(1000))
        assert ended(sock)
    assert peak_rss(serving.info.pid) - before < 8 * MIB
    record_property("outcome", "cut off; memory unchanged")


def ended(sock) -> bool:
    """Whether the daemon hangs up, within the socket's timeout."""
    with contextlib.suppress(ConnectionError):
        while sock.recv(65_536):
            pass
    return True


@pytest.mark.parametrize(
    "said",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100),
        GREETING[:10] + b"\x01" + GREETING[11:],
        GREETING.replace(b"NULL", b"EVIL"),
        GREETING + b"\x04\xff" + b"\x05READY" + b"\xff" * 249,
        GREETING + encode_ready(b"", b"PUB"),
        GREETING + encode_ready(b"") * 2,
        GREETING + b"\x00\x05hello",
        GREETING + encode_ready(b"") + b"\xf8" + bytes(8),
    ],
    ids=["tls", "ZMTP 1", "mechanism", "READY", "PUB", "READY twice", "too early", "flags"],
)
def test_another_protocol(serving: Place, said, record_property):
    """TLS, an old ZMTP, an unknown mechanism, malformed commands.

    The handshake admits a ZMTP 3 DEALER and nobody else; who says nothing more is cut off after five seconds.
    """
    with bare(serving) as sock:
        sock.sendall(said)
        assert ended(sock)
    record_property("outcome", "cut off")


def test_a_web_page(serving: Place, record_property):
    """A page in the user's browser posts to the daemon's port, with a ZMTP greeting in the body.

    A request begins with letters, and no greeting does. (libzmq, on ipc, takes letters for ZMTP 1 and the
    daemon answers that this is not its protocol; a browser cannot reach that socket at all.)
    """
    body = GREETING + encode_ready(b"")
    said = b"POST / HTTP/1.1\r\nHost: localhost\r\n" + b"X-Filler: y\r\n" * 20 + b"\r\n" + body
    with bare(serving) as sock, contextlib.suppress(ConnectionError):
        sock.sendall(said)
        got = b""
        while b"bad-message" not in got and (data := sock.recv(65_536)):
            got += data
        assert b"SCUM" not in got or serving.info.job.startswith("ipc")
    record_property("outcome", "cut off; on ipc refused: bad-message")


@pytest.mark.parametrize(
    "header",
    [
        b"\x91" * 60_000,
        b"\x81\xa1a" * 20_000,
        b"\xdd\xff\xff\xff\xff" + bytes(60_000),
        b"\xdf\x7f\xff\xff\xff" + bytes(60_000),
        b"\xdb\xff\xff\xff\xff" + bytes(60_000),
        b"\xc6\xff\xff\xff\xff" + bytes(60_000),
        b"\xdd\x00\x00\xea\x60" + b"\x90" * 60_000,
        packb({"type": "have", "request": 1, "digests": [bytes(32)] * 65}),
        b"\x82\xa4type\xa4ping\xa4type\xa4ping",
    ],
    ids=["arrays", "maps", "array", "map", "str", "bin", "many", "digests", "twice"],
)
@linux
def test_header_bombs(connection: Connection, serving: Place, header, record_property):
    """Signed headers nested 60,000 deep, with lengths of 2^32, with 60,000 containers, with a key twice.

    Depth and number of values are bounded, and every length is held against the bytes at hand.
    """
    before = peak_rss(serving.info.pid)
    prelude = struct.pack("!4sBBQ", b"SCUM", 2, 2, 1)
    mac = wire._mac(connection._sender._key, b"", prelude, header, [], [])
    connection._dealer.send_multipart([prelude, mac, header], 10)
    connection._sender._sequence = 1
    assert error_on(connection).code == "bad-message"
    connection.send(m.Ping(8))
    assert reply(connection) == m.Pong(8)
    assert peak_rss(serving.info.pid) - before < 32 * MIB
    record_property("outcome", "refused: bad-message")


def test_an_unknown_message(connection: Connection, record_property):
    """A signed message of a type that does not exist.

    It is answered with an error that names its request, and the session goes on.
    """
    prelude = struct.pack("!4sBBQ", b"SCUM", 2, 9, 1)
    header = packb({"type": "from-the-future", "request": 7})
    mac = wire._mac(connection._sender._key, b"", prelude, header, [], [])
    connection._sender._sequence = 1
    connection._dealer.send_multipart([prelude, mac, header], 10)
    error = error_on(connection)
    assert (error.code, error.request) == ("unknown-message", 7)
    connection.send(m.Ping(8))
    assert reply(connection) == m.Pong(8)
    record_property("outcome", "refused: unknown-message")


def test_a_message_in_the_wrong_place(connection: Connection, record_property):
    """Orders of the control socket on the job socket, answers sent as questions, payloads where none belongs.

    Each socket has a list of what it takes.
    """
    for message in (m.Shutdown(1), m.Pong(2), m.Hello(bytes(32), "job")):
        connection.send(message)
        assert error_on(connection).code == "unknown-message"
    connection.send(m.Ping(3), [b"payload"])
    assert error_on(connection).code == "bad-message"
    record_property("tries", 4)
    record_property("outcome", "refused: unknown-message or bad-message")


def test_random_bytes_after_the_handshake(serving: Place, record_property):
    """Random bytes in place of frames.

    The reader takes them for lengths over the limit, or waits for more and the stranger is cut off.
    """
    for _ in range(50):
        with greeted(serving) as sock, contextlib.suppress(ConnectionError):
            sock.sendall(os.urandom(4096))
    with raw(serving) as dealer:
        dealer.send_multipart([b"hello"], 10)
        assert answer(dealer).code == "bad-message"
    record_property("tries", 50)
    record_property("outcome", "cut off, or waited for in vain")
