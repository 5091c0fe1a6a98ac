"""Files that are there whole or not at all. The one writer of Scumble: whatever is kept goes through here.

The standard library only, and Python 3.8: the editors' plug-ins write their settings with it.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import secrets
import stat
from pathlib import Path
from typing import Iterator, Optional, Union

PathLike = Union[str, "os.PathLike[str]"]

# What a file system answers that knows no such thing: shared folders, some of FUSE.
_NO_SYNC = (errno.EINVAL, errno.ENOSYS, getattr(errno, "ENOTSUP", errno.EINVAL))
_LONGEST_HEAD = 100  # bytes of the name that a temporary one begins with; a name ends at 255


class WholeFile(io.BufferedRandom):
    """A binary file, readable and writable, whose every byte goes through `write`.

    It gives its descriptor to nobody who asks for `fileno`: Pillow's encoders write there by
    themselves and take no notice of what did not fit on the disk.
    """

    name = ""  # the number of a descriptor says nothing to who asks for a name, as tifffile does

    def fileno(self) -> int:
        raise io.UnsupportedOperation("fileno")

    @property
    def descriptor(self) -> int:
        """For who checks what was written."""
        return self.raw.fileno()


@contextlib.contextmanager
def atomic_file(path: PathLike, private: bool = False) -> Iterator[WholeFile]:
    """A file that takes the place of `path` when the block ends.

    It is written beside `path`, synced, and moved over it; on any exception, a keyboard interrupt
    included, it is removed and an older file at `path` stays as it was. A link keeps leading to
    where it leads. The mode is that of the older file, or 0600 when `private`.
    Raises OSError: no room, no folder, a folder or a device in its place, write-protected.
    """
    target = Path(os.path.realpath(str(path)))
    _check_replaceable(target)
    temporary = _beside(target)
    try:
        with _create(temporary, 0o600 if private else 0o666) as file:
            yield file
            file.flush()
            _sync(file.descriptor)
        if not private and target.exists():
            temporary.chmod(target.stat().st_mode & 0o777)
        temporary.replace(target)
        _sync_folder(target.parent)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def write_whole(path: PathLike, data: Union[bytes, bytearray, memoryview], private: bool = False) -> None:
    """Put `data` into the file `path`, whole or not at all. Raises OSError as :func:`atomic_file`."""
    with atomic_file(path, private) as file:
        file.write(data)
        file.flush()
        written = os.fstat(file.descriptor).st_size
        if written != memoryview(data).nbytes:
            raise OSError(errno.EIO, "only a part of it was written", str(path))


def append_line(path: PathLike, line: str) -> None:
    """Add a line of UTF-8 to a file that is made when it is not there; whole or not at all.

    A line that a crash has cut short is ended first. Raises OSError.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
    descriptor = os.open(str(path), flags, 0o666)
    try:
        end = os.lseek(descriptor, 0, os.SEEK_END)
        torn = False
        if end:
            os.lseek(descriptor, end - 1, os.SEEK_SET)
            torn = os.read(descriptor, 1) != b"\n"
        rest = memoryview(("\n" if torn else "").encode() + line.encode("utf-8", "surrogateescape") + b"\n")
        try:
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            _sync(descriptor)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, end)
            raise
    finally:
        os.close(descriptor)


def _check_replaceable(target: Path) -> None:
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    if target.exists():
        if not target.is_file():
            raise OSError(errno.EINVAL, "it is not an ordinary file", str(target))
        if not os.access(str(target), os.W_OK):  # moving something over it would not ask
            raise PermissionError(errno.EACCES, "it is write-protected", str(target))


def _beside(target: Path) -> Path:
    """A name of its own in the same folder, never longer than a name may be."""
    head = os.fsdecode(os.fsencode(target.name)[:_LONGEST_HEAD])
    return target.with_name(".{}.{}.part".format(head, secrets.token_hex(4)))


def _create(path: Path, mode: int) -> WholeFile:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return WholeFile(io.FileIO(os.open(str(path), flags, mode), "r+"))


def _sync(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise


def _sync_folder(folder: Path) -> None:
    """The file is in its place by now: what goes wrong here is no failure of writing it."""
    if os.name != "posix":  # elsewhere a folder cannot be opened
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(str(folder), os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def read_private(path: Path, limit: int) -> Optional[bytes]:
    """The first `limit` bytes of a file that only this user can read and write; None when there is none.

    No link is followed, and no pipe waited for. Raises OSError for what is no file, for another user's, and
    for one that others may use.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = os.open(str(path), flags | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(file.fileno())
        ours = not hasattr(os, "getuid") or (found.st_uid == os.geteuid() and not found.st_mode & 0o077)
        if not stat.S_ISREG(found.st_mode) or not ours:
            raise PermissionError("{} is not a file that only you can read".format(path))
        return file.read(limit)
