"""Faults while layers and results are in memory that two processes see: right pixels, and nothing kept."""

from __future__ import annotations

import gc
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from daemon_process import Place, connected, noise, running_pids, until
from fault_kit import STYLE, Tally, after, random_points, signal_to, tries, worker_of

from scumble import StylizeRequest
from scumble.conversion import as_pixels

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memfd is Linux's")

LENDER = """
import os, signal
from scumble.wire import messages as m
from scumble.folders import runtime_dir
from scumble.launch.connection_file import read_connection
from scumble.pixels.content import digest_of
from scumble.pixels.shared_memory import frozen_block
from scumble.wire.connection import Connection
from scumble.wire.zmtp import Dealer
content = os.urandom(1 << 20) * 60
block, name = frozen_block(content), digest_of(content)
connection = Connection.open(read_connection(runtime_dir()), "job", Dealer.connect, timeout=10)
connection.send(m.Lend(1, name, len(content), block.address()))
os.kill(os.getpid(), signal.SIGKILL)
"""
LAYER = np.resize(noise(300, 301, 4), (1500, 2950, 4))


def large_requests() -> list[StylizeRequest]:
    """Layers of 17 MB whose result is the layer itself."""
    layers = [as_pixels(LAYER + np.uint8(number)) for number in range(3)]
    return [StylizeRequest(layer, (STYLE,), weight=0.0) for layer in layers]


def descriptors() -> int:
    """Open descriptors of this process."""
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.timeout(0)
@pytest.mark.parametrize("victim", ["daemon", "worker"])
def test_a_process_dies_while_memory_is_shared(place: Place, victim: str, record_property):
    """SIGKILL of the daemon and of the worker at random points of jobs whose pixels are in shared memory."""
    count, hits, ends = tries(6, 100), 0, ("worker-died",) if victim == "worker" else ()
    with connected() as client:
        tally = Tally(client, large_requests())
        before = descriptors()

        def strike() -> None:
            nonlocal hits
            for pid in running_pids(place.runtime):
                worker = worker_of(client) if victim == "worker" else 0
                hits += signal_to(worker or pid, signal.SIGKILL) if worker or victim == "daemon" else 0

        for number, delay in random_points(count, 1.3 * tally.seconds):
            with after(delay, strike):
                tally.run(client, number, ends)
            client.unload()  # or the daemon would have the next layer already
        assert tally.run(client, 0, ends) in ("result", *ends)
        assert tally.run(client, 0, ()) == "result"
        gc.collect()  # an error on its way may hold on to what was in use where it passed
        until(lambda: descriptors() <= before + 2, "the end of the client's descriptors")
    record_property("tries", count)
    record_property("outcome", f"{victim}: {tally}; {hits} hits")


def test_a_client_dies_while_its_memory_is_looked_at(place: Place, record_property):
    """SIGKILL of a client that has just lent its layer: the daemon goes on, and keeps nothing of it."""
    count = tries(3, 30)
    with connected() as client:
        tally = Tally(client, large_requests()[:1])
        client.unload()
        until(lambda: client.status()["store_bytes"] == 0, "an empty store")
        for _ in range(count):
            lender = subprocess.run([sys.executable, "-c", LENDER], check=False)
            assert lender.returncode == -signal.SIGKILL
        # Again and again, as what is just being looked at is kept when that is over.
        until(lambda: client.unload() or client.status()["store_bytes"] == 0, "the end of what was lent")
        assert tally.run(client, 0, ()) == "result"
    record_property("tries", count)
    record_property("outcome", f"{tally} afterwards, nothing kept")
