"""Faults of the worker: a job ends in its result or in one typed error, and the next one is served."""

from __future__ import annotations

import os
import signal

import pytest
from daemon_process import Place, alive, code_of, connected, daemon_with, noise, until
from fault_kit import (
    STYLE,
    Tally,
    after,
    children,
    files_under,
    random_points,
    requests,
    signal_to,
    tries,
    worker_of,
)


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small layers on a busy machine: threads that wait for each other cost more than they bring."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="signals of Unix")
@pytest.mark.parametrize("name", ["SIGKILL", "SIGSEGV", "SIGSTOP"])
@pytest.mark.timeout(0)
def test_a_worker_that_is_hurt_at_a_random_point(place: Place, name: str, record_property):
    """SIGKILL, SIGSEGV and SIGSTOP of the worker at random points of jobs, its start included."""
    count, hurt, workers = tries(3, 200), 0, set()
    settings = "worker_silence=4.0, limits=Limits(spool_over=100_000)"
    with daemon_with(place, settings) as daemon, connected(start=False) as client:
        tally = Tally(client, requests())

        def strike() -> None:
            nonlocal hurt
            pid = worker_of(client)
            workers.add(pid)
            hurt += bool(pid) and signal_to(pid, getattr(signal, name))

        for number, delay in random_points(count, 1.3 * tally.seconds):
            with after(delay, strike):
                tally.run(client, number, ("worker-died",))
        until(lambda: not any(map(alive, workers - {0, worker_of(client)})), "the end of the hurt ones")
        assert tally.run(client, 0, ("worker-died",)) in ("result", "worker-died")
        assert tally.run(client, 0, ()) == "result"
        client.unload()
        until(lambda: not files_under(place.runtime.parent / "spool"), "the end of the spooled files")
        until(lambda: not worker_of(client), "the worker's end")
        left = children(daemon.pid)  # the tracker of multiprocessing, which ends with the daemon
        assert len(left) <= 1
    until(lambda: not any(map(alive, left)), "the end of the tracker")
    record_property("tries", count)
    record_property("outcome", f"{name}: {tally}; {hurt} hits")


def test_a_hung_worker_is_ended_and_its_job_fails(place: Place):
    """SIGSTOP of the worker in the middle of a job: it is ended, the job fails, the next is served."""
    with daemon_with(place, "worker_silence=3.0"), connected(start=False) as client:
        client.stylize(noise(64, 64), STYLE.style.pixels)
        worker = worker_of(client)

        def stop(progress) -> None:
            os.kill(worker, signal.SIGSTOP)

        layer = noise(256, 256)
        assert code_of(lambda: client.stylize(layer, STYLE.style.pixels, patch=64, on_progress=stop)) == (
            "worker-died"
        )
        assert not alive(worker)
        assert client.stylize(noise(64, 64), STYLE.style.pixels).shape == (64, 64, 3)


def test_a_cancelled_job_ends_for_its_client_even_if_the_worker_hangs(place: Place):
    """Cancel of a job whose worker is stopped: the client has its answer at once."""
    with daemon_with(place, "worker_silence=3.0"), connected(start=False) as client:
        client.stylize(noise(64, 64), STYLE.style.pixels)
        os.kill(worker_of(client), signal.SIGSTOP)
        job = client.submit(requests()[1])
        job.cancel()
        assert code_of(job.result) == "cancelled"


@pytest.mark.parametrize("stopped", [False, True])
def test_a_worker_ends_with_its_daemon(place: Place, stopped: bool):
    """SIGKILL of the daemon: its worker ends too, be it stopped itself."""
    with connected() as client:
        client.stylize(noise(64, 64), STYLE.style.pixels)
        worker = worker_of(client)
        if stopped:
            os.kill(worker, signal.SIGSTOP)
        os.kill(place.info.pid, signal.SIGKILL)
    until(lambda: not alive(worker), "the worker's end")
