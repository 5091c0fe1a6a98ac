"""Frames that an earlier run of the same command has painted, which was ended before its clip was."""

from __future__ import annotations

import hashlib
import json
import shutil
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from scumble.errors import ScumbleError
from scumble.files import write_whole
from scumble.pixels.geometry import Extent
from scumble.pixels.pixels import PixelFormat, Pixels

from ..storage.atomic import explained
from ..storage.batch_journal import Journal
from .frames import Frame, Sink

_SUFFIX = ".frame"
#: Strokes are hard to compress; more effort takes longer than painting a small frame again.
_EFFORT = 1


def clip_key(settings: Mapping[str, Any], references: Sequence[Pixels]) -> bytes:
    """A digest of all that every frame of a clip depends on."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode())
    for pixels in references:
        digest.update(frame_key(b"", pixels).encode())
    return digest.digest()


def frame_key(clip: bytes, pixels: Pixels) -> str:
    """A digest of all that one frame's result depends on."""
    digest = hashlib.sha256(clip + repr((tuple(pixels.extent), pixels.format)).encode())
    digest.update(pixels.view())
    return digest.hexdigest()


class Earlier(Protocol):
    """What earlier runs have left."""

    def find(self, frame: Frame, key: str) -> Callable[[Sink], object] | None:
        """What gives the sink a frame's result where it was painted; None where it was not."""
        ...

    def keep(self, frame: Frame, key: str, result: Pixels) -> None:
        """Keep a result that the sink has taken. Raises ScumbleError `cannot-write`."""
        ...

    def discard(self) -> None:
        """The result is whole: what was kept for it alone goes."""
        ...


class FramesInFolder:
    """The result is a folder: its pictures are what was painted, and its journal says of what."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._journal = folder, Journal(folder)

    def find(self, frame: Frame, key: str) -> Callable[[Sink], object] | None:
        """As :class:`Earlier`: the file is there, and the sink needs nothing."""
        there = self._journal.has(self._folder / frame.name, key)
        return (lambda _sink: None) if there else None

    def keep(self, frame: Frame, key: str, result: Pixels) -> None:
        """As :class:`Earlier`."""
        del result
        self._journal.note(self._folder / frame.name, key)

    def discard(self) -> None:
        """As :class:`Earlier`: nothing does."""


class FramesBeside:
    """The result is a video, which is whole or not there: its frames lie in a folder beside it until then.

    Raises ScumbleError `cannot-write`, also where something is in the way that was not made here.
    """

    def __init__(self, video: Path) -> None:
        self._folder = video.with_name(f"{video.name}.frames")
        with explained(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            if any(not path.name.endswith(_SUFFIX) for path in self._folder.iterdir()):
                raise ScumbleError(
                    "cannot-write",
                    "{folder} is in the way: painted frames are kept there until the video is whole.",
                    hint="Rename that folder, or the video.",
                    folder=self._folder,
                )

    def find(self, frame: Frame, key: str) -> Callable[[Sink], object] | None:
        """As :class:`Earlier`; a damaged one is painted again."""
        try:
            head, _, body = self._path(frame).read_bytes().partition(b"\n")
            made_of, width, height, dtype, channels = json.loads(head)
            if made_of != key:
                return None
            result = Pixels(Extent(width, height), PixelFormat(dtype, channels), zlib.decompress(body))
        except (OSError, ValueError, TypeError, zlib.error, ScumbleError):
            return None
        return lambda sink: sink.write(frame, result)

    def keep(self, frame: Frame, key: str, result: Pixels) -> None:
        """As :class:`Earlier`."""
        head = json.dumps([key, *result.extent, result.format.dtype, result.format.channels]).encode()
        path = self._path(frame)
        with explained(path):
            write_whole(path, head + b"\n" + zlib.compress(result.view(), _EFFORT))

    def discard(self) -> None:
        """As :class:`Earlier`: the folder goes."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _path(self, frame: Frame) -> Path:
        return self._folder / f"{frame.name}{_SUFFIX}"
