"""The handshake of the Dealer against peers on raw sockets: split, cut short, silent, wrong."""

from __future__ import annotations

import contextlib
import socket

import pytest

from scumble.wire.zmtp import (
    ConnectFailed,
    ConnectionBroken,
    EndpointError,
    PeerError,
    ProtocolError,
    Timeout,
)
from tests.unit.zmtp.peer import (
    COMMAND,
    HANDSHAKE,
    command,
    connect,
    greeting,
    message,
    peer,
    read_exactly,
    read_frame,
    read_to_end,
    ready,
    send_and_see_it_read,
)

PATIENCE = 20.0


def test_the_handshake_is_that_of_the_specification(path):
    def script(conn: socket.socket) -> None:
        assert read_exactly(conn, 64) == greeting((3, 0))
        conn.sendall(HANDSHAKE)
        flags, body = read_frame(conn)
        assert flags == COMMAND
        assert body == ready(b"DEALER", Identity=b"me")[2:]
        read_to_end(conn)

    with peer(script, path) as endpoint, connect(endpoint, routing_id=b"me") as dealer:
        assert not dealer.closed
        assert dealer.fileno() >= 0
    assert dealer.closed
    assert dealer.fileno() == -1


def test_a_handshake_split_at_every_byte_succeeds(path):
    said = HANDSHAKE + message(b"hello", b"")
    for at in range(len(said)):

        def script(conn: socket.socket, at: int = at) -> None:
            send_and_see_it_read(conn, said[:at])
            conn.sendall(said[at:])
            read_to_end(conn)

        with peer(script, path) as endpoint, connect(endpoint) as dealer:
            assert dealer.recv_multipart(PATIENCE) == [b"hello", b""]


def test_a_handshake_in_single_bytes_succeeds(path):
    def script(conn: socket.socket) -> None:
        for byte in HANDSHAKE + message(b"hello"):
            send_and_see_it_read(conn, bytes((byte,)))
        read_to_end(conn)

    with peer(script, path) as endpoint, connect(endpoint) as dealer:
        assert dealer.recv_multipart(PATIENCE) == [b"hello"]


def test_a_peer_that_ends_after_any_byte_gives_a_typed_error(path):
    said = HANDSHAKE + message(b"hello", b"w" * 300)
    for end in range(len(said) + 1):

        def script(conn: socket.socket, end: int = end) -> None:
            conn.sendall(said[:end])
            conn.shutdown(socket.SHUT_WR)
            read_to_end(conn)

        with peer(script, path) as endpoint:
            if end < len(HANDSHAKE):
                with pytest.raises(ConnectionBroken):
                    connect(endpoint)
                continue
            with connect(endpoint) as dealer:
                if end == len(said):
                    assert dealer.recv_multipart(PATIENCE) == [b"hello", b"w" * 300]
                for _ in range(2):
                    with pytest.raises(ConnectionBroken):
                        dealer.recv_multipart(PATIENCE)


def test_a_peer_that_hangs_up_on_us_after_any_byte_gives_a_typed_error(path):
    for end in range(len(HANDSHAKE) + 1):

        def script(conn: socket.socket, end: int = end) -> None:
            conn.sendall(HANDSHAKE[:end])  # what we sent stays unread, so TCP answers with a reset

        with (
            peer(script, path) as endpoint,
            pytest.raises(ConnectionBroken),
            connect(endpoint) as dealer,
        ):
            dealer.recv_multipart(PATIENCE)


@pytest.mark.parametrize("said", [b"", b"\xff", greeting(), HANDSHAKE[:-1]], ids=len)
def test_a_silent_peer_costs_no_more_than_the_timeout(said, path):
    def script(conn: socket.socket) -> None:
        conn.sendall(said)
        read_to_end(conn)

    with peer(script, path) as endpoint, pytest.raises(Timeout):
        connect(endpoint, timeout=0.05)


def test_a_peer_of_the_wrong_kind_is_refused(path):
    def script(conn: socket.socket) -> None:
        with contextlib.suppress(ConnectionError):
            conn.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            read_to_end(conn)

    with peer(script, path) as endpoint, pytest.raises(ProtocolError, match="check the endpoint"):
        connect(endpoint)


def test_the_reason_of_a_refusal_is_told(path):
    def script(conn: socket.socket) -> None:
        conn.sendall(greeting() + command(b"ERROR", b"\x07go away"))
        read_to_end(conn)

    with peer(script, path) as endpoint, pytest.raises(PeerError, match="go away"):
        connect(endpoint)


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "tcp",
        "127.0.0.1:5555",
        "tcp://",
        "tcp://127.0.0.1",
        "tcp://:5555",
        "tcp://127.0.0.1:",
        "tcp://127.0.0.1:0",
        "tcp://127.0.0.1:65536",
        "tcp://127.0.0.1:-1",
        "tcp://127.0.0.1:+80",
        "tcp://127.0.0.1:1_0",
        "tcp://127.0.0.1:٣",
        "tcp://127.0.0.1:99999999999999999999",
        "tcp://127.0.0.1:*",
        "tcp:/127.0.0.1:80",
        "ipc:",
        "ipc://",
        "ipc://a\0b",
        "ipc://@abstract",
        "inproc://name",
        "udp://127.0.0.1:80",
    ],
)
def test_an_endpoint_that_is_none_is_refused(endpoint):
    with pytest.raises(EndpointError):
        connect(endpoint)


def test_nothing_at_the_endpoint_is_told(tmp_path):
    with socket.socket() as held:  # bound and not listening: nobody else can take the port
        held.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectFailed):
            connect(f"tcp://127.0.0.1:{held.getsockname()[1]}")
    with pytest.raises(ConnectFailed):
        connect(f"ipc://{tmp_path}/nothing")
    with pytest.raises(ConnectFailed):
        connect(f"ipc://{tmp_path}/{'long' * 50}")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConnectFailed):
        connect(f"ipc://{tmp_path}/file")
    with pytest.raises(ConnectFailed):
        connect("tcp://no..such host:80")
    with pytest.raises(ConnectFailed):
        connect(f"tcp://{'a' * 300}.invalid:80")


def test_a_full_backlog_ends_in_a_timeout(tmp_path):
    with socket.socket(socket.AF_UNIX) as listener, contextlib.ExitStack() as waiting:
        listener.bind(str(tmp_path / "busy"))
        listener.listen(0)
        while True:
            conn = waiting.enter_context(socket.socket(socket.AF_UNIX))
            conn.setblocking(False)
            try:
                conn.connect(str(tmp_path / "busy"))
            except BlockingIOError:
                break
        with pytest.raises(Timeout):
            connect(f"ipc://{tmp_path}/busy", timeout=0.05)


@pytest.mark.skipif(not socket.has_ipv6, reason="this Python has no IPv6")
def test_an_ipv6_address_is_written_in_brackets():
    with socket.socket(socket.AF_INET6) as held:
        try:
            held.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6 loopback")
        with pytest.raises(ConnectFailed, match="refused"):
            connect(f"tcp://[::1]:{held.getsockname()[1]}")
