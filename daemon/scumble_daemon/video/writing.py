"""Frames into a video file that is whole or not there, each at its time, with what came along."""

from __future__ import annotations

import contextlib
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from scumble.conversion import to_array
from scumble.errors import ScumbleError
from scumble.pixels.geometry import Extent
from scumble.pixels.pixels import Pixels

from ..storage.atomic import atomic_file
from .carrying import Carried
from .library import load

_BT709, _LIMITED = 1, 1
_NAMES = {
    ("u8", "RGB"): "rgb24",
    ("u8", "RGBA"): "rgba",
    ("u16", "RGB"): "rgb48le",
    ("u16", "RGBA"): "rgba64le",
}

#: By extension FFmpeg's name of the format.
FORMATS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm", ".avi": "avi",
           ".gif": "gif"}  # fmt: skip


class Coding(NamedTuple):
    """An encoder, the layout of its samples, its options, and whether width and height must be even."""

    codec: str
    pixel_format: str
    options: dict[str, str]
    even: bool


def coding_for(kind: str, alpha: bool, deep: bool) -> Coding:
    """How pictures are kept in a format. Strokes and their edges are hard to compress: high quality."""
    if kind == "gif":
        return Coding("gif", "rgb8", {}, False)
    if alpha and kind == "mov":
        return Coding("prores_ks", "yuva444p10le", {"profile": "4444", "qscale": "4"}, False)
    if alpha and kind == "matroska":
        return Coding("ffv1", "bgra", {}, False)
    if kind == "webm":
        samples = "yuva420p" if alpha else "yuv420p"
        return Coding("libvpx-vp9", samples, {"crf": "24", "b": "0", "row-mt": "1"}, False)
    if deep and kind != "avi":
        return Coding("libx265", "yuv420p10le", {"crf": "16", "x265-params": "log-level=none"}, True)
    # AVI knows no order but that of its frames.
    return Coding("libx264", "yuv420p", {"crf": "16"} | ({"bf": "0"} if kind == "avi" else {}), True)


def holds_alpha(kind: str) -> bool:
    """Whether a format keeps transparency."""
    return kind in ("mov", "matroska", "webm")


class VideoWriter:
    """Writes frames of one size into a video file, with the sound and more of another if it has any.

    A context manager; the file appears whole or not at all. `rate` is the mean one, `time_base` the
    unit of times, in seconds. `notes` are sentences about what could not be kept.
    Raises ScumbleError `no-ffmpeg`, `cannot-write`, `is-a-directory`, `bad-frame` or `unsupported-format`.
    """

    def __init__(
        self, path: Path, rate: Fraction, carry: Path | None = None, time_base: Fraction | None = None
    ) -> None:
        self._av = load(path)
        self._path, self._rate, self._carry = path, rate, carry
        self._kind = FORMATS[path.suffix.lower()]
        # A unit in which all speeds and times of the input are whole; GIF counts hundredths, AVI frames.
        self._base = {"gif": Fraction(1, 100), "avi": 1 / rate}.get(self._kind, time_base or 1 / rate)
        self._stack = contextlib.ExitStack()
        self._extent: Extent | None = None
        self._last: int | None = None
        self._durations: dict[int, int] = {}
        self._carried: Carried | None = None
        self.notes: list[str] = []

    def __enter__(self) -> VideoWriter:
        self._file = self._stack.enter_context(atomic_file(self._path))
        return self

    def write(
        self, frame: Pixels, time: Fraction, duration: Fraction, aspect: Fraction = Fraction(1)
    ) -> None:
        """Append a frame, RGB or RGBA, u8 or u16, shown from `time` on for `duration` seconds."""
        if self._extent is None:
            with self._explained():
                self._start(frame, aspect)
        if (frame.extent, frame.format) != (self._extent, self._format):
            raise ScumbleError(
                "bad-frame",
                "A frame of {extent} does not fit into a video of {expected}.",
                hint="Give frames of one size, or a folder as the output.",
                extent=frame.extent,
                expected=self._extent,
            )
        at = round(time / self._base)
        if self._last is not None and at <= self._last:
            if self._kind == "avi":
                raise ScumbleError(
                    "unsupported-format",
                    "{file} cannot be AVI: it has one speed, and the clip has several.",
                    hint="Write .mp4 or .mkv.",
                    file=self._path,
                )
            at = self._last + 1
        self._last = at
        self._durations[at] = max(1, round(duration / self._base))
        with self._explained():
            if self._carried is not None:
                self._carried.until(time)
            self._out.mux(self._timed(self._stream.encode(self._picture(frame, at))))

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        try:
            if kind is None:
                if self._extent is None:
                    raise ScumbleError("not-a-video", "The clip has no frames.")
                with self._explained():
                    self._out.mux(self._timed(self._stream.encode(None)))
                    if self._carried is not None:
                        self._carried.rest()
                    self._out.close()
        except BaseException as caught:
            self._end(type(caught), caught, caught.__traceback__)
            raise
        self._end(kind, error, trace)

    def _end(self, kind: Any, error: Any, trace: Any) -> None:
        if kind is not None and self._extent is not None:
            with contextlib.suppress(Exception):  # it is thrown away
                self._out.close()
        self._stack.__exit__(kind, error, trace)

    def _start(self, frame: Pixels, aspect: Fraction) -> None:
        self._extent, self._format = frame.extent, frame.format
        self._coding = coding_for(self._kind, frame.format.channels == "RGBA", frame.format.dtype == "u16")
        odd = [side % 2 * self._coding.even for side in frame.extent]
        self._pad = ((0, odd[1]), (0, odd[0]), (0, 0))
        if any(odd):
            what = " and ".join(w for w, o in zip(("column", "row"), odd, strict=True) if o)
            self.notes.append(
                f"{self._path.name} needs even sides: the last {what} is there twice; "
                f".webm keeps {frame.extent}."
            )
        if frame.format.dtype == "u16" and "10le" not in self._coding.pixel_format:
            self.notes.append(f"{self._path.name} holds 8 bits, fewer than the clip has; .mp4 keeps 10.")
        self._out = self._av.open(self._file, "w", format=self._kind)
        stream = self._out.add_stream(self._coding.codec, rate=self._rate, options=self._coding.options)
        stream.width, stream.height = frame.extent.width + odd[0], frame.extent.height + odd[1]
        stream.pix_fmt = self._coding.pixel_format
        stream.codec_context.time_base = stream.time_base = self._base
        stream.sample_aspect_ratio = aspect
        if aspect != 1 and (self._kind == "avi" or not self._coding.codec.startswith("libx26")):
            self.notes.append(
                f"{self._path.name} has square pixels only, and the clip's are {aspect}:1; .mp4 keeps them."
            )
        if "yuv" in self._coding.pixel_format:
            context = stream.codec_context
            context.colorspace = context.color_primaries = context.color_trc = _BT709
            context.color_range = _LIMITED
        if self._kind == "webm" and self._coding.pixel_format == "yuva420p":
            stream.metadata["alpha_mode"] = "1"
        self._stream = stream
        if self._carry is not None:
            self._carried = self._stack.enter_context(
                Carried(self._carry, self._out, self._kind, self._path.name)
            )
            self.notes += self._carried.notes

    def _picture(self, frame: Pixels, at: int) -> Any:
        name = _NAMES[frame.format.dtype, frame.format.channels]
        picture = self._av.VideoFrame.from_ndarray(
            np.ascontiguousarray(np.pad(to_array(frame), self._pad, mode="edge")), format=name
        )
        if "yuv" in self._coding.pixel_format:
            picture = picture.reformat(
                format=self._coding.pixel_format, dst_colorspace=_BT709, dst_color_range=_LIMITED
            )
            picture.colorspace = picture.color_primaries = picture.color_trc = _BT709
            picture.color_range = _LIMITED
        else:
            picture = picture.reformat(format=self._coding.pixel_format)
        picture.pts, picture.time_base = at, self._base
        picture.duration = self._durations[at]
        return picture

    def _timed(self, packets: Any) -> list[Any]:
        """How long the last frame is shown is nowhere but here: encoders forget it."""
        for packet in packets:
            if packet.pts in self._durations and packet.time_base == self._base:
                packet.duration = self._durations.pop(packet.pts)
        return packets

    @contextlib.contextmanager
    def _explained(self) -> Any:
        try:
            yield
        except OSError as error:
            # Of the file system, passed on by the library or raised by our own file.
            raise ScumbleError(
                "cannot-write",
                "{file} cannot be written: {reason}.",
                hint="Free some space, or try .mp4 or .mkv, or a folder for frames.",
                file=self._path,
                reason=error.strerror or error,
            ) from error
        except (self._av.FFmpegError, ValueError) as error:
            raise ScumbleError(
                "cannot-write",
                "{file} cannot be written: {reason}.",
                hint="Try .mp4 or .mkv, or a folder for frames.",
                file=self._path,
                reason=error,
            ) from error
