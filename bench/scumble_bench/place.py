"""A daemon of its own for measurements: the user's daemon neither helps nor is disturbed."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from scumble import Client, ScumbleError
from scumble.folders import runtime_dir
from scumble.launch.connection_file import read_connection

_PLACES = ("RUNTIME", "LOG", "DATA", "CONFIG", "SPOOL")
GONE_S = 10.0


@contextlib.contextmanager
def own_place() -> Iterator[Path]:
    """Let clients and daemons of this process use an empty folder; whatever runs there ends with it."""
    with tempfile.TemporaryDirectory(prefix="scumble-bench-", ignore_cleanup_errors=True) as folder:
        root = Path(folder)
        names = {f"SCUMBLE_{place}_DIR": str(root / place.lower()) for place in _PLACES}
        before = {name: os.environ.get(name) for name in names}
        os.environ.update(names)
        try:
            yield root
        finally:
            stop_daemon()
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


def stop_daemon() -> None:
    """End the daemon, if one runs, and wait until it is gone."""
    with contextlib.suppress(ScumbleError), Client.connect(start=False) as client:
        client.shutdown()
    deadline = time.monotonic() + GONE_S
    while read_connection(runtime_dir()) is not None and time.monotonic() < deadline:
        time.sleep(0.01)
