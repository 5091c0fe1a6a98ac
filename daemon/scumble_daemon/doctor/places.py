"""What the doctor sees of the machine: folders, room on the disk, memory, files of the dead."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import platformdirs

from scumble.folders import config_dir, log_dir, runtime_dir
from scumble.launch.connection_file import FILE_NAME, is_running, read_connection
from scumble.wire.validators import ROLES

from ..storage.spool import spool_dir
from ..worker.memory import available_bytes
from .findings import BAD, GOOD, ODD, Finding

MIB = 1 << 20
LITTLE_DISK, NO_DISK = 1024 * MIB, 16 * MIB
LITTLE_MEMORY = 1536 * MIB
"""The worker takes about 300 MiB, and a layer of 10 megapixels about 1 GiB."""


def memory(topic: str) -> Iterator[Finding]:
    """Whether there is memory for a job."""
    free = available_bytes()
    if free is None:
        return
    text = f"{free / MIB:,.0f} MiB of memory are free"
    if free < LITTLE_MEMORY:
        yield Finding(topic, ODD, text, "Close other programs, or stylize a part of the layer.")
    else:
        yield Finding(topic, GOOD, text)


def folders(topic: str) -> Iterator[Finding]:
    """Whether each folder is private where it must be, can be written, and has room."""
    yield from _private_folder(topic, runtime_dir())
    data = os.environ.get("SCUMBLE_DATA_DIR")
    places = (
        ("runtime", runtime_dir(), "SCUMBLE_RUNTIME_DIR"),
        ("log", log_dir(), "SCUMBLE_LOG_DIR"),
        ("configuration", config_dir(), "SCUMBLE_CONFIG_DIR"),
        ("data", Path(data) if data else platformdirs.user_data_path("scumble"), "SCUMBLE_DATA_DIR"),
        ("cache", spool_dir(), "SCUMBLE_SPOOL_DIR"),
    )
    for name, folder, variable in places:
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        if not existing.is_dir():
            advice = f"Move {existing} away, or set {variable}."
            yield Finding(topic, BAD, f"{name} folder {folder}: {existing} is not a folder", advice)
        elif not os.access(existing, os.W_OK | os.X_OK):
            advice = f"Make {existing} writable, or set {variable}."
            yield Finding(topic, BAD, f"{name} folder {folder} cannot be written", advice)
        else:
            yield _room(topic, name, folder, shutil.disk_usage(existing).free, variable)


def stale_files(topic: str) -> Iterator[Finding]:
    """What a daemon has left behind that ended without being asked to."""
    folder = runtime_dir()
    info = read_connection(folder)
    if info is not None and is_running(info):
        yield Finding(topic, GOOD, "none")
        return
    names = [FILE_NAME, *(f"{role}.sock" for role in ROLES)]
    left = [folder / name for name in names if os.path.lexists(folder / name)]
    left += sorted(spool_dir().glob("daemon-*")) if spool_dir().is_dir() else []
    if info is not None:
        text = f"daemon {info.pid} is dead and has left {len(left)} files behind"
    elif left:
        text = f"{', '.join(path.name for path in left)} belong to no daemon that runs"
    else:
        yield Finding(topic, GOOD, "none")
        return
    yield Finding(topic, ODD, text, "Nothing to do: the next daemon replaces them.")


def _room(topic: str, name: str, folder: Path, free: int, variable: str) -> Finding:
    text = f"{name} folder {folder}, {free / MIB:,.0f} MiB free"
    advice = f"Free some space there, or set {variable} to a folder on a larger disk."
    if free < NO_DISK:
        return Finding(topic, BAD, f"the disk is full: {text}", advice)
    if free < LITTLE_DISK and name == "cache":  # where layers of hundreds of megabytes go
        return Finding(topic, ODD, f"little room for large layers: {text}", advice)
    return Finding(topic, GOOD, text)


def _private_folder(topic: str, folder: Path) -> Iterator[Finding]:
    if not folder.exists():
        yield Finding(topic, GOOD, f"runtime folder {folder}, made when the daemon starts")
        return
    sockets = ((folder / f"{role}.sock", 0o600) for role in ROLES)
    for path, allowed in ((folder, 0o700), (folder / FILE_NAME, 0o600), *sockets):
        if os.name != "posix" or not path.exists():
            continue
        found = path.lstat()
        mode = stat.S_IMODE(found.st_mode)
        if found.st_uid != os.geteuid():
            yield Finding(topic, BAD, f"{path} belongs to another user", f"Remove {path}.")
        elif mode & ~allowed:
            yield Finding(
                topic, BAD, f"{path} has mode {mode:o}: others can read it",
                f"Run: chmod {allowed:o} {path}; then restart the daemon.",
            )  # fmt: skip
        else:
            yield Finding(topic, GOOD, f"{path} (mode {mode:o})")
