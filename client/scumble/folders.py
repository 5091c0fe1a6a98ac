"""Where a user's files lie: what runs, what is set, what is logged. Each place has a variable of its own."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from pathlib import Path

from .errors import ScumbleError


def runtime_dir() -> Path:
    """The user's runtime directory for Scumble; it need not exist yet.

    ``SCUMBLE_RUNTIME_DIR`` if set; on Linux ``XDG_RUNTIME_DIR/scumble``, else ``/run/user/UID/
    scumble`` when the system made that for the user, else ``~/.cache/scumble/run``; on macOS
    ``~/Library/Caches/scumble/run``; on Windows ``%LOCALAPPDATA%\\scumble\\run``.
    """
    chosen = os.environ.get("SCUMBLE_RUNTIME_DIR")
    if chosen:
        return Path(chosen).absolute()
    if sys.platform == "win32":
        return _local_app_data() / "scumble" / "run"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "scumble" / "run"
    session = os.environ.get("XDG_RUNTIME_DIR")
    if not session:
        # A daemon started from a session without the variable must find the same place.
        session = "/run/user/{}".format(os.getuid())
    if _is_ours(Path(session)):
        return Path(session).absolute() / "scumble"
    return Path.home() / ".cache" / "scumble" / "run"


def secure_dir(path: Path) -> Path:
    """Make `path` a directory that only this user may enter: created, or repaired to mode 0700.

    Raises ScumbleError `runtime-dir-unsafe` for a symbolic link, another user's directory or
    something that is no directory, and `runtime-dir-unusable` when it cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)
        found = os.lstat(path)
        if stat.S_ISLNK(found.st_mode) or not stat.S_ISDIR(found.st_mode):
            raise _unsafe(path, reason="is not a directory of its own")
        if hasattr(os, "getuid"):
            if found.st_uid != os.geteuid():
                raise _unsafe(path, reason="belongs to another user")
            if stat.S_IMODE(found.st_mode) != 0o700:
                path.chmod(0o700)
    except OSError as error:
        raise ScumbleError(
            "runtime-dir-unusable",
            "The directory {folder} cannot be used.",
            hint="Check that the disk is not full, or set SCUMBLE_RUNTIME_DIR to another place.",
            detail=str(error),
            folder=path,
        ) from error
    return path


def config_dir() -> Path:
    """The user's configuration directory for Scumble; ``SCUMBLE_CONFIG_DIR`` overrides it."""
    return _place(
        "SCUMBLE_CONFIG_DIR", "config", mac="Application Support", xdg="XDG_CONFIG_HOME", home=".config"
    )


def data_dir() -> Path:
    """Where what the user keeps lies, the same as the daemon's; ``SCUMBLE_DATA_DIR`` overrides it."""
    # platformdirs, which the daemon asks, has a folder for the author on Windows
    return _place(
        "SCUMBLE_DATA_DIR", "scumble", mac="Application Support", xdg="XDG_DATA_HOME", home=".local/share"
    )


def log_dir() -> Path:
    """Where the daemon logs; ``SCUMBLE_LOG_DIR`` overrides it."""
    return _place(
        "SCUMBLE_LOG_DIR", "Logs", mac="Logs", xdg="XDG_STATE_HOME", home=".local/state", within="log"
    )


def _place(variable: str, windows: str, *, mac: str, xdg: str, home: str, within: str = "") -> Path:
    """The directory that our variable names, else ours in the system's place for things of a kind.

    Args:
        windows: name of the folder in ours, where one folder is for things of all kinds.
        mac: name of the place in the user's library.
        xdg, home: what names the place on other systems, and where it is below the home when nothing does.
        within: name of the folder in ours there, if it needs one.
    """
    chosen = os.environ.get(variable)
    if chosen:
        return Path(chosen).absolute()
    if sys.platform == "win32":
        return _local_app_data() / "scumble" / windows
    if sys.platform == "darwin":
        return Path.home() / "Library" / mac / "scumble"
    base = os.environ.get(xdg)
    return (Path(base) if base else Path.home() / home) / "scumble" / within


def _local_app_data() -> Path:
    local = os.environ.get("LOCALAPPDATA")
    return Path(local) if local else Path.home() / "AppData" / "Local"


def _is_ours(path: Path) -> bool:
    try:
        found = path.stat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()


def _unsafe(path: Path, reason: str) -> ScumbleError:
    return ScumbleError(
        "runtime-dir-unsafe",
        "The directory {folder} {reason}.",
        hint="Remove it, or set SCUMBLE_RUNTIME_DIR to a directory of your own.",
        folder=path,
        reason=reason,
    )
