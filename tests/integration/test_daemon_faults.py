"""Processes die, two start at once, files are stale: jobs end in a result or in one typed error."""

from __future__ import annotations

import os
import signal
import stat
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from daemon_process import Place, alive, code_of, connected, noise, until

from scumble import Client, ScumbleError
from scumble.launch.connection_file import FILE_NAME, read_connection

STYLE = noise(64, 64, seed=1)


class KillOnProgress:
    """Kills a process once, at the first sign of progress."""

    def __init__(self, pid: int) -> None:
        self.pid, self.killed = pid, False

    def __call__(self, progress) -> None:
        if not self.killed:
            self.killed = True
            os.kill(self.pid, signal.SIGKILL)


def test_the_daemon_starts_on_demand_and_outlives_its_client(place: Place):
    assert code_of(lambda: Client.connect(start=False)) == "no-daemon"
    with connected():
        pid = place.info.pid
    with connected(start=False) as client:
        assert client.status()["pid"] == pid
    assert os.getsid(pid) != os.getsid(0)


def test_its_files_are_private_and_removed_at_its_end(place: Place):
    with connected() as client:
        assert stat.S_IMODE(place.runtime.stat().st_mode) == 0o700
        assert stat.S_IMODE((place.runtime / FILE_NAME).stat().st_mode) == 0o600
        for name in ("job.sock", "control.sock"):
            assert stat.S_IMODE((place.runtime / name).stat().st_mode) == 0o600
        pid = place.info.pid
        client.shutdown()
    until(lambda: not alive(pid), "the daemon's end")
    assert [path.name for path in place.runtime.iterdir()] == ["daemon.lock"]


def test_a_job_survives_the_death_of_the_daemon(place: Place):
    layer = noise(256, 256)
    with connected() as client:
        undisturbed = client.stylize(layer, STYLE, patch=64)
        kill = KillOnProgress(place.info.pid)
        disturbed = client.stylize(layer, STYLE, patch=64, on_progress=kill)
        assert np.array_equal(disturbed, undisturbed)
        assert kill.killed
        assert place.info.pid != kill.pid
        assert client.status()["pid"] == place.info.pid


def test_an_idle_client_finds_the_next_daemon(place: Place):
    with connected() as client:
        pid = place.info.pid
        os.kill(pid, signal.SIGKILL)
        until(lambda: not alive(pid), "the daemon's end")
        assert client.stylize(noise(64, 64), STYLE).shape == (64, 64, 3)


def test_the_death_of_the_worker_costs_one_job(place: Place):
    layer = noise(256, 256)
    with connected() as client:
        undisturbed = client.stylize(layer, STYLE, patch=64)
        kill = KillOnProgress(client.status()["worker"]["pid"])
        with pytest.raises(ScumbleError) as caught:
            client.stylize(layer, STYLE, patch=64, on_progress=kill)
        assert caught.value.code == "worker-died"
        assert caught.value.retryable
        assert np.array_equal(client.stylize(layer, STYLE, patch=64), undisturbed)
        assert client.status()["worker_deaths"] == 1


def test_sigterm_ends_the_daemon_and_tells_its_clients(place: Place):
    with connected() as client:
        pid = place.info.pid

        def call():
            return client.stylize(
                noise(256, 256),
                STYLE,
                patch=64,
                on_progress=lambda progress: os.kill(pid, signal.SIGTERM),
            )

        assert code_of(call) == "daemon-stopped"
    until(lambda: not alive(pid), "the daemon's end")
    assert read_connection(place.runtime) is None


def test_of_many_started_at_once_one_serves(place: Place):
    with ThreadPoolExecutor(8) as pool:
        clients = list(pool.map(lambda _: Client.connect(), range(8)))
    try:
        assert {client.welcome.pid for client in clients} == {place.info.pid}
    finally:
        for client in clients:
            client.close()


def test_the_loser_of_the_lock_ends_quietly(place: Place):
    with connected():
        loser = place.spawn()
        assert loser.wait(30) == 0
        assert "another daemon serves this user already" in place.log()
        assert alive(place.info.pid)


def test_a_stale_connection_file_is_replaced(place: Place):
    with connected():
        first = place.info
        os.kill(first.pid, signal.SIGKILL)
        until(lambda: not alive(first.pid), "the daemon's end")
    assert place.info == first
    with connected() as client:
        assert client.welcome.pid == place.info.pid != first.pid


def test_a_damaged_connection_file_is_replaced(place: Place):
    place.runtime.mkdir(mode=0o700)
    (place.runtime / FILE_NAME).write_text('{"pid": 12')
    (place.runtime / FILE_NAME).chmod(0o600)
    with connected() as client:
        assert client.ping() < 5


def test_a_daemon_that_cannot_start_says_why(place: Place, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SCUMBLE_BIND", "tcp://0.0.0.0:*")
    with pytest.raises(ScumbleError) as caught:
        Client.connect(timeout=20)
    assert caught.value.code == "daemon-not-started"
    assert "bind-refused" in caught.value.detail


def test_tcp_serves_as_well(place: Place, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SCUMBLE_BIND", "tcp")
    with connected() as client:
        assert place.info.job.startswith("tcp://127.0.0.1:")
        assert client.stylize(noise(64, 64), STYLE).shape == (64, 64, 3)


def test_the_daemon_leaves_when_it_is_idle(place: Place, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SCUMBLE_IDLE_EXIT", "0.5")
    with connected():
        pid = place.info.pid
    until(lambda: not alive(pid), "the idle daemon's end")


def test_the_models_leave_the_memory_when_they_are_idle(place: Place, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SCUMBLE_IDLE_UNLOAD", "0.5")
    with connected() as client:
        before = client.stylize(noise(64, 64), STYLE)
        until(lambda: client.status()["worker"] is None, "the worker's end")
        assert np.array_equal(client.stylize(noise(64, 64), STYLE), before)


def test_a_daemon_that_hangs_is_not_waited_for(place: Place):
    with connected() as client:
        pid = place.info.pid
        os.kill(pid, signal.SIGSTOP)
        try:
            assert code_of(lambda: client.ping(timeout=0.3)) == "daemon-not-responding"
            assert code_of(lambda: client.status(timeout=0.3)) == "daemon-not-responding"
        finally:
            os.kill(pid, signal.SIGCONT)
        assert client.ping() < 30


def test_closing_a_client_ends_the_calls_of_its_threads(place: Place):
    started = threading.Event()
    codes = []
    with connected() as client:

        def work() -> None:
            def call():
                return client.stylize(noise(512, 512), STYLE, patch=64, on_progress=lambda p: started.set())

            codes.append(code_of(call))

        thread = threading.Thread(target=work)
        thread.start()
        assert started.wait(60)
    thread.join()
    assert codes == ["closed"]


def test_the_log_holds_ids_and_no_secrets(place: Place):
    with connected() as client:
        client.stylize(noise(64, 64), STYLE)
        text = place.log()
        assert " runs" in text
        assert place.info.key.hex() not in text
        assert str(place.runtime) not in text
