"""A layer through a daemon that this process starts, with its own environment: nothing need be installed."""

from __future__ import annotations

import contextlib
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from scumble import Client, ScumbleError
from scumble_bench.pictures import STYLE_SIDE, photo
from scumble_bench.place import own_place

START_S = 60.0


def end_to_end(device: str, width: int, height: int, repeats: int) -> dict[str, Any]:
    """Median seconds of RGBA bytes in an array to a result in memory, style known, layer new each time.

    Also of the same with style weight 0, at which nothing is computed: the wire alone.
    """
    with own_place() as folder, _daemon() as process, _client(process, folder) as client:
        style = photo(STYLE_SIDE, STYLE_SIDE, 2)
        layers = [_layer(width, height, seed) for seed in range(repeats + 2)]
        painted = [_seconds(client, layer, style, 1.0, device) for layer in layers]
        carried = [_seconds(client, layer[::-1].copy(), style, 0.0, device) for layer in layers]
        devices = client.welcome.devices
    return {
        "width": width,
        "height": height,
        "first": painted[0],
        "seconds": statistics.median(painted[2:]),
        "wire": statistics.median(carried[2:]),
        "devices": list(devices),
    }


def _seconds(client: Client, layer: np.ndarray, style: np.ndarray, weight: float, device: str) -> float:
    started = time.perf_counter()
    result: np.ndarray = client.stylize(layer, style, weight=weight, device=device)
    bytes(result.reshape(-1)[::4096])  # a page of shared memory is had when it is first looked at
    return time.perf_counter() - started


def _layer(width: int, height: int, seed: int) -> np.ndarray:
    alpha = np.full((height, width, 1), 255, np.uint8)
    return np.ascontiguousarray(np.concatenate([photo(width, height, seed), alpha], 2))


@contextlib.contextmanager
def _daemon() -> Iterator[subprocess.Popen[bytes]]:
    """One that has our PYTHONPATH and library paths, which those that clients start do not get."""
    process = subprocess.Popen([sys.executable, "-m", "scumble_daemon"], stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(START_S)


def _client(process: subprocess.Popen[bytes], folder: Path) -> Client:
    """One of that daemon. Raises RuntimeError with the last line of its log when it has ended."""
    deadline = time.monotonic() + START_S
    while True:
        try:
            return Client.connect(start=False)
        except ScumbleError:
            if process.poll() is not None:
                log = folder / "log" / "daemon.log"
                lines = log.read_text().strip().splitlines() if log.exists() else []
                raise RuntimeError(f"The daemon has ended: {(lines or ['no log'])[-1]}") from None
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
