"""A program that is listened to while it runs, and ended when the user wants no more of it."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Callable, Dict, Optional, Sequence

from .errors import cancelled

LOOK_S = 0.1


def run_program(
    command: Sequence[str],
    environment: Dict[str, str],
    folder: Path,
    on_line: Callable[[str], Any],
    cancel: threading.Event,
    keep: Optional[int] = None,
) -> int:
    """Run a program in `folder` and return its exit code; `on_line` gets each line that it prints.

    `keep` is the descriptor of a lock that the program shall hold too, so that it is held for as long as
    somebody works, even if this process dies. Raises ScumbleError `cancelled` once the program has been
    ended, and OSError where it does not start.
    """
    options: Dict[str, Any] = {}
    if sys.platform == "win32":
        options["creationflags"] = subprocess.CREATE_NO_WINDOW  # type: ignore[attr-defined]
    elif keep is not None:
        options["pass_fds"] = (keep,)
    process = subprocess.Popen(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        cwd=str(folder),
        **options,
    )
    lines: queue.Queue[Optional[str]] = queue.Queue()
    threading.Thread(target=_read, args=(process, lines), daemon=True).start()
    try:
        while True:
            if cancel.is_set():
                raise cancelled()
            try:
                line = lines.get(timeout=LOOK_S)
            except queue.Empty:
                continue
            if line is None:
                return process.wait()
            on_line(line)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _read(process: subprocess.Popen, lines: queue.Queue[Optional[str]]) -> None:
    assert process.stdout is not None
    with process.stdout as output:
        for line in output:
            lines.put(line.decode("utf-8", "replace").rstrip())
    lines.put(None)
