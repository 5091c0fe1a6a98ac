"""A log for what went wrong in a plug-in, beside the daemon's."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from ..folders import log_dir

MAX_LOG = 1 << 20


def log_file(editor: str) -> Path:
    """Where the plug-in of `editor` logs."""
    return log_dir() / "{}.log".format(editor)


def write_log(editor: str, text: str) -> Path:
    """Append a note with the time, and return the file. Never raises; a long log starts anew."""
    file = log_file(editor)
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        mode = "a" if not file.exists() or file.stat().st_size < MAX_LOG else "w"
        with file.open(mode, encoding="utf-8", errors="replace") as opened:
            opened.write("{} {}\n".format(time.strftime("%Y-%m-%d %H:%M:%S"), text.rstrip()))
    return file
