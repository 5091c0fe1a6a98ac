"""Messages of the Dealer against peers on raw sockets: deadlines, limits, threads."""

from __future__ import annotations

import contextlib
import itertools
import socket
import struct
import threading

import pytest

from scumble.wire.zmtp import ConnectionBroken, Dealer, LimitExceeded, Timeout
from tests.unit.zmtp.peer import (
    LARGE,
    LONG,
    MORE,
    ParsedFrame,
    connect,
    in_thread,
    message,
    peer,
    read_exactly,
    read_frame,
    read_to_end,
    send_and_see_it_read,
    shake_hands,
)

PATIENCE = 20.0


def send_without_end(dealer: Dealer, timeout: float, sent: list[bytes] | None = None) -> None:
    """Send numbered messages until one raises; `sent` collects those that did not."""
    for number in itertools.count():
        body = b"%d" % number
        dealer.send_multipart([body], timeout)
        if sent is not None:
            sent.append(body)


def test_a_timeout_loses_nothing_of_the_message(path):
    said = message(b"first", b"x" * 300, b"y" * 100_000, b"last")
    # Inside a header, inside a small body, between frames, inside a large body.
    cuts = [1, 4, 7, 8, 12, 16, 200, 316, 320, 325, 50_000, 100_300, len(said) - 1, len(said)]
    go_on = threading.Semaphore(0)

    def script(conn: socket.socket) -> None:
        shake_hands(conn)
        at = 0
        for cut in cuts:
            go_on.acquire()
            send_and_see_it_read(conn, said[at:cut])
            at = cut
        read_to_end(conn)

    with peer(script, path) as endpoint, connect(endpoint) as dealer:
        for timeout in (0, 0.001, 0.01):
            with pytest.raises(Timeout):
                dealer.recv_multipart(timeout)
        received = None
        for _ in cuts:
            assert received is None
            go_on.release()
            with contextlib.suppress(Timeout):
                received = dealer.recv_multipart(0.03)
        if received is None:  # the machine was busy
            received = dealer.recv_multipart(PATIENCE)
        assert received == [b"first", b"x" * 300, b"y" * 100_000, b"last"]


def test_messages_that_came_at_once_are_received_without_waiting(path):
    def script(conn: socket.socket) -> None:
        shake_hands(conn)
        send_and_see_it_read(conn, b"".join(message(b"%d" % index) for index in range(1000)))
        read_to_end(conn)

    with peer(script, path) as endpoint, connect(endpoint) as dealer:
        assert dealer.recv_multipart(PATIENCE) == [b"0"]
        assert [dealer.recv_multipart(0) for _ in range(999)] == [[b"%d" % n] for n in range(1, 1000)]


def test_a_length_bomb_is_refused_and_the_connection_given_up(path):
    def script(conn: socket.socket) -> None:
        shake_hands(conn)
        conn.sendall(struct.pack(">BQ", LONG, 2**62))
        read_to_end(conn)  # ends because the dealer hangs up

    with peer(script, path) as endpoint, connect(endpoint) as dealer:
        with pytest.raises(LimitExceeded):
            dealer.recv_multipart(PATIENCE)
        with pytest.raises(ConnectionBroken, match="passes the limit"):
            dealer.recv_multipart(PATIENCE)
        with pytest.raises(ConnectionBroken, match="passes the limit"):
            dealer.send_multipart([b"a"])


def test_the_last_words_of_a_peer_are_heard_after_a_send_has_failed(path):
    hung_up = threading.Event()

    def script(conn: socket.socket) -> None:
        shake_hands(conn)
        read_frame(conn)
        conn.sendall(message(b"last words"))
        conn.close()
        hung_up.set()

    with peer(script, path) as endpoint, connect(endpoint) as dealer:
        dealer.send_multipart([b"hello"])
        assert hung_up.wait(PATIENCE)
        with pytest.raises(ConnectionBroken):
            send_without_end(dealer, PATIENCE)
        assert dealer.recv_multipart(PATIENCE) == [b"last words"]
        with pytest.raises(ConnectionBroken):
            dealer.recv_multipart(PATIENCE)


def test_what_is_sent_arrives_byte_for_byte(path):
    frames = [b"", b"a", b"b" * 255, b"c" * 256, b"d" * 65_536, bytearray(b"e"), memoryview(b"f")]

    def script(conn: socket.socket) -> None:
        shake_hands(conn)
        said = message(*map(bytes, frames))
        assert read_exactly(conn, len(said)) == said
        assert conn.recv(1) == b""

    with peer(script, path) as endpoint, connect(endpoint) as dealer:
        dealer.send_multipart(frames, PATIENCE)


def test_a_message_of_many_large_frames_arrives(path):
    frames = [bytes((index,)) * 20_000 for index in range(100)]

    def script(conn: socket.socket) -> None:
        shake_hands(conn)
        said = message(*frames)
        assert read_exactly(conn, len(said)) == said

    with peer(script, path) as endpoint, connect(endpoint) as dealer:
        dealer.send_multipart(frames, PATIENCE)


def test_a_half_sent_message_makes_the_connection_unusable(path):
    def script(conn: socket.socket) -> None:
        shake_hands(conn)
        conn.sendall(message(b"unread"))
        finished.wait(PATIENCE)

    finished = threading.Event()
    with peer(script, path) as endpoint, connect(endpoint) as dealer:
        try:
            with pytest.raises(ConnectionBroken, match="half sent"):
                dealer.send_multipart([LARGE], 0.05)
            for _ in range(2):
                with pytest.raises(ConnectionBroken, match="half sent"):
                    dealer.send_multipart([b"a"])
                with pytest.raises(ConnectionBroken, match="half sent"):
                    dealer.recv_multipart()
        finally:
            finished.set()


def test_a_message_of_which_nothing_was_sent_may_be_sent_again(tmp_path):
    # On a unix socket a small message is taken whole or not at all.
    full = threading.Event()
    taken: list[ParsedFrame] = []

    def script(conn: socket.socket) -> None:
        shake_hands(conn)
        full.wait(PATIENCE)
        with contextlib.suppress(EOFError):
            while True:
                taken.append(read_frame(conn))

    with peer(script, tmp_path / "peer") as endpoint, connect(endpoint) as dealer:
        sent: list[bytes] = []
        with pytest.raises(Timeout):
            send_without_end(dealer, 0, sent)
        full.set()
        dealer.send_multipart([b"the end"], PATIENCE)
    assert len(sent) > 10
    assert [body for _, body in taken] == [*sent, b"the end"]


def test_senders_in_several_threads_do_not_mix_their_messages(path):
    senders, each = 4, 50
    bodies = {b"%d" % name: [b"%d" % name * size for size in (1, 300, 20_000)] for name in range(senders)}

    def script(conn: socket.socket) -> None:
        shake_hands(conn)
        counts = dict.fromkeys(bodies, 0)
        for _ in range(senders * each):
            flags, name = read_frame(conn)
            assert flags == MORE
            assert [read_frame(conn) for _ in range(3)] == [
                ParsedFrame(more, body) for more, body in zip((MORE, MORE, 0), bodies[name], strict=True)
            ]
            counts[name] += 1
        assert set(counts.values()) == {each}

    with peer(script, path) as endpoint, connect(endpoint) as dealer:

        def send(name: bytes) -> None:
            for _ in range(each):
                dealer.send_multipart([name, *bodies[name]], PATIENCE)

        running = [in_thread(lambda name=name: send(name)) for name in bodies]
        for thread, raised in running:
            thread.join(PATIENCE)
            assert not thread.is_alive()
            assert raised == []
