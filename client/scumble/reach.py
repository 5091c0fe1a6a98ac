"""Reach the user's daemon: find the one that runs, or start one."""

from __future__ import annotations

import os
import time
from typing import Any, Optional

from .connection import ConnectionInfo, runtime_dir, secure_dir
from .errors import ScumbleError
from .launch import start_daemon
from .link import Link
from .remote import find_daemon, is_remote

GREETING_S = 5.0


def open_link(transport: Any, start: bool, timeout: float) -> Link:
    """Connect to the daemon of the connection file, or with `start` start one, within `timeout` seconds.

    Raises ScumbleError `no-daemon`, and what `Link.open`, `start_daemon` and `secure_dir` raise.
    """
    deadline = time.monotonic() + timeout
    if os.path.lexists(str(runtime_dir())):
        secure_dir(runtime_dir())

    def connect() -> Optional[Link]:
        info: Optional[ConnectionInfo] = find_daemon()
        if info is None:
            return None
        left = max(0.1, deadline - time.monotonic())
        try:
            return Link.open(info, "job", transport, timeout=min(GREETING_S, left))
        except ScumbleError as error:
            if error.code == "no-daemon":
                return None  # a stale file
            if error.code == "wrong-key" and find_daemon() != info:
                return connect()  # a new daemon has taken the old one's place just now
            raise

    link = connect()
    if link is not None:
        return link
    if is_remote():
        raise ScumbleError(
            "no-daemon",
            "No daemon with that key answers where SCUMBLE_REMOTE says.",
            hint="Start it there, or unset SCUMBLE_REMOTE.",
            retryable=True,
        )
    if not start:
        raise ScumbleError(
            "no-daemon",
            "No daemon is running.",
            hint="Start it with: scumble daemon start",
            retryable=True,
        )
    return start_daemon(connect, timeout=max(0.1, deadline - time.monotonic()))
