"""Where the frames of a clip come from, and where they go: a folder of pictures, or a video file."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from scumble.conversion import as_pixels
from scumble.errors import ScumbleError
from scumble.pixels.geometry import Extent
from scumble.pixels.pixels import Pixels

from ..image_formats import EXTENSIONS, READABLE
from ..images import LoadedImage, read_image, write_image
from ..images.flat import as_rgb, flat, is_opaque
from .reading import frame_at, frames_of, probe
from .writing import FORMATS, VideoWriter, holds_alpha

VIDEO_SUFFIXES = frozenset(FORMATS)
_BYTES_PER_PIXEL = {"video": 0.25, "folder": 2.0}  # of a stylized frame, seldom more


@dataclass(frozen=True)
class Frame:
    """One picture of a clip; `loaded` is what its file said, if it has one of its own.

    `time` and `duration` are in seconds, None for pictures of a folder; `aspect` is width by height of a
    pixel.
    """

    name: str
    pixels: Pixels
    loaded: LoadedImage | None = None
    time: Fraction | None = None
    duration: Fraction | None = None
    aspect: Fraction = Fraction(1)


class Source(Protocol):
    """A clip. `count` is about how many frames it has, 0 for unknown; `rate` is None for a folder."""

    count: int
    rate: Fraction | None
    notes: list[str]

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
        self.notes: list[str] = []
        self.paths = sorted(
            (path for path in folder.iterdir() if _is_picture(path)), key=lambda path: _natural(path.name)
        )
        self.count = len(self.paths)
        if not self.paths:
            raise ScumbleError("file-missing", "There is no picture in {folder}.", folder=folder)

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
    """The frames of a video file. Raises as `reading.probe`.

    `notes` are sentences about it, complete when all frames have been read.
    """

    def __init__(self, path: Path) -> None:
        info = probe(path)
        self._path, self._seconds = path, info.seconds
        self.rate: Fraction | None = info.rate
        self._rate = info.rate
        self.count = info.frames
        self.time_base = info.time_base
        self.notes: list[str] = []

    def frames(self) -> Iterator[Frame]:
        damaged: list[str] = []
        interlaced = False
        for index, frame in enumerate(frames_of(self._path, damaged), 1):
            if frame.interlaced and not interlaced:
                self.notes.append(
                    f"{self._path} is interlaced, which shows in what moves: deinterlace it first."
                )
                interlaced = True
            name = f"frame-{index:06d}.png"
            yield Frame(name, frame.pixels, None, frame.time, frame.duration, frame.aspect)
        if damaged:
            self.notes.append(f"{len(damaged)} damaged parts of {self._path} could not be decoded.")

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
        notes = write_image(self._folder / frame.name, result, like=frame.loaded)
        if frame.aspect != 1:
            notes.append(f"{frame.name} has pixels of {frame.aspect}:1, which pictures do not say.")
        return notes


class VideoSink(contextlib.AbstractContextManager["VideoSink"]):
    """A video file. Transparency is laid on white where the format has none, with a note.

    `source` is the clip whose sound and more goes along; None for a folder, whose frames are shown
    `rate` a second.
    """

    def __init__(self, path: Path, rate: Fraction, source: Path | None, time_base: Fraction | None) -> None:
        self._writer = VideoWriter(path, rate, source, time_base)
        self._path, self._rate, self._count = path, rate, 0
        self._alpha = holds_alpha(FORMATS[path.suffix.lower()])
        self._flat: bool | None = None

    def __enter__(self) -> VideoSink:
        self._writer.__enter__()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._writer.__exit__(*exc_info)

    def write(self, frame: Frame, result: Pixels) -> list[str]:
        notes: list[str] = []
        has_alpha = result.format.channels == "RGBA"
        if self._flat is None:  # as the first frame is, so are all
            self._flat = has_alpha and not self._alpha
        if has_alpha and self._flat:
            if not is_opaque(result):
                notes.append(f"{self._path.name} cannot be transparent: the frames were laid on white.")
            result = flat(result)
        elif result.format.dtype not in ("u8", "u16"):
            result = as_pixels(as_rgb(result))
        step = 1 / self._rate
        time = self._count * step if frame.time is None else frame.time
        self._count += 1
        self._writer.write(result, time, frame.duration or step, frame.aspect)
        told, self._writer.notes = self._writer.notes, []
        return [*notes, *told]


def check_room(count: int, extent: Extent, folder: Path, kinds: Sequence[str]) -> None:
    """Refuse a clip for whose result there is clearly no room. Raises ScumbleError `disk-full`.

    Nobody wants to hear it after an hour; `count` frames of that size, 0 for unknown. `kinds` says how
    they are kept: as a ``video``, in a ``folder``, or both.
    """
    needed = count * extent.area * sum(_BYTES_PER_PIXEL[kind] for kind in kinds)
    place = next(p for p in (folder.absolute(), *folder.absolute().parents) if p.exists())
    free = shutil.disk_usage(place).free
    if needed > free:
        raise ScumbleError(
            "disk-full",
            "The result takes about {needed} MB, and {free} MB are free in {place}.",
            hint="Free some space, or choose another disk.",
            needed=format(needed / 1e6, ",.0f"),
            free=format(free / 1e6, ",.0f"),
            place=place,
        )


def _is_picture(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".") and path.suffix.lower() in READABLE


def _natural(name: str) -> list[tuple[int, int | str]]:
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in re.split(r"(\d+)", name) if part]
