"""Closing the Dealer, and whatever else a peer may say."""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import socket
import threading
import weakref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scumble.wire.zmtp import Closed, ConnectionBroken, Dealer, ZmtpError
from tests.unit.zmtp.peer import (
    HANDSHAKE,
    LARGE,
    command,
    connect,
    frame,
    greeting,
    in_thread,
    message,
    peer,
    ping,
    read_exactly,
    read_frame,
    read_to_end,
    ready,
    shake_hands,
)

PATIENCE = 20.0


def talk_without_end(dealer: Dealer) -> None:
    while True:
        dealer.send_multipart([b"x", bytes(10_000)], PATIENCE)
        dealer.recv_multipart(PATIENCE)


def test_close_wakes_a_receiver(path):
    received = threading.Event()

    def script(conn: socket.socket) -> None:
        shake_hands(conn)
        conn.sendall(ping())
        read_frame(conn)  # the answer: a thread is inside recv_multipart
        received.set()
        read_to_end(conn)

    with peer(script, path) as endpoint, connect(endpoint) as dealer:
        thread, raised = in_thread(dealer.recv_multipart)
        assert received.wait(PATIENCE)
        dealer.close()
        thread.join(PATIENCE)
        assert not thread.is_alive()
        assert [type(error) for error in raised] == [Closed]
        assert dealer.fileno() == -1


def test_close_wakes_a_sender_and_those_who_wait_for_it(path):
    begun, finished = threading.Event(), threading.Event()

    def script(conn: socket.socket) -> None:
        shake_hands(conn)
        read_exactly(conn, 1)
        begun.set()
        finished.wait(PATIENCE)

    with peer(script, path) as endpoint, connect(endpoint) as dealer:
        try:
            running = [in_thread(lambda: dealer.send_multipart([LARGE])) for _ in range(3)]
            assert begun.wait(PATIENCE)
            dealer.close()
            for thread, raised in running:
                thread.join(PATIENCE)
                assert not thread.is_alive()
                assert [type(error) for error in raised] == [Closed]
            assert dealer.fileno() == -1
        finally:
            finished.set()


def test_a_closed_dealer_says_so(path):
    def script(conn: socket.socket) -> None:
        shake_hands(conn)
        read_to_end(conn)

    with peer(script, path) as endpoint:
        dealer = connect(endpoint)
        dealer.close()
        dealer.close()
        with pytest.raises(Closed):
            dealer.recv_multipart()
        with pytest.raises(Closed):
            dealer.send_multipart([b"a"])


def test_connections_leave_no_descriptor_behind(path):
    def open_descriptors() -> int:
        return len(os.listdir("/dev/fd"))  # noqa: PTH208

    def script(conn: socket.socket) -> None:
        conn.sendall(HANDSHAKE)
        conn.shutdown(socket.SHUT_WR)
        read_to_end(conn)

    before = open_descriptors()
    for _ in range(3):
        with (
            peer(script, path) as endpoint,
            connect(endpoint) as dealer,
            pytest.raises(ConnectionBroken),
        ):
            dealer.recv_multipart(PATIENCE)
        with peer(lambda conn: None, path) as endpoint, pytest.raises(ZmtpError):
            connect(endpoint)
    assert open_descriptors() == before


@pytest.mark.parametrize("said", [b"", HANDSHAKE], ids=["in the handshake", "later"])
def test_an_error_that_is_over_holds_on_to_nothing(path, said: bytes):
    """Errors that hold themselves hold the frames that they passed, and layers of 100 MB in those."""

    class Layer:
        pass

    def script(conn: socket.socket) -> None:
        conn.sendall(said)

    def use(layer: Layer, endpoint: str) -> None:
        with connect(endpoint) as dealer:
            dealer.recv_multipart(PATIENCE)

    gc.disable()
    try:
        with peer(script, path) as endpoint:
            layer = Layer()
            with contextlib.suppress(ConnectionBroken):
                use(layer, endpoint)
            left = weakref.ref(layer)
            del layer
            assert left() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("path", ["tcp", "ipc"], indirect=True)
def test_a_process_with_more_than_a_thousand_descriptors_can_connect(path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2000:
        pytest.skip("this process may not open that many")

    def script(conn: socket.socket) -> None:
        shake_hands(conn)
        conn.sendall(message(b"hello"))
        read_to_end(conn)

    with contextlib.ExitStack() as cleanup:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2000), hard))
        cleanup.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        endpoint = cleanup.enter_context(peer(script, path))
        for _ in range(1100):
            cleanup.callback(os.close, os.open(os.devnull, os.O_RDONLY))
        with connect(endpoint) as dealer:
            assert dealer.fileno() > 1024
            assert dealer.recv_multipart(PATIENCE) == [b"hello"]


SAID = st.lists(
    st.one_of(
        st.binary(max_size=60),
        st.builds(frame, st.binary(max_size=300), st.integers(0, 7)),
        st.builds(command, st.sampled_from([b"READY", b"PING", b"ERROR"]), st.binary(max_size=20)),
        st.just(ready()),
    ),
    max_size=8,
)


@given(SAID, st.sampled_from([b"", greeting(), HANDSHAKE]), st.booleans())
@settings(max_examples=100)
def test_whatever_a_peer_says_only_our_errors_come_of_it(said, before, hang_up):
    def script(conn: socket.socket) -> None:
        with contextlib.suppress(ConnectionError):
            conn.sendall(before + b"".join(said))
            if not hang_up:
                conn.shutdown(socket.SHUT_WR)
                read_to_end(conn)

    with peer(script) as endpoint, pytest.raises(ZmtpError), connect(endpoint) as dealer:
        talk_without_end(dealer)  # ends, because the peer does
