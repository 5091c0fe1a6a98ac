"""Faults of the machine: no room on the disk, no memory, a clock that is set back."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon_process import Place, code_of, connected, daemon_with, noise, until
from fault_kit import DEADLINE_S, STYLE, Tally, after, files_under, random_points, requests, tries

from scumble import ScumbleError, StylizeRequest
from scumble.conversion import as_pixels

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="mounts, limits and preloading of Linux")

# The clock of the day as a file says it; all other clocks stay.
CLOCK = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static long back(void) { return access(getenv("CLOCK_BACK"), F_OK) == 0 ? 86400L : 0; }
int clock_gettime(clockid_t id, struct timespec *t) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int code = real(id, t);
    if (id == CLOCK_REALTIME) t->tv_sec -= back();
    return code;
}
time_t time(time_t *out) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    if (out) *out = t.tv_sec;
    return t.tv_sec;
}
int gettimeofday(struct timeval *v, void *zone) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    v->tv_sec = t.tv_sec, v->tv_usec = t.tv_nsec / 1000;
    return 0;
}
"""


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small layers on a busy machine: threads that wait for each other cost more than they bring."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@contextlib.contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """A file system of so many bytes at `folder`; skips where none may be mounted."""
    folder.mkdir(parents=True, mode=0o700)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "scumble-test", str(folder)]
    if os.geteuid() or not shutil.which("mount"):
        pytest.skip("only root may mount a small disk")
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this system lets nobody mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        assert str(folder) not in Path("/proc/mounts").read_text()


def fill(folder: Path) -> Path:
    """Leave no byte free there."""
    path = folder / "filler"
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    assert shutil.disk_usage(folder).free == 0
    return path


@pytest.mark.timeout(0)
def test_no_room_for_the_log(place: Place, record_property):
    """The disk with the log is full: jobs are done as ever, and logging goes on when there is room."""
    count = tries(3, 50)
    with (
        small_disk(place.logs, 65536) as disk,
        daemon_with(place, "") as daemon,
        connected(start=False) as client,
    ):
        tally = Tally(client, requests())
        filler = fill(disk)
        for number in range(count):
            tally.run(client, number, ())
        filler.unlink()
        tally.run(client, count, ())
        until(lambda: place.log().splitlines()[-1].count(" done in "), "the log")
        assert daemon.poll() is None
    record_property("tries", count)
    record_property("outcome", str(tally))


@pytest.mark.timeout(0)
def test_no_room_for_layers(place: Place, record_property):
    """The disk for large layers fills at random points of jobs: one typed error, and the room comes back."""
    count = tries(3, 100)
    spool = place.runtime.parent / "spool"
    settings = "limits=Limits(spool_over=20_000)"
    with (
        small_disk(spool, 1 << 20) as disk,
        daemon_with(place, settings) as daemon,
        connected(start=False) as client,
    ):
        tally = Tally(client, requests())
        for number, delay in random_points(count, 1.2 * tally.seconds):
            with after(delay, lambda: fill(disk)):
                tally.run(client, number, ("disk-full",))
            (disk / "filler").unlink()
        fill(disk)
        layer = StylizeRequest(as_pixels(noise(200, 200, seed=77)), (STYLE,), patch=64)
        assert code_of(lambda: client.submit(layer).result(DEADLINE_S)) == "disk-full"
        (disk / "filler").unlink()
        assert tally.run(client, 0, ()) == "result"
        client.unload()
        until(lambda: not files_under(disk), "the end of the spooled files")
        assert daemon.poll() is None
        client.shutdown()
        daemon.wait(30)
    record_property("tries", count)
    record_property("outcome", str(tally))


@pytest.mark.timeout(0)
def test_no_memory(place: Place, record_property):
    """RLIMIT_AS of the worker a little above what it has: the result is the same or the error is typed."""
    import resource

    large = StylizeRequest(as_pixels(noise(320, 320, seed=5)), (STYLE,))
    rooms, ends = [8, 200, 32, 64][: tries(2, 4)], []
    with daemon_with(place, ""), connected(start=False) as client:
        tally = Tally(client, [large])
        for room in rooms:
            client.submit(requests()[0]).result(DEADLINE_S)
            worker = client.status()["worker"]["pid"]
            fields = Path(f"/proc/{worker}/statm").read_text().split()
            limit = int(fields[0]) * resource.getpagesize() + room * (1 << 20)
            resource.prlimit(worker, resource.RLIMIT_AS, (limit, limit))
            ends.append(tally.run(client, 0, ("out-of-memory", "worker-died")))
            client.unload()
            until(lambda: client.status()["worker"] is None, "the worker's end")
        assert tally.run(client, 0, ()) == "result"
    told = ", ".join(f"{room} MiB: {end}" for room, end in zip(rooms, ends, strict=True))
    record_property("tries", len(rooms))
    record_property("outcome", f"{told}; afterwards a bit-equal result")


def test_the_clock_is_set_back(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record_property
):
    """The clock of daemon and worker goes back a day in the middle of a job: no deadline notices."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not compiler:
        pytest.skip("no C compiler for a clock that can be set")
    (tmp_path / "clock.c").write_text(CLOCK)
    library = tmp_path / "clock.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, tmp_path / "clock.c", "-ldl"], check=True)
    switch = Path(tempfile.mkdtemp(dir=tmp_path)) / "back"
    monkeypatch.setenv("LD_PRELOAD", str(library))
    monkeypatch.setenv("CLOCK_BACK", str(switch))
    count = tries(3, 20)
    settings = "worker_silence=5.0, result_lifetime=5.0, session_idle=5.0"
    with daemon_with(place, settings), connected(start=False) as client:
        tally = Tally(client, requests())
        first = client.status()
        before = place.log().splitlines()[-1][:10]
        for number in range(count):
            job = client.submit(tally.requests[number % 3])
            if number % 2 == 0:
                switch.touch()
            else:
                switch.unlink()
            assert job.result(DEADLINE_S) == tally.expected[number % 3]
        switch.touch()
        tally.run(client, 0, ())
        until(lambda: place.log().splitlines()[-1][:10] < before, "a line of the day before")
        again = client.status()
        assert again["worker"]["pid"] == first["worker"]["pid"]
        assert 0 < again["uptime_s"] - first["uptime_s"] < 3600
        switch.unlink()
    record_property("tries", count)
    record_property(
        "outcome", "results bit-equal, no deadline missed, same worker; only log lines were of another day"
    )


def test_a_log_folder_that_cannot_be_written(place: Place):
    """The log's folder is a file: the daemon says so and works."""
    place.logs.write_text("in the way")
    with daemon_with(place, ""), connected(start=False) as client:
        assert client.submit(requests()[0]).result(DEADLINE_S).extent == requests()[0].image.extent
    with contextlib.suppress(ScumbleError):
        place.stop()
