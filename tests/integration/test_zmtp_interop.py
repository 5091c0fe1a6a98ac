"""The Dealer against the real libzmq, over TCP and unix sockets."""

from __future__ import annotations

import contextlib
import os
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
import zmq
from zmq.utils.monitor import recv_monitor_message

from scumble.wire.zmtp import ConnectionBroken, Dealer, PeerError, ProtocolError, Timeout

PATIENCE = 20.0
PATIENCE_MS = 20_000
FRAME_SIZES = [0, 1, 255, 256, 65_535, 65_536, 64 << 20]


class Bind(Protocol):
    def __call__(self, kind: int, **options: int | bytes) -> tuple[zmq.Socket, str]: ...


@pytest.fixture(params=["tcp", "ipc"])
def bind(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bind]:
    """Make bound libzmq sockets that give up after a while; gives each with its endpoint."""
    opened: list[zmq.Socket] = []

    def bind(kind: int, **options: int | bytes) -> tuple[zmq.Socket, str]:
        sock = context.socket(kind)
        opened.append(sock)
        for name, value in {"RCVTIMEO": PATIENCE_MS, "SNDTIMEO": PATIENCE_MS, **options}.items():
            sock.setsockopt(getattr(zmq, name), value)
        address = f"ipc://{tmp_path}/{len(opened)}" if request.param == "ipc" else "tcp://127.0.0.1:*"
        sock.bind(address)
        return sock, sock.getsockopt_string(zmq.LAST_ENDPOINT)

    with zmq.Context() as context:
        yield bind
        for sock in opened:
            sock.close(linger=0)


def connect(endpoint: str, routing_id: bytes = b"") -> Dealer:
    return Dealer.connect(
        endpoint,
        timeout=PATIENCE,
        max_frame=64 << 20,
        max_message=128 << 20,
        max_frames=300,
        routing_id=routing_id,
    )


@pytest.mark.parametrize("size", FRAME_SIZES)
def test_frames_of_every_size_pass_both_ways(bind, size):
    body = os.urandom(min(size, 1 << 20)) * max(1, size >> 20)
    assert len(body) == size
    router, endpoint = bind(zmq.ROUTER)
    with connect(endpoint, b"me") as dealer:
        for frames in ([body], [b"head", body, b"", body[:1000]]):
            dealer.send_multipart(frames, PATIENCE)
            assert router.recv_multipart() == [b"me", *frames]
            router.send_multipart([b"me", *frames])
            assert dealer.recv_multipart(PATIENCE) == frames


def test_messages_of_many_frames_pass_both_ways(bind):
    frames = [bytes((index,)) * (index * 97 % 1000) for index in range(250)]
    router, endpoint = bind(zmq.ROUTER)
    with connect(endpoint, b"me") as dealer:
        dealer.send_multipart(frames, PATIENCE)
        assert router.recv_multipart() == [b"me", *frames]
        router.send_multipart([b"me", *frames])
        assert dealer.recv_multipart(PATIENCE) == frames


def test_a_large_frame_is_neither_copied_to_be_sent_nor_read_twice(bind):
    body = bytearray(64 << 20)
    router, endpoint = bind(zmq.ROUTER)
    with connect(endpoint, b"me") as dealer:
        tracemalloc.start()
        try:
            dealer.send_multipart([b"head", body], PATIENCE)
            assert tracemalloc.get_traced_memory()[1] < 1 << 20
            router.send_multipart([b"me", body], copy=False)
            tracemalloc.reset_peak()
            [received] = dealer.recv_multipart(PATIENCE)
            assert tracemalloc.get_traced_memory()[1] < len(body) + (1 << 20)
        finally:
            tracemalloc.stop()
    assert len(received) == len(body)


def test_a_router_tells_unnamed_dealers_apart(bind):
    router, endpoint = bind(zmq.ROUTER)
    with connect(endpoint) as first, connect(endpoint) as second:
        first.send_multipart([b"first"], PATIENCE)
        second.send_multipart([b"second"], PATIENCE)
        for _ in range(2):
            router.send_multipart(router.recv_multipart())
        assert first.recv_multipart(PATIENCE) == [b"first"]
        assert second.recv_multipart(PATIENCE) == [b"second"]


def test_a_dealer_and_a_rep_are_peers_too(bind):
    dealer_peer, endpoint = bind(zmq.DEALER)
    with connect(endpoint) as dealer:
        dealer.send_multipart([b"a", b""], PATIENCE)
        assert dealer_peer.recv_multipart() == [b"a", b""]
        dealer_peer.send_multipart([b"", b"b"])
        assert dealer.recv_multipart(PATIENCE) == [b"", b"b"]
    rep, endpoint = bind(zmq.REP)
    with connect(endpoint) as dealer:
        dealer.send_multipart([b"envelope", b"", b"question"], PATIENCE)
        assert rep.recv() == b"question"
        rep.send(b"answer")
        assert dealer.recv_multipart(PATIENCE) == [b"envelope", b"", b"answer"]


@pytest.mark.parametrize("kind", [zmq.PUB, zmq.PULL, zmq.REQ, zmq.PAIR], ids=lambda kind: kind.name)
def test_other_sockets_of_libzmq_are_refused(bind, kind):
    _, endpoint = bind(kind)
    # libzmq hangs up on a socket of the wrong kind; whose refusal is seen first is a matter of luck.
    with pytest.raises((ProtocolError, PeerError, ConnectionBroken)):
        connect(endpoint)


def test_a_router_with_encryption_is_refused(bind):
    if not zmq.has("curve"):
        pytest.skip("this libzmq has no CURVE")
    _, secret = zmq.curve_keypair()
    _, endpoint = bind(zmq.ROUTER, CURVE_SERVER=1, CURVE_SECRETKEY=secret)
    # libzmq hangs up when it sees NULL in our greeting, which may be before it names its mechanism.
    with pytest.raises((ProtocolError, ConnectionBroken), match=r"CURVE|wants encryption"):
        connect(endpoint)


def test_one_thread_sends_while_another_receives(bind):
    count = 400
    bodies = [bytes((index % 256,)) * (index * 379 % 40_000) for index in range(count)]
    router, endpoint = bind(zmq.ROUTER)
    failures: list[BaseException] = []

    with connect(endpoint) as dealer:

        def send() -> None:
            try:
                for index, body in enumerate(bodies):
                    dealer.send_multipart([b"%d" % index, body], PATIENCE)
            except BaseException as error:
                failures.append(error)

        def echo() -> None:
            try:
                for _ in range(count):
                    router.send_multipart(router.recv_multipart())
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work, daemon=True) for work in (send, echo)]
        for thread in threads:
            thread.start()
        for index, body in enumerate(bodies):
            assert dealer.recv_multipart(PATIENCE) == [b"%d" % index, body]
        for thread in threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()
    assert failures == []


HEARTBEAT = {"HEARTBEAT_IVL": 100, "HEARTBEAT_TIMEOUT": 1000}


@contextlib.contextmanager
def disconnects_of(sock: zmq.Socket) -> Iterator[zmq.Socket]:
    """A socket that can be read once `sock` gives up a connection."""
    monitor = sock.get_monitor_socket(zmq.EVENT_DISCONNECTED)
    monitor.setsockopt(zmq.RCVTIMEO, PATIENCE_MS)
    yield monitor
    sock.disable_monitor()
    monitor.close()


def test_a_dealer_that_only_receives_outlives_the_heartbeat_timeout(bind):
    router, endpoint = bind(zmq.ROUTER, **HEARTBEAT)
    with disconnects_of(router) as monitor, connect(endpoint, b"me") as dealer:
        with pytest.raises(Timeout):
            dealer.recv_multipart(2.5)
        assert monitor.poll(0) == 0
        dealer.send_multipart([b"still here"], PATIENCE)
        assert router.recv_multipart() == [b"me", b"still here"]
        router.send_multipart([b"me", b"good"])
        assert dealer.recv_multipart(PATIENCE) == [b"good"]


def test_a_dealer_in_which_no_thread_receives_is_given_up_by_the_heartbeat(bind):
    # Shows that the test above would fail if no PING were answered.
    router, endpoint = bind(zmq.ROUTER, **HEARTBEAT)
    with disconnects_of(router) as monitor, connect(endpoint, b"me") as dealer:
        assert recv_monitor_message(monitor)["event"] == zmq.EVENT_DISCONNECTED
        with pytest.raises(ConnectionBroken):
            dealer.recv_multipart(PATIENCE)


def test_a_heartbeat_is_answered_while_a_large_message_is_on_its_way(bind):
    router, endpoint = bind(zmq.ROUTER, **{**HEARTBEAT, "HEARTBEAT_IVL": 1})
    body = bytes(16 << 20)
    sending_failed: list[BaseException] = []
    with connect(endpoint, b"me") as dealer:

        def send() -> None:
            try:
                for _ in range(10):
                    dealer.send_multipart([body, b"end"], PATIENCE)
            except BaseException as error:
                sending_failed.append(error)

        thread = threading.Thread(target=send, daemon=True)
        thread.start()
        for number in range(10):
            assert [len(part) for part in router.recv_multipart()] == [2, len(body), 3]
            router.send_multipart([b"me", b"%d" % number])
            assert dealer.recv_multipart(PATIENCE) == [b"%d" % number]
        thread.join(PATIENCE)
        assert not thread.is_alive()
    assert sending_failed == []


def test_a_router_that_goes_away_breaks_the_connection(bind):
    router, endpoint = bind(zmq.ROUTER, LINGER=0)
    with connect(endpoint) as dealer:
        router.close()
        with pytest.raises(ConnectionBroken):
            dealer.recv_multipart(PATIENCE)


def test_a_frame_over_the_routers_limit_breaks_the_connection(bind):
    _, endpoint = bind(zmq.ROUTER, MAXMSGSIZE=1000)
    with connect(endpoint) as dealer:
        dealer.send_multipart([bytes(1001)], PATIENCE)
        with pytest.raises(ConnectionBroken):
            dealer.recv_multipart(PATIENCE)
