"""Where the frames of a clip come from, and where they go: a folder of pictures, or a video file."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from scumble.conversion import as_pixels
from scumble.errors import ScumbleError
from scumble.pixels.pixels import Pixels

from ..image_formats import EXTENSIONS, READABLE
from ..images import LoadedImage, read_image, write_image
from ..images.flat import as_rgb
from .ffmpeg import RGB, VideoWriter, frame_at, frames_of, probe

VIDEO_SUFFIXES = frozenset((".mp4", ".m4v", ".mkv", ".mov", ".webm", ".avi", ".gif"))


@dataclass(frozen=True)
class Frame:
    """One picture of a clip; `loaded` is what its file said, if it has one of its own."""

    name: str
    pixels: Pixels
    loaded: LoadedImage | None = None


class Source(Protocol):
    """A clip. `count` is about how many frames it has, 0 for unknown; `rate` is None for a folder."""

    count: int
    rate: Fraction | None

    def frames(self) -> Iterator[Frame]:
        """All frames in order. Raises ScumbleError."""
        ...

    def sample(self, number: int) -> list[Pixels]:
        """Up to so many frames, evenly spread over the clip. Raises ScumbleError."""
        ...


class Sink(Protocol):
    """Takes the frames of a result, in order, within a ``with`` block."""

    def write(self, frame: Frame, result: Pixels) -> list[str]:
        """Keep one; returns sentences about what could not be kept. Raises ScumbleError."""
        ...


class FolderSource:
    """The pictures of a folder, in the natural order of their names: 2 before 10."""

    rate: Fraction | None = None

    def __init__(self, folder: Path) -> None:
        self.paths = sorted(
            (path for path in folder.iterdir() if _is_picture(path)), key=lambda path: _natural(path.name)
        )
        self.count = len(self.paths)
        if not self.paths:
            raise ScumbleError("file-missing", f"There is no picture in {folder}.")

    def frames(self) -> Iterator[Frame]:
        for path in self.paths:
            loaded = read_image(path)
            suffix = path.suffix if path.suffix.lower() in EXTENSIONS else ".png"
            yield Frame(path.stem + suffix, loaded.pixels, loaded)

    def sample(self, number: int) -> list[Pixels]:
        number = min(number, self.count)
        chosen = [self.paths[int((index + 0.5) * self.count / number)] for index in range(number)]
        return [read_image(path).pixels for path in chosen]


class VideoSource:
    """The frames of a video file. Raises as `ffmpeg.probe`."""

    def __init__(self, path: Path) -> None:
        info = probe(path)
        self._path, self._seconds = path, info.seconds
        self.rate: Fraction | None = info.rate
        self._rate = info.rate
        self.count = info.frames

    def frames(self) -> Iterator[Frame]:
        for index, pixels in enumerate(frames_of(self._path, self._rate), 1):
            yield Frame(f"frame-{index:06d}.png", pixels)

    def sample(self, number: int) -> list[Pixels]:
        times = [(index + 0.5) * self._seconds / number for index in range(number)]
        found = [frame_at(self._path, time) for time in (times if self._seconds else [0.0])]
        return [frame for frame in found if frame is not None]


class FolderSink:
    """Pictures under their frames' own names."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> FolderSink:
        self._folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *exc_info: object) -> None:
        return

    def write(self, frame: Frame, result: Pixels) -> list[str]:
        return write_image(self._folder / frame.name, result, like=frame.loaded)


class VideoSink(contextlib.AbstractContextManager["VideoSink"]):
    """A video file of 8-bit RGB frames, transparency on white."""

    def __init__(self, path: Path, rate: Fraction, sound_of: Path | None) -> None:
        self._writer = VideoWriter(path, rate, sound_of)

    def __enter__(self) -> VideoSink:
        self._writer.__enter__()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._writer.__exit__(*exc_info)  # type: ignore[arg-type]

    def write(self, frame: Frame, result: Pixels) -> list[str]:
        self._writer.write(result if result.format == RGB else as_pixels(as_rgb(result)))
        return []


def _is_picture(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".") and path.suffix.lower() in READABLE


def _natural(name: str) -> list[tuple[int, int | str]]:
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in re.split(r"(\d+)", name) if part]
