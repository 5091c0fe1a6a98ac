"""Files that are there whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from scumble.errors import ScumbleError


@contextlib.contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """A binary file, readable and writable, that takes the place of `path` when the block ends.

    It is written beside `path` and moved over it; on any exception, a keyboard interrupt
    included, it is removed and an older file at `path` stays as it was. Raises ScumbleError
    `cannot-write` or `is-a-directory`.
    """
    target = Path(os.path.realpath(path))  # a link keeps pointing to the file it points to
    if target.is_dir():
        raise ScumbleError("is-a-directory", f"{path} is a folder.", hint="Give a file name.")
    if target.exists() and not target.is_file():
        raise ScumbleError("cannot-write", f"{path} is not an ordinary file.")
    temporary = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        with _create(temporary) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            temporary.chmod(target.stat().st_mode & 0o777)
        temporary.replace(target)
        _sync_folder(target.parent)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ScumbleError(
            "cannot-write",
            f"{path} cannot be written: {reason}.",
            hint="Choose a folder that exists, has room and that you may write to.",
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _create(path: Path) -> BinaryIO:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags, 0o666), "w+b")


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":  # elsewhere a folder cannot be opened
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
