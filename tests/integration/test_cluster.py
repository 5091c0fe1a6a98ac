"""A real dask cluster of two processes: the same pixels as one machine, also when a worker is killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile
from daemon_process import noise, until
from PIL import Image

from scumble import Bounds, Client, Extent, PixelFormat, Pixels, StyleSource, StyleWeight, to_array
from scumble_daemon import cli
from scumble_daemon.storage.batch_journal import NAME

distributed = pytest.importorskip("distributed")

from scumble_daemon.cluster.parts import paint_spread  # noqa: E402 - they need dask
from scumble_daemon.cluster.plan import make_plan  # noqa: E402
from scumble_daemon.cluster.worker import _load, paint_file  # noqa: E402

SETTINGS = {
    "engine": "microast",
    "device": "cpu",
    "tiling": "auto",
    "patch": 128,
    "stroke_size": 1.0,
    "preserve_color": "off",
    "contrast": 1.0,
    "detail": 0.0,
    "protect_skin": 0.0,
    "protect_edges": 0.5,
    "weight": 1.0,
}


@pytest.fixture
def scheduler(shared_place) -> Iterator[str]:
    """The address of a scheduler with two worker processes, restarted when they die.

    A new one for each test: after a test that kills workers one of them has once not come back.
    """
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def dask(scheduler) -> Iterator:
    with distributed.Client(scheduler, set_as_default=False, direct_to_workers=True) as client:
        until(lambda: len(client.nthreads()) == 2, "two workers")
        yield client


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    # Large pictures change the process's temporary directory: it comes back.
    monkeypatch.setattr(tempfile, "tempdir", tempfile.tempdir)
    monkeypatch.setenv("TMPDIR", tempfile.gettempdir())
    return tmp_path


def picture(height: int, width: int, channels: int = 3) -> Pixels:
    array = noise(height, width, channels)
    kind = {3: "RGB", 4: "RGBA"}[channels]
    return Pixels(Extent(width, height), PixelFormat("u8", kind), array.tobytes())


def run(*arguments: str) -> int:
    return cli.run(list(arguments))


def kill_a_worker(dask) -> None:
    os.kill(next(iter(dask.run(os.getpid).values())), signal.SIGKILL)


@pytest.mark.parametrize("case", ["plain", "alpha and weight", "colour, region and mask", "adain"])
def test_parts_of_a_picture_equal_one_machine_though_a_worker_is_killed(dask, client: Client, case, tmp_path):
    pixels, settings, mask = picture(500, 700), dict(SETTINGS), None
    if case == "alpha and weight":
        pixels, settings = picture(500, 700, 4), {**SETTINGS, "weight": 0.6}
    elif case == "colour, region and mask":
        coverage = np.zeros((500, 700), np.uint8)
        coverage[100:, 200:] = np.arange(500).astype(np.uint8)
        mask = coverage.tobytes()
        region = Bounds(30, 40, 600, 400)
        settings = {**SETTINGS, "preserve_color": "palette", "detail": 0.4, "region": region}
    elif case == "adain":
        settings = {**SETTINGS, "engine": "adain", "patch": 256}
    style = StyleWeight(StyleSource(library="irises"))
    plan = make_plan([(style, None)], settings)
    stages: list[str] = []
    deadly = {"plain": ["paint"] * 2, "alpha and weight": ["statistics 2 of level 2 of 2"]}.get(case)

    def on_progress(progress) -> None:
        stages.append(progress.stage)
        if deadly and stages[-len(deadly) :] == deadly and progress.done == len(deadly):
            kill_a_worker(dask)

    found = to_array(paint_spread(dask, plan, pixels, mask, tmp_path, on_progress)).astype(int)
    options = {key: value for key, value in settings.items() if key != "weight"}
    expected = to_array(client.stylize(pixels, "irises", settings["weight"], mask=mask, **options)).astype(
        int
    )
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= 1
    # What differs is rounded differently: this process computes with other threads than a worker.
    assert np.mean(found != expected) < 1e-3
    points = (1,) if case == "adain" else (1, 2)
    gathered = {f"statistics {point} of level 2 of 2" for point in points}  # the first level is done at once
    assert set(stages) == {*gathered, "paint"}
    assert list(tmp_path.iterdir()) == []


def test_stylize_with_a_scheduler_writes_what_it_writes_without(scheduler):
    tifffile.imwrite("big.tif", noise(400, 500), photometric="rgb", tile=(128, 128))
    line = ("stylize", "big.tif", "--style", "irises:0.7", "--style", "comic:0.3", "--patch", "128")
    assert run(*line, "-o", "one.tif") == 0
    assert run(*line, "-o", "many.tif", "--scheduler", scheduler, "--pyramid") == 0
    one, many = (tifffile.imread(name, key=0).astype(int) for name in ("one.tif", "many.tif"))
    assert np.abs(one - many).max() <= 1
    with tifffile.TiffFile("many.tif") as tiff:
        assert tiff.pages.first.is_tiled
        assert len(tiff.pages) > 1


def test_a_batch_goes_on_when_a_worker_is_killed_and_resumes_here_or_there(dask, scheduler, capsys):
    Path("in").mkdir()
    for index in range(8):
        Image.fromarray(noise(200, 240, seed=index)).save(f"in/{index}.png")
    Path("in/bad.png").write_bytes(b"\x89PNG broken")
    line = ("batch", "in", "--style", "irises", "--json", "-o")

    def counts(*arguments: str) -> dict[str, int]:
        capsys.readouterr()
        assert run(*line, *arguments) == 1  # the bad one
        return json.loads(capsys.readouterr().out)["counts"]

    def kill() -> None:
        until(lambda: Path("many", NAME).is_file(), "the first picture")
        with contextlib.suppress(ProcessLookupError):
            kill_a_worker(dask)

    killer = threading.Thread(target=kill)
    killer.start()
    assert counts("many", "--scheduler", scheduler) == {"done": 8, "failed": 1}
    killer.join()
    assert counts("one") == {"done": 8, "failed": 1}
    for index in range(8):
        one, many = (np.asarray(Image.open(f"{f}/{index}-irises.png")).astype(int) for f in ("one", "many"))
        assert np.abs(one - many).max() <= 1
    assert counts("one", "--resume", "--scheduler", scheduler) == {"skipped": 8, "failed": 1}
    assert counts("many", "--resume") == {"skipped": 8, "failed": 1}


def test_each_worker_has_one_model(dask):
    plan = make_plan([(StyleWeight(StyleSource(library="irises")), None)], SETTINGS)
    Image.fromarray(noise(40, 50)).save("in.png")

    def loads() -> int:
        found = dask.run(lambda: tuple(_load.cache_info())).values()
        assert all(size <= 1 for _, _, _, size in found)
        return sum(misses for _, misses, _, _ in found)

    before = loads()
    for index in range(6):
        source, target = Path("in.png").resolve(), Path(f"{index}.png").resolve()
        dask.submit(paint_file, plan, {}, source, target, None, pure=False).result()
    assert loads() - before <= 2  # one for each worker at most


STROKES = ("irises", "--stroke-size", "0.5")


@pytest.mark.parametrize("style", [("irises@mask.png",), STROKES, (*STROKES, "--mask", "mask.png")])
def test_what_cannot_be_done_in_parts_is_done_by_one_worker(scheduler, capsys, style):
    Image.fromarray(noise(90, 120)).save("in.png")
    Image.fromarray(noise(90, 120, seed=2)).convert("L").save("mask.png")
    line = ("stylize", "in.png", "--style", *style, "-o")
    assert run(*line, "one.png") == 0
    capsys.readouterr()
    assert run(*line, "many.png", "--scheduler", scheduler) == 0
    assert "computed by one worker, as a whole" in capsys.readouterr().err
    one, many = (np.asarray(Image.open(name)).astype(int) for name in ("one.png", "many.png"))
    assert np.abs(one - many).max() <= 1


def says(capsys, code: int, *arguments: str) -> str:
    assert run(*arguments) == code
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    return err


def test_what_is_wrong_is_one_sentence(scheduler, capsys, monkeypatch):
    Image.fromarray(noise(80, 80)).save("in.png")
    line = ("stylize", "in.png", "-o", "out.png", "--scheduler")
    styled = ("--style", "irises")
    assert "No dask scheduler answers" in says(capsys, 1, *line, "tcp://127.0.0.1:1", *styled)
    assert "no model named" in says(capsys, 1, *line, scheduler, *styled, "--engine", "nowhere").lower()
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert "dask[distributed]" in says(capsys, 1, *line, scheduler, *styled)
    assert not Path("out.png").exists()
