"""The daemon's log: rotating, in the user's log directory; job ids, never pixels, keys or paths."""

from __future__ import annotations

import logging
import os
import time
from logging.handlers import RotatingFileHandler
from pathlib import Path

from scumble.folders import log_dir

FILE_NAME = "daemon.log"
MAX_BYTES = 1 << 20
KEPT = 3


def log_file() -> Path:
    """Where the daemon logs: ``daemon.log`` in `scumble.folders.log_dir`."""
    return log_dir() / FILE_NAME


def start_logging() -> None:
    """Send the log to :func:`log_file`, and warnings to standard error as well.

    ``SCUMBLE_LOG_LEVEL`` (debug, info, warning) sets how much. A log that cannot be written, on a
    full disk say, is no reason for the daemon to stop.
    """
    logging.raiseExceptions = False
    level = getattr(logging, os.environ.get("SCUMBLE_LOG_LEVEL", "info").upper(), logging.INFO)
    formatter = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)s %(message)s", "%FT%T")
    formatter.converter = time.gmtime
    root = logging.getLogger("scumble_daemon")
    root.setLevel(level if isinstance(level, int) else logging.INFO)
    screen = logging.StreamHandler()
    screen.setLevel(logging.WARNING)
    screen.setFormatter(formatter)
    root.addHandler(screen)
    try:
        log_file().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = RotatingFileHandler(log_file(), maxBytes=MAX_BYTES, backupCount=KEPT, delay=False)
    except OSError as error:
        root.warning("no log file: %s", error.strerror)
        return
    file.setFormatter(formatter)
    root.addHandler(file)
