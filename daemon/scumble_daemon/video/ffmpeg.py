"""Frames out of a video file and into one, by the programs ffmpeg and ffprobe."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import IO, Any

from scumble.errors import ScumbleError
from scumble.pixels.geometry import Extent
from scumble.pixels.pixels import PixelFormat, Pixels

RGB = PixelFormat("u8", "RGB")
#: Constant quality, where 0 is lossless; strokes and their edges are hard to compress.
QUALITY = {".webm": ("-crf", "24", "-b:v", "0")}
USUAL_QUALITY = ("-crf", "16")
#: Said in the file, so that players do not guess.
COLOURS = ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv")
TO_YUV = "scale=out_color_matrix=bt709:out_range=tv"
#: Chroma is halved, which takes even sides: the last column or row is repeated.
TO_EVEN = "pad=ceil(iw/2)*2:ceil(ih/2)*2,fillborders=right={0}:bottom={1},"


@dataclass(frozen=True)
class VideoInfo:
    """What ffprobe says: frames per second, and seconds (0 when it does not know)."""

    rate: Fraction
    seconds: float

    @property
    def frames(self) -> int:
        """About how many; 0 for unknown."""
        return round(self.seconds * self.rate)


def probe(path: Path) -> VideoInfo:
    """Look at a video file.

    Raises ScumbleError `no-ffmpeg`, `file-missing` or `not-a-video`.
    """
    program = _program("ffprobe", path)
    if not path.is_file():
        raise ScumbleError("file-missing", f"There is no file {path}.")
    entries = "stream=avg_frame_rate,r_frame_rate,duration:format=duration"
    line = [program, "-v", "error", "-select_streams", "v:0", "-show_entries", entries, "-of", "json"]
    done = subprocess.run([*line, _name(path)], capture_output=True, stdin=subprocess.DEVNULL, check=False)
    try:
        found = json.loads(done.stdout)
        stream = found["streams"][0]
        rate = _rate(stream["avg_frame_rate"]) or _rate(stream["r_frame_rate"])
        seconds = float(stream.get("duration") or found.get("format", {}).get("duration") or 0)
        if rate is None:
            raise ValueError("no frame rate")
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise _not_a_video(path, done.stderr) from error
    return VideoInfo(rate, seconds)


def frames_of(path: Path, rate: Fraction) -> Iterator[Pixels]:
    """All frames in order, 8-bit RGB, upright, at a constant rate.

    Raises ScumbleError `no-ffmpeg` or `not-a-video`.
    """
    yield from _decoded(path, [], ["-vf", f"fps={rate}"])


def frame_at(path: Path, seconds: float) -> Pixels | None:
    """The frame that is shown then; None behind the end. Raises as :func:`frames_of`."""
    with contextlib.closing(_decoded(path, ["-ss", f"{seconds:.6f}"], ["-frames:v", "1"])) as frames:
        return next(frames, None)


class VideoWriter:
    """Writes frames of one size into a video file, with the sound of another if it has any.

    A context manager; the file appears whole or not at all. Raises ScumbleError `no-ffmpeg`,
    `cannot-write` or `bad-frame`.
    """

    def __init__(self, path: Path, rate: Fraction, sound_of: Path | None = None) -> None:
        self._program = _program("ffmpeg", path)
        self._path, self._rate, self._sound_of = path, rate, sound_of
        self._part = path.with_name(f".{path.stem}.part{path.suffix}")
        self._process: subprocess.Popen[bytes] | None = None
        self._extent: Extent | None = None
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed at the end of the block

    def __enter__(self) -> VideoWriter:
        return self

    def write(self, frame: Pixels) -> None:
        """Append a frame, 8-bit RGB."""
        if self._process is None:
            self._process, self._extent = self._start(frame.extent), frame.extent
        if frame.extent != self._extent or frame.format != RGB:
            raise ScumbleError(
                "bad-frame",
                f"A frame of {frame.extent} does not fit into a video of {self._extent}.",
                hint="Give frames of one size, or a folder as the output.",
            )
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(frame.view())
        except OSError as error:
            self._process.wait()
            raise self._failed() from error

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if self._process is None:
                return
            if kind is not None:
                self._process.kill()
            with contextlib.suppress(OSError):
                assert self._process.stdin is not None
                self._process.stdin.close()
            code = self._process.wait()
            if kind is None and code:
                raise self._failed()
            if kind is None:
                self._part.replace(self._path)
        finally:
            self._part.unlink(missing_ok=True)
            self._said.close()

    def _start(self, extent: Extent) -> subprocess.Popen[bytes]:
        size = f"{extent.width}x{extent.height}"
        source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", size, "-framerate", str(self._rate)]
        line = [self._program, "-v", "error", "-y", *source, "-i", "pipe:0"]
        if self._sound_of is not None:
            line += ["-i", _name(self._sound_of), "-map", "0:v", "-map", "1:a?"]
            # The same kind of file takes the same sound; another one may need it encoded anew.
            line += ["-c:a", "copy"] if self._sound_of.suffix.lower() == self._path.suffix.lower() else []
        if self._path.suffix.lower() != ".gif":
            odd = (extent.width % 2, extent.height % 2)
            filters = (TO_EVEN.format(*odd) if any(odd) else "") + TO_YUV
            quality = QUALITY.get(self._path.suffix.lower(), USUAL_QUALITY)
            line += ["-vf", filters, "-pix_fmt", "yuv420p", *COLOURS, *quality]
        return _start([*line, _name(self._part)], stdin=subprocess.PIPE, stderr=self._said)

    def _failed(self) -> ScumbleError:
        self._said.seek(0)
        message = f"{self._path} cannot be written: {_last_line(self._said.read()) or 'ffmpeg failed'}."
        return ScumbleError("cannot-write", message, hint="Try .mp4 or .mkv, or a folder for frames.")


def _decoded(path: Path, before: list[str], after: list[str]) -> Generator[Pixels]:
    program = _program("ffmpeg", path)
    line = [program, "-v", "error", *before, "-i", _name(path), "-map", "0:v:0", *after]
    line += ["-f", "image2pipe", "-c:v", "ppm", "-pix_fmt", "rgb24", "pipe:1"]
    with tempfile.TemporaryFile() as said:
        process = _start(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said)
        assert process.stdout is not None
        whole = False
        try:
            while (frame := _read_ppm(process.stdout)) is not None:
                yield frame
            whole = True
        finally:
            if not whole:  # whoever reads has had enough
                process.kill()
            process.stdout.close()
            code = process.wait()
        if code:
            said.seek(0)
            raise _not_a_video(path, said.read())


def _start(line: list[str], **pipes: Any) -> Any:
    """Out of reach of the terminal's Ctrl-C, which is for us: we end it."""
    return subprocess.Popen(line, start_new_session=True, **pipes)


def _read_ppm(pipe: IO[bytes]) -> Pixels | None:
    """One frame: ``P6``, width and height, 255, each on a line or not, then the samples."""
    words: list[int] = []
    line = pipe.readline()
    if not line.startswith(b"P6"):
        return None
    while len(words) < 3:
        words += [int(word) for word in pipe.readline().split()]
    extent = Extent(words[0], words[1])
    data = pipe.read(RGB.byte_count(extent))
    return Pixels(extent, RGB, data) if len(data) == RGB.byte_count(extent) else None


def _program(name: str, path: Path) -> str:
    found = shutil.which(name)
    if found is None:
        raise ScumbleError(
            "no-ffmpeg",
            f"{path} is a video, and {name} is not installed.",
            hint="Install ffmpeg, or use folders of frames.",
        )
    return found


def _name(path: Path) -> str:
    """The file as ffmpeg takes it: never an option, a protocol or a pattern."""
    return f"file:{path}"


def _rate(text: str) -> Fraction | None:
    try:
        rate = Fraction(text)
    except (ValueError, ZeroDivisionError):
        return None
    return rate if 0 < rate <= 1000 else None


def _not_a_video(path: Path, said: bytes) -> ScumbleError:
    return ScumbleError(
        "not-a-video", f"{path} is not a video that ffmpeg can read.", detail=_last_line(said)
    )


def _last_line(said: bytes) -> str:
    lines = said.decode("utf-8", "replace").split("\n")
    return next((line.strip()[-200:] for line in reversed(lines) if line.strip()), "").rstrip(".")
