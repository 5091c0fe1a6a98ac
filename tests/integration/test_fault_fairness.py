"""Fairness: what someone waits for is not held up by a layer that takes minutes."""

from __future__ import annotations

import contextlib
import os
import signal
import statistics
import threading
import time

import numpy as np
import pytest
from daemon_process import Place, connected, noise
from fault_kit import tries

from scumble import Client, ScumbleError, StyleSource, StyleWeight, StylizeRequest
from scumble.conversion import as_pixels
from scumble.job import Job

STYLE = StyleWeight(StyleSource(pixels=as_pixels(noise(64, 64, seed=1))))
LARGE = StylizeRequest(as_pixels(noise(448, 448)), (STYLE,), patch=64)
SMALL = StylizeRequest(as_pixels(noise(96, 96, seed=2)), (STYLE,))


class Long:
    """A long job that runs on a thread of its own; `begun` once its first patches are done."""

    def __init__(self, client: Client) -> None:
        self.begun, self.outcome = threading.Event(), "none"
        self.job: Job = client.submit(LARGE)
        self._thread = threading.Thread(target=self._wait, daemon=True)
        self._thread.start()
        assert self.begun.wait(90)

    def _wait(self) -> None:
        try:
            self.job.result(on_progress=lambda progress: self.begun.set())
            self.outcome = "done"
        except ScumbleError as error:
            self.outcome = error.code
        self.begun.set()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def end(self) -> str:
        """How it ended: `done` or a code."""
        self._thread.join(90)
        return self.outcome


@pytest.fixture(scope="module")
def undisturbed(shared_place: Place):
    with connected() as client:
        return client.submit(LARGE).result(), client.submit(SMALL).result()


@pytest.mark.usefixtures("shared_place")
def test_previews_are_done_between_two_patches_of_a_long_job(client: Client, undisturbed, record_property):
    """Three previews while a long job of another client runs: all before its end, both bit-equal."""
    with connected() as other:
        long = Long(other)
        for _ in range(3):
            assert client.submit(SMALL, urgent=True).result() == undisturbed[1]
            assert long.running
        assert client.submit(SMALL).result() == undisturbed[1]
        assert long.end() == "done"  # the last one, which was not urgent, has waited for it
        assert long.job.result() == undisturbed[0]
    record_property("tries", 3)
    record_property("outcome", "each preview came while the long job ran; both results bit-equal")


@pytest.mark.usefixtures("shared_place")
def test_a_question_is_answered_while_a_long_job_runs(client: Client):
    """The worker lists its models between two patches of a long job."""
    long = Long(client)
    assert "microast" in [model["name"] for model in client.models()]
    assert long.running
    long.job.cancel()
    assert long.end() == "cancelled"


@pytest.mark.usefixtures("shared_place")
def test_cancelling_one_of_two_leaves_the_other(client: Client, undisturbed):
    """A long job and a preview in it: each is cancelled without an effect on the other."""
    long = Long(client)
    preview = client.submit(LARGE, urgent=True)
    preview.cancel()
    with pytest.raises(ScumbleError, match="cancelled"):
        preview.result()
    assert client.submit(SMALL, urgent=True).result() == undisturbed[1]
    assert long.end() == "done"
    assert long.job.result() == undisturbed[0]
    long = Long(client)
    preview = client.submit(SMALL, urgent=True)
    long.job.cancel()
    assert preview.result() == undisturbed[1]
    assert long.end() == "cancelled"


@pytest.mark.usefixtures("shared_place")
def test_a_worker_that_dies_with_two_jobs_fails_both(client: Client, undisturbed):
    """SIGKILL of the worker with a long job and a preview in it: two typed errors, and it goes on."""
    deaths = client.status()["worker_deaths"]
    long = Long(client)
    os.kill(client.status()["worker"]["pid"], signal.SIGSTOP)
    preview = client.submit(SMALL, urgent=True)
    os.kill(client.status()["worker"]["pid"], signal.SIGKILL)
    with pytest.raises(ScumbleError) as caught:
        preview.result()
    assert (caught.value.code, long.end()) == ("worker-died", "worker-died")
    assert client.submit(SMALL).result() == undisturbed[1]
    assert client.status()["worker_deaths"] == deaths + 1


@pytest.mark.usefixtures("shared_place")
@pytest.mark.timeout(0)
def test_how_long_a_preview_takes_while_a_large_layer_is_done(client: Client, record_property):
    """Previews while a layer of many megapixels runs (100 with all tries): how long each takes, unjudged."""
    side, count = tries(1024, 10_000), tries(2, 20)
    layer = np.broadcast_to(noise(1, side), (side, side, 3))
    large = StylizeRequest(as_pixels(np.ascontiguousarray(layer)), (STYLE,))
    alone = [_seconds(client) for _ in range(3)]
    with connected() as other:
        begun = threading.Event()
        job = other.submit(large)
        thread = threading.Thread(target=_outcome, args=(job, begun), daemon=True)
        thread.start()
        assert begun.wait(600)
        during = [_seconds(client) for _ in range(count)]
        job.cancel()
        thread.join(90)
        assert not thread.is_alive()
    median, longest = statistics.median(during), max(during)
    record_property("tries", count)
    record_property(
        "outcome",
        f"layer of {side * side / 1e6:.0f} MP, preview of 96 × 96: median {median:.2f} s, longest "
        f"{longest:.2f} s; {statistics.median(alone):.2f} s when nothing else runs",
    )


def _seconds(client: Client) -> float:
    started = time.monotonic()
    client.submit(SMALL, urgent=True).result(300)
    return time.monotonic() - started


def _outcome(job: Job, begun: threading.Event) -> None:
    with contextlib.suppress(ScumbleError):
        job.result(on_progress=lambda progress: begun.set())
