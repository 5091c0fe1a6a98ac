"""Clients that are slow, many, endless or deaf: what they cost is bounded, and others are served."""

from __future__ import annotations

import contextlib
import select
import socket
import time
from collections.abc import Iterator

import pytest
from attackers import (
    MIB,
    bare,
    descriptors,
    greeted,
    linux,
    peak_rss,
    record,
    reply,
    tries,
)
from daemon_process import Place, connected, noise, until

from scumble import ScumbleError
from scumble.conversion import as_pixels, as_styles
from scumble.wire import messages as m
from scumble.wire import session as wire
from scumble.wire.zmtp_codec import GREETING, encode_message, encode_ready

pytestmark = linux
ALLOWED = 48 * MIB
STYLE = as_styles(as_pixels(noise(32, 32)))


def on_the_wire(frames: list[bytes]) -> bytes:
    """The bytes of one message."""
    return b"".join(bytes(piece) for piece in encode_message(frames))


def cut_off(sock: socket.socket, seconds: float = 10.0) -> bool:
    """Whether the daemon hangs up within that time."""
    deadline = time.monotonic() + seconds
    with contextlib.suppress(ConnectionError):
        while select.select([sock], [], [], max(0.0, deadline - time.monotonic()))[0]:
            if not sock.recv(65_536):
                return True
        return False
    return True


@pytest.fixture
def bounded(serving: Place) -> Iterator[Place]:
    """The place. Meanwhile a client is served; afterwards memory and descriptors are near what they were."""
    pid = serving.info.pid
    with connected(start=False) as client:
        client.ping()
        memory, files = peak_rss(pid), descriptors(pid)
        yield serving
        assert client.ping() < 30
        assert peak_rss(pid) - memory < ALLOWED
        until(lambda: descriptors(pid) <= files + 40, "the attackers' descriptors to be closed")


def test_slow_loris(bounded: Place, record_property):
    """500 connections at once that say nothing or begin to greet, and then wait.

    A greeting has five seconds, and strangers cannot take the place of those who have proved the key.
    """
    begun = (b"", GREETING[:11], GREETING, GREETING + encode_ready(b"")[:5])
    slow = [bare(bounded) for _ in range(500)]
    for number, sock in enumerate(slow):
        with contextlib.suppress(ConnectionError):
            sock.sendall(begun[number % len(begun)])
    with connected(start=False) as client:
        assert client.ping() < 30
    assert all(cut_off(sock) for sock in slow)
    for sock in slow:
        sock.close()
    record_property("tries", 500)
    record_property("outcome", "all cut off within ten seconds; a client was served meanwhile")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("stolen", [False, True], ids=["forged", "recorded"])
def test_thousands_of_hellos(bounded: Place, stolen, record_property):
    """Hellos by the thousand, each on a connection of its own, forged or recorded from a client's greeting.

    Without the key used after the welcome a connection is one of at most 256, and the oldest makes room.
    """
    connection, recorder = record(bounded)
    connection.send(m.Ping(1))
    assert reply(connection) == m.Pong(1)
    hello = recorder.sent[0]
    if not stolen:
        hello = [bytes(frame) for frame in wire.seal_hello(bytes(32), m.Hello(wire.new_nonce(), "job"))]
    said, held = on_the_wire(hello), []
    count = tries(400, 10_000)
    for number in range(count):
        with contextlib.suppress(ConnectionError):
            held.append(greeted(bounded))
            held[-1].sendall(said)
        if len(held) > 300:
            held.pop(0).close()
        if number % 500 == 350:
            with connected(start=False) as client:
                assert client.ping() < 30
    connection.send(m.Ping(2))
    assert reply(connection) == m.Pong(2)  # who was there before still is
    connection.close()
    for sock in held:
        sock.close()
    record_property("tries", count)
    record_property("outcome", "memory bounded; clients were served meanwhile")


def test_hellos_on_one_connection(bounded: Place, record_property):
    """Hello after hello on one connection, to be given session after session.

    In a session a hello is a message with a wrong signature: it ends the session.
    """
    with greeted(bounded) as sock:
        for _ in range(500):
            hello = wire.seal_hello(bounded.info.key, m.Hello(wire.new_nonce(), "job"))
            with contextlib.suppress(ConnectionError):
                sock.sendall(on_the_wire([bytes(frame) for frame in hello]))
    record_property("tries", 500)
    record_property("outcome", "one session at a time; on tcp cut off at the second")


@pytest.mark.parametrize(
    "frame", [b"\x01\x00", b"\x03" + (60_000).to_bytes(8, "big") + bytes(60_000)], ids=len
)
def test_a_message_that_never_ends(bounded: Place, frame, record_property):
    """A stranger sends frames of one message without end, small ones or large ones, to be buffered.

    On tcp a stranger's message may have four frames and 65 KiB. (On ipc there are no strangers.)
    """
    if bounded.info.job.startswith("ipc"):
        pytest.skip("only the user's own processes reach the socket")
    with greeted(bounded) as sock:
        with contextlib.suppress(ConnectionError):
            for _ in range(64 * MIB // max(1000, len(frame))):
                sock.sendall(frame)
        assert cut_off(sock)
    record_property("outcome", "cut off; memory bounded")


def test_a_client_that_never_reads(bounded: Place, record_property):
    """A client with the key asks for pages of styles, 2,500 times, and never reads one.

    So many answers wait for a client and no more: its session ends.
    """
    deaf, _ = record(bounded)
    sent = 0
    with contextlib.suppress(ScumbleError):
        for sent in range(1, 2_501):
            deaf.send(m.Styles(sent), timeout=0.2)
    with connected(start=False) as client:
        assert client.stylize(noise(64, 64), noise(32, 32)).shape == (64, 64, 3)
    deaf._dealer.close()
    record_property("tries", sent)
    record_property("outcome", "cut off; memory bounded; another client's job was done meanwhile")
