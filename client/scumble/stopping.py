"""End the daemon: it is asked, and one that an update has left running is told by a signal."""

from __future__ import annotations

import os
import signal
import time

from .client import Client
from .errors import ScumbleError
from .folders import runtime_dir
from .launch.connection_file import is_running, read_connection

STOP_S = 20.0


def stop_daemon() -> bool:
    """Stop the daemon of this user; jobs that run are cancelled. Whether there was one.

    Raises ScumbleError `daemon-not-stopped` when it does not end in time, and what `Client.connect` raises.
    """
    try:
        with Client.connect(start=False) as client:
            client.shutdown()
    except ScumbleError as error:
        if error.code == "no-daemon":
            return False
        # What an update has left running: it cannot be asked, but signals do not change.
        if error.code != "protocol-version" or not _terminate():
            raise
    _wait_until_gone()
    return True


def _terminate() -> bool:
    """Ask the process that the connection file names to end; False where that cannot be done."""
    info = read_connection(runtime_dir())
    if info is None or not info.start_ticks or not is_running(info):
        return False  # without its start nobody can tell it from a later process of the same number
    os.kill(info.pid, signal.SIGTERM)
    return True


def _wait_until_gone() -> None:
    deadline = time.monotonic() + STOP_S
    while time.monotonic() < deadline:
        info = read_connection(runtime_dir())
        if info is None or not is_running(info):
            return
        time.sleep(0.05)
    raise ScumbleError(
        "daemon-not-stopped",
        "The daemon has not ended within {seconds} seconds.",
        hint="Look at: scumble daemon logs",
        seconds=format(STOP_S, ".0f"),
    )
