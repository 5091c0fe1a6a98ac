"""Heartbeats of a peer, answered between messages and never inside one."""

from __future__ import annotations

import contextlib
import socket
import threading

import pytest

from scumble.wire.zmtp import Dealer, Timeout
from scumble.wire.zmtp_codec import Limits, encode_ready
from scumble.wire.zmtp_transport import Deadline
from tests.unit.zmtp.peer import (
    COMMAND,
    LARGE,
    MORE,
    connect,
    frame,
    in_thread,
    message,
    peer,
    ping,
    read_exactly,
    read_frame,
    read_to_end,
    shake_hands,
)

PATIENCE = 20.0


@pytest.mark.parametrize("context", [b"", b"c", b"\0" * 16])
def test_a_ping_is_answered_with_its_context(context, path):
    def script(conn: socket.socket) -> None:
        shake_hands(conn)
        conn.sendall(frame(b"half", MORE) + ping(context, ttl=1))
        assert read_frame(conn) == (COMMAND, b"\x04PONG" + context)
        conn.sendall(frame(b"rest"))
        read_to_end(conn)

    with peer(script, path) as endpoint, connect(endpoint) as dealer:
        assert dealer.recv_multipart(PATIENCE) == [b"half", b"rest"]


def test_a_pong_never_comes_inside_a_message(path):
    contexts = [b"%d" % number for number in range(16)]
    said = message(b"a", LARGE, b"b")

    def script(conn: socket.socket) -> None:
        shake_hands(conn)
        heard = bytearray(read_exactly(conn, 1))  # the sending thread is at work
        for context in contexts:
            conn.sendall(ping(context))
            heard += read_exactly(conn, 1 << 20)  # makes room in which a PONG would fit
        conn.sendall(message(b"hello"))
        heard += read_exactly(conn, len(said) - len(heard))
        assert heard == said
        for context in contexts:
            assert read_frame(conn) == (COMMAND, b"\x04PONG" + context)
        conn.sendall(message(b"good"))
        read_to_end(conn)

    with peer(script, path) as endpoint, connect(endpoint) as dealer:
        thread, raised = in_thread(lambda: dealer.send_multipart([b"a", LARGE, b"b"], PATIENCE))
        assert dealer.recv_multipart(PATIENCE) == [b"hello"]
        assert dealer.recv_multipart(PATIENCE) == [b"good"]
        thread.join(PATIENCE)
        assert not thread.is_alive()
        assert raised == []


class Trickle(socket.socket):
    """A socket that takes one byte at every other call: what a full buffer does, made certain."""

    full = True

    def sendmsg(self, buffers, *args):
        self.full = not self.full
        if self.full:
            raise BlockingIOError
        return super().sendmsg([bytes(buffers[0][:1])], *args)


def test_a_torn_pong_is_finished_before_the_next_message(tmp_path):
    def script(conn: socket.socket) -> None:
        shake_hands(conn)
        conn.sendall(ping(b"context") + message(b"hello"))
        assert read_frame(conn) == (COMMAND, b"\x04PONGcontext")
        assert read_frame(conn) == (0, b"answer")

    with peer(script, tmp_path / "peer"):
        sock = Trickle(socket.AF_UNIX)
        sock.connect(str(tmp_path / "peer"))
        sock.setblocking(False)
        with Dealer(sock, Limits(1000, 1000, 10)) as dealer:
            dealer._handshake(encode_ready(b""), Deadline(PATIENCE))
            assert dealer.recv_multipart(PATIENCE) == [b"hello"]
            dealer.send_multipart([b"answer"], PATIENCE)


def test_more_pongs_than_fit_are_dropped_whole(path):
    drain = threading.Event()

    def script(conn: socket.socket) -> None:
        shake_hands(conn)
        # Far more answers than the buffers hold: some are dropped, none may be torn.
        for _ in range(6):
            conn.sendall(ping(b"c" * 16) * 10_000)
        conn.sendall(message(b"hello"))
        assert drain.wait(PATIENCE)
        while (got := read_frame(conn)) != (0, b"answer"):
            assert got == (COMMAND, b"\x04PONG" + b"c" * 16)

    with peer(script, path) as endpoint, connect(endpoint) as dealer:
        assert dealer.recv_multipart(PATIENCE) == [b"hello"]
        drain.set()
        dealer.send_multipart([b"answer"], PATIENCE)


def test_a_peer_that_never_stops_pinging_cannot_hold_a_receiver(path):
    def script(conn: socket.socket) -> None:
        shake_hands(conn)
        with contextlib.suppress(ConnectionError):
            while True:
                conn.sendall(ping(b"c") * 1000)

    with peer(script, path) as endpoint, connect(endpoint) as dealer:
        for timeout in (0, 0.02):
            with pytest.raises(Timeout):
                dealer.recv_multipart(timeout)
