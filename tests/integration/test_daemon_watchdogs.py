"""Short deadlines and small limits: a daemon whose settings make the rare cases quick to see."""

from __future__ import annotations

import sys

import pytest
from click.testing import CliRunner
from daemon_process import Place, code_of, connected, daemon_with, noise, until

from scumble import Client, Extent
from scumble.wire import session as wire
from scumble_daemon.cli import cli

STYLE = noise(48, 48, seed=1)


def _request():
    from scumble import StyleSource, StyleWeight, StylizeRequest
    from scumble.conversion import as_pixels

    style = StyleWeight(StyleSource(pixels=as_pixels(STYLE)))
    return StylizeRequest(as_pixels(noise(256, 256)), (style,), patch=64)


def test_a_job_whose_client_is_gone_is_cancelled_after_a_while(place: Place):
    with daemon_with(place, "orphan_grace=0.2"), connected(start=False) as watcher:
        with connected(start=False) as client:
            job = client.submit(_request())
        until(lambda: f"job {job.id} has lost its client" in place.log(), "the orphan's end")
        until(lambda: watcher.status()["running"] is None, "the worker to be free")


def test_limits_of_the_daemon_reach_the_client_as_typed_errors(place: Place):
    limits = "limits=Limits(max_image_bytes=20_000, max_image_pixels=4_000)"
    with daemon_with(place, limits), connected(start=False) as client:
        assert client.welcome.limits["max_image_bytes"] == 20_000
        assert code_of(lambda: client.stylize(noise(100, 100), STYLE)) == "image-too-large"
        gray = noise(80, 80, 1)
        assert code_of(lambda: client.stylize(gray, STYLE)) == "image-too-large"
        assert client.stylize(noise(50, 50), STYLE).shape == (50, 50, 3)


def test_a_silent_client_makes_room_for_a_new_one_and_an_active_one_does_not(place: Place):
    with daemon_with(place, "session_idle=600.0, limits=Limits(max_clients=1)"):
        with connected(start=False) as first:
            first.ping()
            with connected(start=False) as second:
                assert code_of(second.ping) == "too-many-clients"
        with connected(start=False) as third:
            assert third.ping() < 30


def test_a_client_that_lost_its_place_connects_again(place: Place):
    settings = "session_idle=0.0, limits=Limits(max_clients=1)"
    with daemon_with(place, settings), connected(start=False) as first:
        first.ping()
        with connected(start=False) as second:
            second.ping()
        assert code_of(first.ping) == "no-session"
        assert first.stylize(noise(64, 64), STYLE).shape == (64, 64, 3)


def test_a_result_is_kept_for_a_client_that_comes_back(place: Place):
    with daemon_with(place, ""):
        with connected(start=False) as client:
            job = client.submit(_request())
            spec_id = job.id
        until(lambda: f"job {spec_id} done" in place.log(), "the job")
        with connected(start=False) as client:
            from scumble.job import Job

            again = Job(client, spec_id, job.request, job.options)
            client._submit(again)
            assert again.result().extent == Extent(256, 256)
        assert place.log().count(f"job {spec_id} runs") == 1


def test_too_many_jobs_wait_their_turn_or_are_refused(place: Place):
    with daemon_with(place, "limits=Limits(max_jobs=2)"), connected(start=False) as client:
        jobs = [client.submit(_request()) for _ in range(2)]
        assert code_of(lambda: client.submit(_request())) == "queue-full"
        for job in jobs:
            job.cancel()


@pytest.mark.skipif(sys.platform == "win32", reason="unix sockets")
def test_another_protocol_version_is_a_typed_error(place: Place, monkeypatch: pytest.MonkeyPatch):
    with daemon_with(place, ""):
        monkeypatch.setattr(wire, "MAJOR", 3)
        assert code_of(lambda: Client.connect(start=False)) == "protocol-version"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a process is known by its start")
def test_a_daemon_that_an_update_left_running_can_be_stopped(place: Place, monkeypatch: pytest.MonkeyPatch):
    with daemon_with(place, "") as process:
        monkeypatch.setattr(wire, "MAJOR", 3)
        assert CliRunner().invoke(cli, ["daemon", "stop"]).exit_code == 0
        assert process.wait(10) == 0
