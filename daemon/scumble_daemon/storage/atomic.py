"""The one writer of whole files, with errors for people."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

from scumble import files
from scumble.errors import ScumbleError
from scumble.files import WholeFile

_HINTS = {
    errno.ENOSPC: "Free some space, or choose a folder on another disk.",
    errno.EDQUOT: "Your share of that disk is used up: free some space, or choose another folder.",
    errno.EFBIG: "Files of this size are not allowed there (ulimit -f, or the file system's own limit).",
    errno.ENAMETOOLONG: "Give it a shorter name.",
    errno.EROFS: "That disk can only be read: choose another folder.",
}


@contextlib.contextmanager
def atomic_file(path: Path) -> Iterator[WholeFile]:
    """As :func:`scumble.files.atomic_file`. Raises ScumbleError `cannot-write` or `is-a-directory`."""
    with explained(path), files.atomic_file(path) as file:
        yield file


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """An OSError of writing `path` as ScumbleError `cannot-write` or `is-a-directory`."""
    try:
        yield
    except IsADirectoryError as error:
        raise ScumbleError(
            "is-a-directory", "{file} is a folder.", hint="Give a file name.", file=path
        ) from error
    except OSError as error:
        reason = error.strerror or str(error)
        usual = "Choose a folder that exists, has room and that you may write to."
        hint = _HINTS.get(error.errno or 0, usual)
        raise ScumbleError(
            "cannot-write", "{file} cannot be written: {reason}.", hint=hint, file=path, reason=reason
        ) from error
