#!/usr/bin/env python3
"""Send thousands of small jobs from several clients and watch what the daemon holds on to.

    python tools/soak.py                        # 5,000 jobs from 4 clients
    python tools/soak.py --jobs 400 --warm 100  # a short one
    python tools/soak.py --json soak.json

A daemon of its own serves them. Memory, descriptors and threads of broker and worker are read while all
clients pause, first after `--warm` jobs. It fails when memory has then grown by more than 5% (Linux only).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests" / "integration")]

import numpy as np  # noqa: E402
from daemon_process import Place, noise, running_pids, until  # noqa: E402

from scumble import Client, ScumbleError, StyleSource, StyleWeight, StylizeRequest  # noqa: E402
from scumble.conversion import as_pixels  # noqa: E402

SIZES = [(16, 24), (48, 32), (64, 64), (96, 80), (40, 120), (8, 8), (160, 128)]
DTYPES = [np.uint8, np.uint16, np.float16, np.float32]
#: Descriptors that a result on its way holds when the reading is taken; a leak would be one a job.
IN_FLIGHT = 2
LARGEST_GROWTH = 0.05
CANCELLED = 0.05  # of all jobs
URGENT = 0.25


def main() -> int:
    """Run it; 0 when nothing grew, 1 when something did."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--jobs", type=int, default=5000)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--warm", type=int, default=500, help="jobs before the first reading")
    parser.add_argument("--every", type=int, default=500, help="jobs between two readings")
    parser.add_argument("--json", type=Path, help="write the readings there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scumble-") as root:
        place = Place(Path(root))
        # Small layers gain nothing from more threads, and threads that wait for each other lose much.
        os.environ.update(place.environment, OMP_NUM_THREADS="1")
        daemon = place.spawn()
        try:
            until(lambda: running_pids(place.runtime) or daemon.poll() is not None, "the daemon")
            found = soak(options.jobs, options.clients, options.warm, options.every)
        finally:
            daemon.terminate()
            daemon.wait(30)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    _say(str(found["verdict"]))
    return 0 if found["held"] else 1


def soak(jobs: int, clients: int, warm: int, every: int) -> dict[str, Any]:
    """Do that many jobs and return the readings and a verdict in words."""
    started = time.monotonic()
    with Client.connect(start=False) as watcher:
        expected = _undisturbed(watcher)
        readings, ends, done = [], {"result": 0, "cancelled": 0}, 0
        workers = [Client.connect(start=False) for _ in range(clients)]
        try:
            while done < jobs:
                count = min(warm if done < warm else every, jobs - done)
                for end in _round(workers, count, done, expected):
                    ends[end] += 1
                done += count
                until(lambda: watcher.status()["running"] is None, "the last job's end")
                readings.append(
                    {"jobs": done, "seconds": round(time.monotonic() - started, 1), **_read(watcher)}
                )
                _say(json.dumps(readings[-1]))
        finally:
            for client in workers:
                client.close()
        deaths = watcher.status()["worker_deaths"]
    return {**_judge(readings, ends, deaths), "clients": clients, "ends": ends, "readings": readings}


def _requests() -> list[StylizeRequest]:
    styles = [StyleWeight(StyleSource(pixels=as_pixels(noise(48, 48, seed=9 + i)))) for i in range(3)]
    return [
        StylizeRequest(as_pixels(noise(*size, dtype=DTYPES[i % 4], seed=i)), (styles[i % 3],), patch=64)
        for i, size in enumerate(SIZES * 4)
    ]


def _undisturbed(client: Client) -> list[tuple[StylizeRequest, Any]]:
    return [(request, client.submit(request).result()) for request in _requests()]


def _round(
    clients: list[Client], count: int, first: int, expected: list[tuple[StylizeRequest, Any]]
) -> list[str]:
    """So many jobs, shared among the clients; how each ended."""
    numbers, lock = iter(range(first, first + count)), threading.Lock()

    def work(client: Client) -> list[str]:
        ends = []
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return ends
            ends.append(_one(client, number, expected))

    with ThreadPoolExecutor(len(clients)) as pool:
        return [end for ends in pool.map(work, clients) for end in ends]


def _one(client: Client, number: int, expected: list[tuple[StylizeRequest, Any]]) -> str:
    chance = random.Random(number)
    request, wanted = expected[chance.randrange(len(expected))]
    job = client.submit(request, urgent=chance.random() < URGENT)
    if chance.random() < CANCELLED:
        job.cancel()
    try:
        result = job.result(120)
    except ScumbleError as error:
        if error.code != "cancelled":
            raise
        return "cancelled"
    if result != wanted:
        raise AssertionError(f"job {number} came out different")
    return "result"


def _read(client: Client) -> dict[str, int]:
    """What both hold; of several readings the lowest, for a status opens a file of its own meanwhile."""
    several = [_read_once(client) for _ in range(5) if not time.sleep(0.05)]
    return {key: min(one[key] for one in several) for key in several[0]}


def _read_once(client: Client) -> dict[str, int]:
    status = client.status()
    found = {}
    for name, pid in (("broker", status["pid"]), ("worker", status["worker"]["pid"])):
        fields = dict(
            line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line
        )
        found[f"{name}_rss_kib"] = int(fields["VmRSS"].split()[0])
        found[f"{name}_threads"] = int(fields["Threads"])
        found[f"{name}_files"] = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return found


def _judge(readings: list[dict[str, Any]], ends: dict[str, int], deaths: int) -> dict[str, Any]:
    first, last = readings[0], readings[-1]
    growth = {who: last[f"{who}_rss_kib"] / first[f"{who}_rss_kib"] - 1 for who in ("broker", "worker")}
    steady = all(
        last[f"{who}_{what}"] - first[f"{who}_{what}"] <= IN_FLIGHT
        for who in ("broker", "worker")
        for what in ("threads", "files")
    )
    held = steady and not deaths and max(growth.values()) <= LARGEST_GROWTH
    parts = [
        f"{ends['result']:,} bit-equal results, {ends['cancelled']:,} cancelled",
        f"from job {first['jobs']:,} to {last['jobs']:,} memory grew by "
        + " and ".join(f"{growth[w]:+.1%} ({w}, to {last[f'{w}_rss_kib'] / 1024:.0f} MiB)" for w in growth),
        f"descriptors and threads {'constant' if steady else 'GROWING'}",
        f"{deaths} deaths of the worker",
    ]
    return {"held": held, "verdict": "; ".join(parts)}


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
