"""Layers and results too large for memory: files in a directory of the daemon's own."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import mmap
import os
import secrets
import shutil
import tempfile
from pathlib import Path

import platformdirs

from scumble.errors import ScumbleError
from scumble.folders import runtime_dir, secure_dir
from scumble.pixels.pixels import BytesLike


def spool_dir() -> Path:
    """Where large temporary files go: ``SCUMBLE_SPOOL_DIR``, or ``spool`` in the user's cache directory.

    Not the system's directory for temporary files, which is often a part of the memory.
    """
    chosen = os.environ.get("SCUMBLE_SPOOL_DIR")
    return Path(chosen).absolute() if chosen else platformdirs.user_cache_path("scumble", False) / "spool"


def free_disk() -> int:
    """Free bytes where the spool is or will be."""
    place = spool_dir()
    while not place.exists() and place != place.parent:
        place = place.parent
    return shutil.disk_usage(place).free


def use_for_temporary_files() -> None:
    """Have this process (and libvips in it) put temporary files there; if that fails, leave things be."""
    with contextlib.suppress(ScumbleError):
        tempfile.tempdir = os.environ["TMPDIR"] = str(secure_dir(spool_dir()))


class Spool:
    """The daemon's files, and how many bytes they may take together. For one thread.

    What an earlier daemon of the same runtime directory has left behind goes at once; the caller
    must hold that directory's lock.
    """

    def __init__(self, capacity: int) -> None:
        name = hashlib.sha256(os.fsencode(runtime_dir())).hexdigest()[:16]
        self._directory = spool_dir() / f"daemon-{name}"
        self._capacity = capacity
        self.bytes_used = 0
        self.close()

    def create(self, size: int) -> SpoolFile:
        """A new file of `size` bytes, counted from now on and removed by its `close`.

        Raises ScumbleError `image-too-large`, `daemon-full` or `disk-full`.
        """
        if size > self._capacity:
            raise ScumbleError(
                "image-too-large",
                "An image of {size} MB is more than the {most} MB that this daemon takes.",
                hint="Select a part of the layer, or lower the bit depth.",
                size=format(size / 1e6, ",.0f"),
                most=format(self._capacity / 1e6, ",.0f"),
            )
        if self.bytes_used + size > self._capacity:
            raise ScumbleError(
                "daemon-full",
                "The daemon holds as many large images as it may.",
                hint="Wait until other jobs are done.",
                retryable=True,
            )
        try:
            secure_dir(self._directory.parent)
            secure_dir(self._directory)
            if shutil.disk_usage(self._directory).free < size:
                raise _disk_full(f"{size / 1e6:,.0f} MB are needed")
            file = SpoolFile(self, self._directory / secrets.token_hex(16), size)
        except OSError as error:
            raise _disk_full(str(error)) from error
        self.bytes_used += size
        return file

    def close(self) -> None:
        """Remove the directory and what is in it."""
        shutil.rmtree(self._directory, ignore_errors=True)


class SpoolFile:
    """`size` bytes in a file, readable and writable by this user only."""

    def __init__(self, spool: Spool, path: Path, size: int) -> None:
        self._spool, self.path, self.size = spool, path, size
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        self._file = os.fdopen(descriptor, "r+b", buffering=0)
        try:
            self._file.truncate(size)
            self._reserve()
        except OSError:
            self._file.close()
            path.unlink()
            raise

    def _reserve(self) -> None:
        """Take the room now: a worker that writes into a map of it dies when the disk is full then."""
        if hasattr(os, "posix_fallocate") and self.size:
            try:
                os.posix_fallocate(self._file.fileno(), 0, self.size)
            except OSError as error:
                if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
                    raise

    def write(self, offset: int, piece: BytesLike) -> None:
        """Put a piece at its place. Raises ScumbleError `disk-full`."""
        view = memoryview(piece).cast("B")
        try:
            self._file.seek(offset)
            while view:
                view = view[self._file.write(view) or 0 :]
        except OSError as error:
            raise _disk_full(str(error)) from error

    def read(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes from `offset` on."""
        self._file.seek(offset)
        return self._file.read(length) or b""

    def view(self) -> memoryview:
        """All of it as read-only memory, which takes none until it is looked at."""
        return mapped(self.path)

    def close(self) -> None:
        """Remove it."""
        if not self._file.closed:
            self._file.close()
            self._spool.bytes_used -= self.size
            with contextlib.suppress(OSError):
                self.path.unlink()


class MappedFile(mmap.mmap):
    """A map that knows its file, for those who would rather read it than map it."""

    path: Path


def mapped(path: Path) -> memoryview:
    """A file as read-only memory. Raises OSError."""
    with path.open("rb") as file:
        mapping = MappedFile(file.fileno(), 0, access=mmap.ACCESS_READ)
    mapping.path = path
    return memoryview(mapping)


def file_behind(content: BytesLike) -> Path | None:
    """The file of a `mapped` content; None for any other."""
    source = memoryview(content).obj
    return source.path if isinstance(source, MappedFile) else None


def _disk_full(detail: str) -> ScumbleError:
    return ScumbleError(
        "disk-full",
        "There is no room on the disk for this layer.",
        hint="Free some space, or set SCUMBLE_SPOOL_DIR to a folder on a larger disk.",
        retryable=True,
        detail=detail,
    )
