"""Where client and daemon meet: the connection file in the user's runtime directory.

`daemon.json` says which endpoints the daemon has bound and holds the key that both sides prove to each other.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any, Dict, List, Optional

from ..errors import ScumbleError
from ..files import read_private, write_whole
from ..wire.connection import ConnectionInfo
from ..wire.session import KEY_SIZE

FILE_NAME = "daemon.json"
MAX_FILE = 64 * 1024


def write_connection(directory: Path, info: ConnectionInfo) -> Path:
    """Write `daemon.json`, readable by this user only, in one step.

    Raises OSError.
    """
    fields: Dict[str, Any] = {
        "pid": info.pid,
        "started": info.started,
        "start_ticks": info.start_ticks,
        "job": info.job,
        "control": info.control,
        "key": info.key.hex(),
        "protocol": info.protocol,
        "version": info.version,
        "curve": info.curve,
    }
    target = directory / FILE_NAME
    write_whole(target, json.dumps(fields).encode("ascii"), private=True)
    return target


def read_connection(directory: Path) -> Optional[ConnectionInfo]:
    """What `daemon.json` says; None when there is none, or half of one.

    Raises ScumbleError `connection-file-unsafe` for a file that another user owns, can read or can
    write: its key is worth nothing.
    """
    path = directory / FILE_NAME
    try:
        text = read_private(path, MAX_FILE + 1)
    except OSError as error:
        raise _unsafe_file(path) from error
    return None if text is None or len(text) > MAX_FILE else _parse(text)


def remove_connection(directory: Path, pid: int) -> None:
    """Remove `daemon.json` if it is the one of process `pid`."""
    with contextlib.suppress(ScumbleError, OSError):
        info = read_connection(directory)
        if info is not None and info.pid == pid:
            (directory / FILE_NAME).unlink()


def is_running(info: ConnectionInfo) -> bool:
    """Whether the process that wrote `info` seems to be alive, as far as this process can see.

    A sandbox does not see processes outside of it, so only the daemon's answer on its socket is
    certain; this is for messages to the user.
    """
    if sys.platform == "win32":
        return True  # os.kill would end the process there
    try:
        os.kill(info.pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    fields = _stat_fields(info.pid)
    if fields[:1] in ([b"Z"], [b"X"]):
        return False  # over; only its parent has not asked yet how it ended
    return not info.start_ticks or start_ticks(info.pid) in (0, info.start_ticks)


def start_ticks(pid: int) -> int:
    """When the system started process `pid`, in its own unit; 0 where that cannot be known."""
    fields = _stat_fields(pid)
    return int(fields[19]) if len(fields) > 19 and fields[19].isdigit() else 0  # field 22 of the line


def _stat_fields(pid: int) -> List[bytes]:
    """What Linux says of a process, from its state on; nothing elsewhere."""
    try:
        with Path("/proc/{}/stat".format(pid)).open("rb") as file:
            return file.read().rpartition(b")")[2].split()  # the name in brackets may hold spaces
    except OSError:
        return []


def _parse(text: bytes) -> Optional[ConnectionInfo]:
    try:
        fields = json.loads(text.decode("utf-8"))
        info = ConnectionInfo(
            pid=int(fields["pid"]),
            started=float(fields["started"]),
            start_ticks=int(fields["start_ticks"]),
            job=str(fields["job"]),
            control=str(fields["control"]),
            key=bytes.fromhex(fields["key"]),
            protocol=str(fields["protocol"]),
            version=str(fields["version"]),
            curve=str(fields.get("curve", "")),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return info if len(info.key) == KEY_SIZE and info.pid > 0 else None


def _unsafe_file(path: Path) -> ScumbleError:
    return ScumbleError(
        "connection-file-unsafe",
        "The file {file} is not one that only you can read.",
        hint="Stop the daemon with: scumble daemon stop; then remove the file.",
        file=path,
    )
