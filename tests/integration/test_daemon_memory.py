"""Large layers go to and from the daemon as memory that both see, and in pieces where that cannot be."""

from __future__ import annotations

import gc
import mmap
import os
import signal
import sys
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from daemon_process import Place, alive, code_of, connected, daemon_with, noise, until

from scumble import Client, StylizeRequest, to_array
from scumble import job as jobs
from scumble.conversion import as_pixels, as_styles
from scumble.pixels.shared_memory import SHARED_FROM, SharedBlock, find_block, new_block
from scumble.wire import messages as m
from scumble.wire.connection import Connection
from scumble_daemon.doctor.examine import examine
from scumble_daemon.jobs.result_sender import StripsInBlock

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memfd is Linux's")

STYLE = noise(80, 96, seed=1)
LAYER = np.resize(noise(300, 301, 4), (1500, 2950, 4))
Sent = list[tuple[Any, int]]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """Every message that a client sends and receives, with the number of its payloads."""
    seen: Sent = []
    send, receive = Connection.send, Connection.receive

    def note_sent(self, message, payloads=(), *args, **options):
        seen.append((message, len(payloads)))
        return send(self, message, payloads, *args, **options)

    def note_received(self, timeout):
        received = receive(self, timeout)
        if received is not None:
            seen.append((received[0], len(received[1])))
        return received

    monkeypatch.setattr(Connection, "send", note_sent)
    monkeypatch.setattr(Connection, "receive", note_received)
    return seen


def of(sent: Sent, kind: type) -> list[Any]:
    return [message for message, _ in sent if isinstance(message, kind)]


def large_pieces(sent: Sent) -> int:
    """Pieces of the large layer that went through the socket, there and back."""
    return sum(payloads for message, payloads in sent if getattr(message, "size", 0) >= SHARED_FROM)


def test_no_pixel_of_a_large_layer_goes_through_the_socket(client: Client, sent: Sent):
    assert LAYER.nbytes > SHARED_FROM
    result = to_array(client.stylize(LAYER, STYLE, 0.0))
    assert (result == LAYER).all()
    assert len(of(sent, m.Lend)) == 1
    assert large_pieces(sent) == 0


def test_a_layer_that_the_daemon_has_is_not_lent_again(client: Client, sent: Sent):
    layer = LAYER + np.uint8(1)
    first = client.stylize(layer, STYLE, 0.0)
    assert np.array_equal(client.stylize(layer, STYLE, 0.0), first)
    assert len(of(sent, m.Lend)) == 1


def test_a_result_is_the_caller_s_to_change_and_to_send_again(client: Client):
    result = client.stylize(LAYER, STYLE, 0.0)
    array = to_array(result)
    array[:7] = 255 - array[:7]
    again = to_array(client.stylize(result, STYLE, 0.0))
    assert (again == array).all()
    assert not (again == LAYER).all()
    assert (to_array(client.stylize(LAYER, STYLE, 0.0)) == LAYER).all()  # what the daemon keeps is as it was


def test_results_outlive_the_client_and_the_daemon(place: Place):
    with connected() as client:
        result = client.stylize(LAYER, STYLE, 0.0)
        pid = place.info.pid
    os.kill(pid, signal.SIGKILL)
    until(lambda: not alive(pid), "the daemon's end")
    assert (to_array(result) == LAYER).all()


def test_a_daemon_that_cannot_look_into_a_client_is_sent_the_pieces(client: Client, sent: Sent, monkeypatch):
    monkeypatch.setattr(SharedBlock, "address", lambda self: [os.getpid(), 1 << 20, 1])
    layer = LAYER + np.uint8(2)
    assert (to_array(client.stylize(layer, STYLE, 0.0)) == layer).all()
    assert large_pieces(sent) == 2 * -(-layer.nbytes // (2 << 20))
    client.stylize(layer + np.uint8(1), STYLE, 0.0)
    assert len(of(sent, m.Lend)) == 1  # once was enough to know


def test_a_client_that_cannot_look_into_a_daemon_is_sent_the_pieces(client: Client, sent: Sent, monkeypatch):
    monkeypatch.setattr(jobs, "find_block", lambda address, size: None)
    progress = []
    assert (to_array(client.stylize(LAYER, STYLE, 0.0, on_progress=progress.append)) == LAYER).all()
    first, second = of(sent, m.Submit)
    assert (first.shared, second.shared) == (True, False)
    assert first.job == second.job  # which is not run again
    until(lambda: client.status()["result_bytes"] == 0, "the end of the daemon's copy")


def test_a_client_without_room_for_a_copy_sends_the_pieces(client: Client, sent: Sent, monkeypatch):
    monkeypatch.setattr("scumble.uploads.frozen_block", lambda content: None)
    layer = LAYER + np.uint8(4)
    assert (to_array(client.stylize(layer, STYLE, 0.0)) == layer).all()
    assert of(sent, m.Lend) == []


def test_a_daemon_that_dies_before_its_memory_was_looked_at(place: Place, monkeypatch):
    with connected() as client:
        pid = place.info.pid

        def find_nothing(address, size):
            """What a client finds when the daemon has died meanwhile."""
            if alive(pid):
                os.kill(pid, signal.SIGKILL)
                until(lambda: not alive(pid), "the daemon's end")
            return find_block(address, size)

        monkeypatch.setattr(jobs, "find_block", find_nothing)
        assert (to_array(client.stylize(LAYER, STYLE, 0.0)) == LAYER).all()
        assert place.info.pid != pid


def test_a_job_that_lost_its_daemon_is_let_go_of(place: Place):
    gc.disable()
    try:
        with connected() as client:
            job = client.submit(StylizeRequest(as_pixels(LAYER), as_styles(STYLE), weight=0.0))
            os.kill(place.info.pid, signal.SIGKILL)
            assert (to_array(job.result()) == LAYER).all()
            left = weakref.ref(job)
            del job
            until(lambda: left() is None, "the end of the job and of its pixels")
    finally:
        gc.enable()


def test_a_result_waits_for_its_client_for_as_long_as_that_is_there(place: Place, sent: Sent):
    with daemon_with(place, "result_lifetime=0.5"), connected(start=False) as client:
        job = client.submit(StylizeRequest(as_pixels(LAYER), as_styles(STYLE), weight=0.0))
        until(lambda: of(sent, m.Result), "the result")
        time.sleep(2.0)  # the daemon looks twice a second for what is too old
        assert (to_array(job.result()) == LAYER).all()
        until(lambda: client.status()["result_bytes"] == 0, "the end of the daemon's copy")
    assert len(of(sent, m.Submit)) == 1


def test_daemons_on_tcp_and_clients_of_them_share_no_memory(place: Place, sent: Sent, monkeypatch):
    monkeypatch.setenv("SCUMBLE_BIND", "tcp://127.0.0.1:*")
    with connected() as client:
        assert place.info.job.startswith("tcp:")
        assert "shared-memory" not in client.welcome.features
        assert (to_array(client.stylize(LAYER, STYLE, 0.0)) == LAYER).all()
        assert "large layers are sent to it through the socket" in [found.text for found in examine()]
    assert of(sent, m.Lend) == []
    assert not any(result.memory for result in of(sent, m.Result))


def test_the_doctor_says_how_layers_travel(client: Client):
    assert "large layers are shown to it as memory" in [found.text for found in examine()]


def test_layers_that_go_to_the_disk_are_sent_in_pieces(place: Place, sent: Sent):
    with daemon_with(place, "limits=Limits(spool_over=17_000_000)"), connected(start=False) as client:
        assert (to_array(client.stylize(LAYER, STYLE, 0.0)) == LAYER).all()
    assert of(sent, m.Lend) == []
    assert not any(result.memory for result in of(sent, m.Result))


def test_a_result_that_could_still_change_is_sent_in_pieces():
    block = new_block(SHARED_FROM)
    assert block is not None
    block.write(0, b"some pixels")
    strips = StripsInBlock(block)
    mapping = mmap.mmap(block.fileno(), SHARED_FROM)  # as a worker might that is out of its mind
    assert strips.address() == []
    mapping.close()
    assert find_block(strips.address(), SHARED_FROM) is None  # not all of it was written
    assert bytes(strips.strip(0)[:11]) == b"some pixels"
    strips.close()


@pytest.mark.parametrize("rows", [1400, 1500], ids=["in pieces", "in memory"])
def test_threads_that_send_the_same_layer_send_it_once(client: Client, sent: Sent, rows: int):
    layer = LAYER[:rows] + np.uint8(rows % 251)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: client.stylize(layer, STYLE, 0.0), range(4)))
    assert all((to_array(result) == layer).all() for result in results)
    puts = [put for put in of(sent, m.Put) if put.size == layer.nbytes and put.offset == 0]
    assert len(puts) == (rows == 1400)
    assert len(of(sent, m.Lend)) == (rows == 1500)


@pytest.mark.parametrize("limits", ["client_bytes=17_000_000", "max_image_bytes=17_000_000"])
def test_what_is_over_a_limit_is_refused_as_pieces_are(place: Place, limits: str):
    with daemon_with(place, f"limits=Limits({limits})"), connected(start=False) as client:
        code = "daemon-full" if "client" in limits else "image-too-large"
        assert code_of(lambda: client.stylize(LAYER, STYLE, 0.0)) == code
        assert client.status()["store_bytes"] < SHARED_FROM
        client.stylize(LAYER[:64, :64], STYLE, 0.0)
