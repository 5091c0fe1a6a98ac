"""Layers larger than what the daemon keeps in memory: on disk both ways, at the client's pace."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from daemon_process import Place, code_of, connected, daemon_with, noise, until

from scumble import Bounds, StyleSource, StyleWeight, StylizeRequest, to_array
from scumble.conversion import as_pixels
from scumble.wire import messages as m
from scumble_daemon.jobs.result_sender import ResultMode, ResultSender
from scumble_daemon.storage.spool import Spool
from scumble_models.registry import load_model
from scumble_models.stylize import encode_style, stylize

STYLE = noise(48, 48, seed=1)
#: Paints bit for bit alike whatever the number of threads, which is another in another process.
ENGINE = "microast-bold"
SETTINGS = "limits=Limits(spool_over=50_000, spool_bytes={})"


def daemon(place: Place, spool_bytes: int = 1 << 30) -> contextlib.AbstractContextManager[subprocess.Popen]:
    """A daemon that keeps more than 50 kB on disk."""
    return daemon_with(place, SETTINGS.format(spool_bytes))


def spooled(place: Place) -> list[Path]:
    """The files of the daemon's spool."""
    return [path for path in (place.runtime.parent / "spool").rglob("*") if path.is_file()]


@pytest.fixture(scope="module")
def model():
    return load_model(ENGINE, "cpu")


@pytest.mark.parametrize(("dtype", "channels"), [(np.uint8, "RGBA"), (np.uint16, "RGB")])
def test_a_layer_on_disk_gives_the_same_as_one_in_memory(place: Place, model, dtype, channels):
    array = noise(300, 260, len(channels), dtype)
    if channels == "RGBA":
        array[:100, :90, 3] = 0
    mask = np.zeros((300, 260), np.uint8)
    mask[30:290, 20:240] = 180
    region = Bounds(10, 20, 240, 270)
    options: dict = {"patch": 96, "tiling": "exact", "mask": mask.tobytes(), "region": region}
    with daemon(place), connected(start=False) as client:
        found = client.stylize(array, STYLE, 0.8, engine=ENGINE, **options)
        until(lambda: len(spooled(place)) == 2, "the end of the result's file")  # layer and mask stay
        client.unload()
        until(lambda: not spooled(place), "the end of the layer's file")
        # The broker publishes its state once a turn, so the file may be gone a moment before the number.
        until(lambda: client.status()["spool_bytes"] == 0, "the layer's bytes in the status")
    signals = [(encode_style(model, STYLE, "RGB"), 1.0)]
    options["mask"] = mask
    expected = stylize(model, array, channels, signals, weight=0.8, **options)
    np.testing.assert_array_equal(to_array(found), expected)
    assert not (place.runtime.parent / "spool").exists() or not spooled(place)


def test_a_preview_of_a_layer_on_disk_comes_first(place: Place):
    previews = []
    with daemon(place), connected(start=False) as client:
        client.stylize(noise(800, 900), STYLE, on_preview=previews.append)
    assert [max(preview.extent) for preview in previews] == [640]


def test_more_than_the_disk_may_hold_is_refused(place: Place):
    with daemon(place, spool_bytes=300_000), connected(start=False) as client:
        assert code_of(lambda: client.stylize(noise(400, 400), STYLE)) == "image-too-large"
        assert code_of(lambda: client.stylize(noise(256, 256), STYLE)) == "daemon-full"
        assert client.stylize(noise(200, 200), STYLE).shape == (200, 200, 3)


def test_a_worker_that_dies_leaves_no_file(place: Place):
    with daemon(place), connected(start=False) as client:
        client.stylize(noise(64, 64), STYLE)
        pid = client.status()["worker"]["pid"]

        def kill(progress) -> None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 9)

        layer = noise(300, 300)
        assert code_of(lambda: client.stylize(layer, STYLE, patch=64, on_progress=kill)) == "worker-died"
        assert client.stylize(layer, STYLE).shape == (300, 300, 3)
        client.unload()
        until(lambda: not spooled(place), "the end of the files")


def test_what_a_killed_daemon_has_left_goes_with_the_next(place: Place):
    left = Spool(100).create(100)
    assert len(spooled(place)) == 1
    with daemon(place), connected(start=False):
        assert spooled(place) == []
    left.close()


def test_a_client_without_credit_gets_a_plain_answer(place: Place, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("scumble.job.WINDOW", 0)
    with daemon(place), connected(start=False) as client:
        assert code_of(lambda: client.stylize(noise(300, 300), STYLE)) == "image-too-large"
        assert client.stylize(noise(64, 64), STYLE).shape == (64, 64, 3)


def test_the_daemon_waits_for_a_client_that_takes_nothing(place: Place):
    """A result of 48 MB: no more than the window leaves the daemon until the client reads on."""
    request = StylizeRequest(
        as_pixels(np.zeros((4000, 3000, 4), np.uint8)), (StyleWeight(StyleSource(pixels=as_pixels(STYLE))),),
        weight=0.0,
    )  # fmt: skip
    with daemon(place), connected(start=False) as client:
        job = client.submit(request)
        arrived = []
        deliver = job._deliver

        def count(event, payloads=()):
            arrived.extend(payloads)
            deliver(event, payloads)

        job._deliver = count
        until(lambda: sum(map(len, arrived)) >= 32 << 20, "the first window")
        client.ping()  # answered after everything that the daemon had to say
        assert sum(map(len, arrived)) == 32 << 20
        assert job.result().byte_count == 48_000_000 == sum(map(len, arrived))


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_neither_broker_nor_worker_grows_with_the_layer(place: Place):
    """400 MB there and 400 MB back; weight 0 spares the network's time."""
    with daemon(place), connected(start=False) as client:
        client.stylize(noise(300, 300), STYLE)
        status = client.status()
        pids = [status["pid"], status["worker"]["pid"]]
        before = [peak_megabytes(pid) for pid in pids]
        layer = np.zeros((10_000, 10_000, 4), np.uint8)
        layer[::500] = 77
        result = client.stylize(layer, STYLE, 0.0)
        assert (to_array(result)[::500] == 77).all()
        growth = [peak_megabytes(pid) - old for pid, old in zip(pids, before, strict=True)]
    assert growth[0] < 200  # what is on its way in both directions
    assert growth[1] < 100


def peak_megabytes(pid: int) -> float:
    """The largest resident set that a process has had."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


class Taker:
    """What a client is sent, and says it has taken."""

    def __init__(self, window: int, size: int) -> None:
        self.sent: list[tuple[m.Result, bytes]] = []
        self.deliveries = ResultSender(lambda peer, message, payloads: self.sent.append((message, *payloads)))
        head = m.Result("0" * 32, [0, 0, size, 1], "u8", "GRAY", size, 0)
        self.deliveries.start(b"anna", head, self, ResultMode(window))

    def address(self) -> list[int]:
        return []

    def strip(self, offset: int) -> bytes:
        return bytes([offset]) * 10

    def close(self) -> None:
        """Nothing to give back."""


def test_strips_follow_what_was_taken():
    taker = Taker(window=20, size=50)
    offsets = lambda: [message.offset for message, _ in taker.sent]  # noqa: E731
    assert offsets() == [0, 10]
    taker.deliveries.taken(b"anna", "0" * 32, 10)
    assert offsets() == [0, 10, 20]
    for wrong in (0, 10, 31, 1 << 50):
        taker.deliveries.taken(b"anna", "0" * 32, wrong)
    taker.deliveries.taken(b"ben", "0" * 32, 30)
    assert offsets() == [0, 10, 20]
    assert taker.deliveries.waiting("0" * 32)
    taker.deliveries.taken(b"anna", "0" * 32, 30)
    assert offsets() == [0, 10, 20, 30, 40]
    assert not taker.deliveries.waiting("0" * 32)


def test_without_a_window_everything_comes_at_once():
    assert len(Taker(window=0, size=50).sent) == 5
