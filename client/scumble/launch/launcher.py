"""Start the daemon when none answers: with the right Python, and nothing of the editor's environment."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, Dict, List, Optional, TypeVar

from ..errors import ScumbleError
from ..files import write_whole
from ..folders import config_dir, log_dir, runtime_dir, secure_dir
from ..install.engine import engine_dir, python_of, read_engine

T = TypeVar("T")

OUTPUT_NAME = "start.log"
POLL_S = 0.05
HANDOVER_S = 1.5

# Editors ship as AppImages, flatpaks and bundles that set LD_LIBRARY_PATH, PYTHONHOME, QT_* and
# more for themselves. In another Python those break the start, so only this list goes through.
_KEPT = (
    "HOME USER LOGNAME LANG LANGUAGE LC_ALL LC_CTYPE LC_MESSAGES TZ TMPDIR "
    "XDG_RUNTIME_DIR XDG_CONFIG_HOME XDG_CACHE_HOME XDG_DATA_HOME XDG_STATE_HOME "
    "CUDA_VISIBLE_DEVICES CUDA_DEVICE_ORDER NVIDIA_VISIBLE_DEVICES HIP_VISIBLE_DEVICES "
    "OMP_NUM_THREADS "
    "SYSTEMROOT SYSTEMDRIVE WINDIR COMSPEC PROGRAMDATA USERPROFILE USERNAME LOCALAPPDATA APPDATA "
    "TEMP TMP NUMBER_OF_PROCESSORS PROCESSOR_ARCHITECTURE "
    "SCUMBLE_LOG_DIR SCUMBLE_DATA_DIR SCUMBLE_CONFIG_DIR SCUMBLE_SPOOL_DIR SCUMBLE_DEVICE SCUMBLE_BIND "
    "SCUMBLE_IDLE_UNLOAD SCUMBLE_IDLE_EXIT SCUMBLE_LOG_LEVEL"
).split()


def clean_environment() -> Dict[str, str]:
    """The environment for programs that are not the editor's: nothing that it has set for itself."""
    env = {name: os.environ[name] for name in _KEPT if name in os.environ}
    if sys.platform == "win32":
        root = os.environ.get("SYSTEMROOT", r"C:\Windows")
        env["PATH"] = os.pathsep.join([root + r"\System32", root])
    else:
        env["PATH"] = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
    return env


def record_interpreter(path: Optional[str] = None) -> Path:
    """Remember the Python that holds the daemon (this one by default), for plug-ins to find.

    Returns the file; raises OSError.
    """
    file = config_dir() / "python"
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, ((path or sys.executable) + "\n").encode("utf-8", "surrogateescape"))
    return file


def find_interpreter() -> str:
    """Absolute path of the Python that runs the daemon.

    ``SCUMBLE_PYTHON``, else this one, else the one recorded by :func:`record_interpreter`, else that of
    the engine which a plug-in has installed.

    Raises ScumbleError `daemon-not-installed` when none of them can.
    """
    chosen = os.environ.get("SCUMBLE_PYTHON")
    if chosen:
        if Path(chosen).is_absolute() and Path(chosen).is_file():
            return chosen
        raise ScumbleError(
            "daemon-not-installed",
            "SCUMBLE_PYTHON does not name a Python: {python}.",
            hint="Set it to an absolute path, or unset it.",
            python=chosen,
        )
    if importlib.util.find_spec("scumble_daemon") is not None and sys.executable:
        return sys.executable
    with contextlib.suppress(OSError, UnicodeDecodeError):
        recorded = (config_dir() / "python").read_text(encoding="utf-8").strip()
        if Path(recorded).is_absolute() and Path(recorded).is_file():
            return recorded
    folder = engine_dir()
    engine = read_engine(folder)
    if engine is not None and engine.complete and python_of(folder).is_file():
        return str(python_of(folder))
    raise ScumbleError(
        "daemon-not-installed",
        "Scumble's engine, the part that computes, is not installed yet.",
        hint="Open Scumble in GIMP or Krita and press Install; or name its Python in SCUMBLE_PYTHON.",
    )


def daemon_environment(directory: Path) -> Dict[str, str]:
    """The environment for the daemon: what it needs of ours, and nothing an editor put there."""
    env = clean_environment()
    env["SCUMBLE_RUNTIME_DIR"] = str(directory)
    env["SCUMBLE_LOG_DIR"] = str(log_dir())
    return env


def start_daemon(connect: Callable[[], Optional[T]], *, timeout: float) -> T:
    """Start a daemon and wait until `connect` gives something other than None.

    It is safe to call this from several processes at once: one daemon wins, the others end, and
    every caller gets its connection to the winner. The daemon outlives the caller.

    Raises ScumbleError `daemon-not-installed` or `daemon-not-started` (with the last log lines).
    """
    deadline = time.monotonic() + timeout
    directory = secure_dir(runtime_dir())
    process, ended = _spawn(find_interpreter(), directory), 0.0
    while True:
        connected = connect()
        if connected is not None:
            _reap(process)
            return connected
        code = process.poll()
        if code == 0:
            # It found another daemon. If that one was about to end, there is none by now.
            ended = ended or time.monotonic()
            if time.monotonic() - ended > HANDOVER_S:
                process, ended = _spawn(find_interpreter(), directory), 0.0
        if code not in (None, 0) or time.monotonic() >= deadline:
            reason = "it ended at once" if code else "it did not answer in time"
            _reap(process)
            raise ScumbleError(
                "daemon-not-started",
                "The Scumble daemon could not be started: {reason}.",
                hint="Run: scumble doctor",
                retryable=code is None,
                detail="\n".join(last_log_lines()),
                reason=reason,
            )
        time.sleep(POLL_S)


def last_log_lines(count: int = 20) -> List[str]:
    """The end of what the daemon said, the output of its start first."""
    lines: List[str] = []
    for name in (OUTPUT_NAME, "daemon.log"):
        with contextlib.suppress(OSError):
            with (log_dir() / name).open("rb") as file:
                file.seek(0, os.SEEK_END)
                file.seek(max(0, file.tell() - 16_384))
                text = file.read().decode("utf-8", "replace")
            lines += text.splitlines()[-count:]
    return lines[-count:]


_children: List[subprocess.Popen] = []  # those that still run: kept, so that they can be reaped


def _spawn(python: str, directory: Path) -> subprocess.Popen:
    command = [python, "-m", "scumble_daemon"]
    options: Dict[str, object] = {}
    if sys.platform == "win32":
        options["creationflags"] = (
            subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.DETACHED_PROCESS  # type: ignore[attr-defined]
        )
    else:
        # The daemon forks itself away and its first process ends: it is nobody's child then.
        command.append("--detach")
        options["start_new_session"] = True
    try:
        log_dir().mkdir(parents=True, exist_ok=True)
        output = (log_dir() / OUTPUT_NAME).open("wb")
    except OSError:
        output = Path(os.devnull).open("wb")  # a full disk must not keep the daemon from starting
    with output:
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=daemon_environment(directory),
                cwd=Path(sys.executable or os.sep).anchor,
                close_fds=True,
                **options,  # type: ignore[call-overload]
            )
        except OSError as error:
            raise ScumbleError(
                "daemon-not-started",
                "The Scumble daemon could not be started: {python} does not run.",
                hint="Set SCUMBLE_PYTHON to the Python that Scumble is installed in.",
                detail=str(error),
                python=python,
            ) from error


def _reap(process: subprocess.Popen) -> None:
    """Collect the first process, which on Unix ends once the daemon is up."""
    if sys.platform != "win32":
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
    _children[:] = [child for child in [*_children, process] if child.poll() is None]
