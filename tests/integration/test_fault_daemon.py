"""Faults of the daemon and of what is around it: nothing hangs, nothing is wrong, nothing is left behind."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import pytest
from daemon_process import Place, alive, connected, daemon_with, running_pids, until
from fault_kit import SEED, Tally, after, children, files_under, random_points, requests, signal_to, tries

from scumble.launch.connection_file import FILE_NAME

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")

UPLOAD = """
import sys
from scumble import Client, StylizeRequest
from scumble.conversion import as_pixels
from fault_kit import STYLE
import numpy as np
layer = as_pixels(np.random.default_rng(int(sys.argv[1])).integers(0, 255, (2000, 2000, 4), dtype=np.uint8))
with Client.connect(start=False) as client:
    print("connected", flush=True)
    client.submit(StylizeRequest(layer, (STYLE,), patch=64)).result(60)
"""
ONE_JOB = """
from scumble import Client
from fault_kit import requests
import hashlib
with Client.connect(start=False) as client:
    job = client.submit(requests()[2])
    result = job.result(300, on_progress=lambda progress: print("begun", flush=True))
    print(hashlib.sha256(bytes(result.data)).hexdigest(), flush=True)
"""


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small layers on a busy machine: threads that wait for each other cost more than they bring."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.mark.timeout(0)
def test_the_daemon_is_killed_at_a_random_point(place: Place, record_property):
    """SIGKILL of the daemon at random points of jobs: the client starts another and asks again."""
    count, killed, workers = tries(3, 100), set(), set()
    with connected() as client:
        tally = Tally(client, requests())

        def strike() -> None:
            for pid in running_pids(place.runtime):
                workers.update(children(pid))
                killed.update({pid} if signal_to(pid, signal.SIGKILL) else ())

        for number, delay in random_points(count, 1.2 * tally.seconds):
            with after(delay, strike):
                tally.run(client, number, ("daemon-lost",))
        assert tally.run(client, 0, ()) == "result"
        until(lambda: not any(alive(pid) for pid in workers - set(children(place.info.pid))), "orphans' end")
    record_property("tries", count)
    record_property("outcome", f"{tally}; {len(killed)} daemons killed, no worker outlived its own")


@pytest.mark.timeout(0)
def test_two_daemons_at_once(place: Place, record_property):
    """Two daemons started at once, half of the times upon stale files: one serves, one ends quietly."""
    count, chance = tries(3, 50), random.Random(SEED)
    for number in range(count):
        both = [place.spawn(), place.spawn()]
        until(lambda both=both: any(p.poll() is not None for p in both), "the loser's end")
        loser, winner = sorted(both, key=lambda process: process.poll() is None)
        assert loser.returncode == 0
        until(lambda winner=winner: running_pids(place.runtime) == [winner.pid], "the winner")
        with connected(start=False) as client:
            assert client.welcome.pid == winner.pid
        stale = number % 2 == 0 or chance.random() < 0.1
        winner.send_signal(signal.SIGKILL if stale else signal.SIGTERM)
        winner.wait(30)
        assert (place.runtime / FILE_NAME).exists() == stale
    record_property("tries", count)
    record_property("outcome", "each time exactly one served; files of the dead were replaced")


@pytest.mark.timeout(0)
def test_a_client_is_killed_while_it_uploads(place: Place, record_property):
    """SIGKILL of a client in the middle of an upload of 16 MB: the daemon serves the others."""
    count = tries(2, 50)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with daemon_with(place, "orphan_grace=0.5"), connected(start=False) as client:
        tally = Tally(client, requests(1))
        for number, delay in random_points(count, 0.3):
            command = [sys.executable, "-c", UPLOAD, str(number)]
            with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as uploader:
                assert uploader.stdout is not None
                assert uploader.stdout.readline() == "connected\n"
                time.sleep(delay)
                uploader.kill()
            tally.run(client, number, ())
        until(lambda: client.status()["running"] is None, "the end of what the killed have asked for")
    record_property("tries", count)
    record_property("outcome", f"{tally} for the other client")


@pytest.mark.timeout(0)
def test_a_suspended_laptop(place: Place, record_property):
    """SIGSTOP of client, daemon and worker in the middle of a job, for longer than any watchdog waits."""
    seconds = tries(6, 90)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with daemon_with(place, "worker_silence=4.0") as daemon, connected(start=False) as client:
        expected = client.submit(requests()[2]).result(90)
        command = [sys.executable, "-c", ONE_JOB]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as other:
            assert other.stdout is not None
            assert other.stdout.readline() == "begun\n"
            everyone = [other.pid, daemon.pid, client.status()["worker"]["pid"]]
            for pid in everyone:
                os.kill(pid, signal.SIGSTOP)
            time.sleep(seconds)
            for pid in everyone:
                os.kill(pid, signal.SIGCONT)
            lines = other.stdout.read().split()
        assert other.returncode == 0
        assert lines[-1] == _sha256(expected.data)
        assert client.status()["worker_deaths"] == 0
    record_property("outcome", f"asleep for {seconds} s; the job went on and its result is bit-equal")


def test_nothing_is_left_behind(place: Place):
    """After the daemon was killed and another ended as it should: no file, no process."""
    with connected() as client:
        client.submit(requests()[0]).result(90)
        first, left = place.info.pid, children(place.info.pid)
        os.kill(first, signal.SIGKILL)
        until(lambda: not alive(first), "the daemon's end")
    with connected() as client:
        left += [place.info.pid, *children(place.info.pid)]
        client.shutdown()
    until(lambda: not any(map(alive, left)), "everyone's end")
    assert [path.name for path in files_under(place.runtime)] == ["daemon.lock"]
    assert not files_under(place.runtime.parent / "spool")


def _sha256(data) -> str:
    import hashlib

    return hashlib.sha256(bytes(data)).hexdigest()
