"""The Dealer against peers on raw sockets: split greetings, early ends, deadlines, threads."""

from __future__ import annotations

import contextlib
import itertools
import os
import resource
import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scumble.zmtp import (
    Closed,
    ConnectFailed,
    ConnectionBroken,
    Dealer,
    EndpointError,
    LimitExceeded,
    PeerError,
    ProtocolError,
    Timeout,
    ZmtpError,
)
from tests.unit.zmtp_peer import (
    COMMAND,
    LONG,
    MORE,
    ParsedFrame,
    command,
    frame,
    greeting,
    message,
    peer,
    ping,
    read_exactly,
    read_frame,
    read_to_end,
    ready,
    send_and_see_it_read,
    shake_hands,
)

PATIENCE = 20.0
LARGE = bytes(32 << 20)  # more than any socket buffer holds
HANDSHAKE = greeting() + ready()


def connect(endpoint: str, timeout: float = PATIENCE, routing_id: bytes = b"") -> Dealer:
    return Dealer.connect(
        endpoint,
        timeout=timeout,
        max_frame=1 << 26,
        max_message=1 << 27,
        max_frames=100,
        routing_id=routing_id,
    )


def in_thread(work: Callable[[], object]) -> tuple[threading.Thread, list[BaseException]]:
    """Run `work` in a thread; the list holds what it raised once the thread has ended."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, raised


def send_without_end(dealer: Dealer, timeout: float, sent: list[bytes] | None = None) -> None:
    """Send numbered messages until one raises; `sent` collects those that did not."""
    for number in itertools.count():
        body = b"%d" % number
        dealer.send_multipart([body], timeout)
        if sent is not None:
            sent.append(body)


def talk_without_end(dealer: Dealer) -> None:
    while True:
        dealer.send_multipart([b"x", bytes(10_000)], PATIENCE)
        dealer.recv_multipart(PATIENCE)


@pytest.fixture(params=["tcp", "ipc", "windows"])
def path(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path | None:
    """Where a peer listens: on TCP (None), on a unix socket, on TCP with what Windows has of calls."""
    if request.param == "windows":
        monkeypatch.setattr("scumble.zmtp_transport._HAS_SENDMSG", False)
        monkeypatch.setattr("scumble.zmtp_transport._HAS_POLL", False)
    return tmp_path / "peer" if request.param == "ipc" else None


# Connecting


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


# Receiving


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


# Sending


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


# Heartbeats


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
    heard = threading.Event()

    def script(conn: socket.socket) -> None:
        shake_hands(conn)
        begun = read_exactly(conn, 1)  # the sending thread is at work, and stuck
        conn.sendall(ping(b"1") + ping(b"2") + message(b"hello"))
        assert heard.wait(PATIENCE)
        assert begun + read_exactly(conn, 2) == frame(b"a", MORE)
        assert read_frame(conn) == (MORE, LARGE)
        assert read_frame(conn) == (0, b"b")
        assert read_frame(conn) == (COMMAND, b"\x04PONG1")
        assert read_frame(conn) == (COMMAND, b"\x04PONG2")

    with peer(script, path) as endpoint, connect(endpoint) as dealer:
        thread, raised = in_thread(lambda: dealer.send_multipart([b"a", LARGE, b"b"], PATIENCE))
        assert dealer.recv_multipart(PATIENCE) == [b"hello"]
        heard.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()
        assert raised == []


def test_a_pong_that_did_not_fit_is_finished_before_the_next_message(path):
    drain = threading.Event()

    def script(conn: socket.socket) -> None:
        shake_hands(conn)
        # Far more answers than the buffers hold: some are dropped, none may be torn.
        for _ in range(12):
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


# Closing


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


# Fuzz


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
