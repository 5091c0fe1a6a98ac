"""Reach the user's daemon: find the one that runs, here or on another machine, or start one.

``SCUMBLE_REMOTE`` holds ``tcp://host:port`` of a daemon elsewhere and, after a space, its public key.
"""

from __future__ import annotations

import os
import re
import time
from typing import Any, Optional

from ..errors import ScumbleError
from ..folders import runtime_dir, secure_dir
from ..wire.connection import Connection, ConnectionInfo
from ..wire.curve import KEY, connection_key
from .connection_file import read_connection
from .launcher import start_daemon

GREETING_S = 5.0
_ENDPOINT = re.compile(r"tcp://(?P<host>[^\s:/]+|\[[0-9a-fA-F:]+\]):(?P<port>\d{1,5})\Z")


def open_connection(transport: Any, start: bool, timeout: float) -> Connection:
    """Connect to the daemon of the connection file, or with `start` start one, within `timeout` seconds.

    Raises ScumbleError `no-daemon`, and what `Connection.open`, `start_daemon` and `secure_dir` raise.
    """
    deadline = time.monotonic() + timeout
    if os.path.lexists(str(runtime_dir())):
        secure_dir(runtime_dir())

    def connect() -> Optional[Connection]:
        info: Optional[ConnectionInfo] = find_daemon()
        if info is None:
            return None
        left = max(0.1, deadline - time.monotonic())
        try:
            return Connection.open(info, "job", transport, timeout=min(GREETING_S, left))
        except ScumbleError as error:
            if error.code == "no-daemon":
                return None  # a stale file
            if error.code == "wrong-key" and find_daemon() != info:
                return connect()  # a new daemon has taken the old one's place just now
            raise

    connection = connect()
    if connection is not None:
        return connection
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


def is_remote() -> bool:
    """Whether the user has named a daemon on another machine."""
    return bool(os.environ.get("SCUMBLE_REMOTE"))


def find_daemon() -> Optional[ConnectionInfo]:
    """The daemon that ``SCUMBLE_REMOTE`` names, or the one of this machine; None when there is none.

    Raises ScumbleError `bad-setting`, and what `read_connection` raises.
    """
    if not is_remote():
        return read_connection(runtime_dir())
    endpoint, _, public = os.environ["SCUMBLE_REMOTE"].strip().partition(" ")
    match, public = _ENDPOINT.match(endpoint), public.strip()
    if match is None or int(match.group("port")) > 65_534 or not KEY.match(public):
        raise ScumbleError(
            "bad-setting",
            "SCUMBLE_REMOTE does not name a daemon.",
            hint="Set it to tcp://HOST:PORT and, after a space, what scumble daemon keys says there.",
        )
    control = "tcp://{}:{}".format(match.group("host"), int(match.group("port")) + 1)
    return ConnectionInfo(
        pid=1,
        started=0.0,
        start_ticks=0,
        job=endpoint,
        control=control,
        key=connection_key(public),
        curve=public,
    )
