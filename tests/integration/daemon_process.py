"""A real daemon of its own for a test: its directories, its process, and its end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from scumble import Client, ScumbleError
from scumble.launch.connection_file import read_connection
from scumble.wire import messages as m
from scumble.wire.connection import ConnectionInfo

WAIT_S = 60.0


def until(condition: Callable[[], object], what: str) -> object:
    """The first true value of `condition`; fails when none comes."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"waited in vain for {what}")


def no_learning(client: Client) -> bool:
    """Whether nothing is being learned any more; cancels what is, for others may wait behind it."""
    learning = client.status()["learning"]
    if not isinstance(learning, dict):
        return True
    client._order(m.Cancel(learning["job"], 1), m.Done, 10.0)
    time.sleep(0.5)
    return False


def running_pids(directory: Path) -> list[int]:
    """The daemon that the connection file of `directory` names, if it runs."""
    info = read_connection(directory)
    return [] if info is None or not alive(info.pid) else [info.pid]


def alive(pid: int) -> bool:
    """Whether a process exists and is more than a zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


class Place:
    """The runtime, log and data directories of one test, set in the environment."""

    def __init__(self, root: Path) -> None:
        self.runtime, self.logs = root / "run", root / "log"
        self.environment = {
            "SCUMBLE_RUNTIME_DIR": str(self.runtime),
            "SCUMBLE_LOG_DIR": str(self.logs),
            "SCUMBLE_DATA_DIR": str(root / "data"),
            "SCUMBLE_CONFIG_DIR": str(root / "config"),
            "SCUMBLE_SPOOL_DIR": str(root / "spool"),
            "SCUMBLE_IDLE_EXIT": "120",
        }

    @property
    def info(self) -> ConnectionInfo:
        """The connection file, which must be there."""
        info = read_connection(self.runtime)
        assert info is not None
        return info

    def log(self) -> str:
        """All that the daemons of this place have logged."""
        return (self.logs / "daemon.log").read_text()

    def spawn(self, *arguments: str, **environment: str) -> subprocess.Popen:
        """Start `python -m scumble_daemon` in the foreground of nobody."""
        return subprocess.Popen(
            [sys.executable, "-m", "scumble_daemon", *arguments],
            env={**os.environ, **self.environment, **environment},
            stdin=subprocess.DEVNULL,
        )

    def stop(self) -> None:
        """End whatever daemon still serves here, and see it gone."""
        for pid in running_pids(self.runtime):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            until(lambda pid=pid: not alive(pid), "the daemon's end")


@contextlib.contextmanager
def connected(**options) -> Iterator[Client]:
    """A client, closed at the end."""
    with Client.connect(**options) as client:
        yield client


def noise(height: int, width: int, channels: int = 3, dtype: type = np.uint8, seed: int = 0) -> np.ndarray:
    """Reproducible pixels (H, W, C): smooth enough to be an image, with noise on top."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    planes = [np.sin(x / (5 + c)) * np.cos(y / (7 + c)) / 3 + 0.5 for c in range(channels)]
    values = np.stack(planes, axis=-1) + rng.uniform(-0.1, 0.1, (height, width, channels))
    values = np.clip(values, 0, 1)
    if np.issubdtype(dtype, np.integer):
        return np.rint(values * np.iinfo(dtype).max).astype(dtype)
    return values.astype(dtype)


def code_of(call: Callable[[], object]) -> str:
    """The code of the ScumbleError that `call` raises."""
    try:
        call()
    except ScumbleError as error:
        return error.code
    raise AssertionError("nothing was raised")


@contextlib.contextmanager
def daemon_with(place: Place, settings: str) -> Iterator[subprocess.Popen]:
    """A daemon with those Settings, given as Python source."""
    code = (
        "import sys\n"
        "from scumble_daemon.serve import run\n"
        "from scumble_daemon.settings import Limits, Settings\n"
        f"if __name__ == '__main__': sys.exit(run(Settings({settings})))\n"
    )
    script = place.runtime.parent / "daemon.py"
    script.write_text(code)
    process = subprocess.Popen([sys.executable, script], env={**os.environ, **place.environment})
    try:
        until(lambda: _answers() or process.poll() is not None, "the daemon")
        yield process
    finally:
        process.terminate()
        assert process.wait(30) == 0


def _answers() -> bool:
    with contextlib.suppress(Exception), Client.connect(start=False):
        return True
    return False
