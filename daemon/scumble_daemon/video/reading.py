"""Frames out of a video file: each with its time, upright, with alpha where there is some."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from scumble.errors import ScumbleError
from scumble.pixels.geometry import Extent
from scumble.pixels.pixels import PixelFormat, Pixels

from .library import is_cover, load, not_a_video, opened

#: ITU-T H.273: transfer characteristics of HDR10 and Dolby Vision (PQ), and of HLG.
HDR_TRANSFERS = {16: "PQ", 18: "HLG"}
_BT709, _BT601, _UNSPECIFIED = 1, 5, (0, 2)
_WITH_ALPHA = {"vp9": "libvpx-vp9", "vp8": "libvpx"}
_HD_HEIGHT = 576  # lines; without a word about it, more than these are BT.709


@dataclass(frozen=True)
class VideoInfo:
    """What a video file says of itself.

    Attributes:
        rate: mean frames per second.
        seconds: how long it plays; 0 for unknown.
        frames: about how many frames; 0 for unknown.
        time_base: seconds of one unit of its times.
        pixel_aspect: width of a pixel by its height, as stored.
        depth: bits of a sample.
    """

    rate: Fraction
    seconds: float
    frames: int
    time_base: Fraction
    pixel_aspect: Fraction
    depth: int


class TimedFrame(NamedTuple):
    """A frame and when it is shown, in seconds; `aspect` is its pixels', seen upright."""

    pixels: Pixels
    time: Fraction
    duration: Fraction
    aspect: Fraction
    interlaced: bool


def probe(path: Path) -> VideoInfo:
    """Look at a video file.

    Raises ScumbleError `no-ffmpeg`, `file-missing`, `not-a-video` or `hdr-video`.
    """
    with _opened(path) as (_, container, stream):
        context = stream.codec_context
        rate = stream.average_rate or stream.guessed_rate or stream.base_rate
        if not rate or not 0 < rate <= 1000:
            raise not_a_video(path, ValueError("no frame rate"))
        transfer = HDR_TRANSFERS.get(int(context.color_trc))
        if transfer:
            raise ScumbleError(
                "hdr-video",
                "{file} is HDR ({transfer}), which Scumble would flatten.",
                hint="Convert it to SDR (tone mapping) in a video editor first.",
                file=path,
                transfer=transfer,
            )
        seconds = 0.0
        if stream.duration:
            seconds = float(stream.duration * stream.time_base)
        elif container.duration:
            seconds = container.duration / 1e6  # microseconds
        return VideoInfo(
            Fraction(rate),
            seconds,
            stream.frames or round(seconds * rate),
            Fraction(stream.time_base),
            Fraction(stream.sample_aspect_ratio or 1),
            context.format.components[0].bits if context.format else 8,
        )


def frames_of(path: Path, damaged: list[str] | None = None) -> Generator[TimedFrame]:
    """All frames in the order in which they are shown; what cannot be decoded is named in `damaged`.

    Raises as :func:`probe`, and `not-a-video` where nothing can be decoded.
    """
    with _opened(path) as (av, container, stream):
        yield from _timed(av, container, stream, path, [] if damaged is None else damaged)


def frame_at(path: Path, seconds: float) -> Pixels | None:
    """The frame that is shown then; None behind the end. Raises as :func:`frames_of`."""
    with _opened(path) as (av, container, stream):
        start = (stream.start_time or 0) * stream.time_base
        target = Fraction(seconds).limit_denominator(10**6) + start
        with contextlib.suppress(av.FFmpegError):  # what cannot be sought is read from the start
            container.seek(int(target / stream.time_base), stream=stream)
        with contextlib.closing(_timed(av, container, stream, path, [])) as frames:
            for frame in frames:
                if frame.time + frame.duration > target:
                    return frame.pixels
    return None


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any, Any]]:
    """The library, the container and its picture stream: not a cover image."""
    av = load(path)
    if not path.is_file():
        if path.exists():
            raise ScumbleError(
                "cannot-read",
                "{file} is not an ordinary file.",
                hint="A video cannot be piped: save it.",
                file=path,
            )
        raise ScumbleError("file-missing", "There is no file {file}.", file=path)
    try:
        container = opened(av, path)
    except (av.FFmpegError, ValueError, UnicodeError) as error:
        raise not_a_video(path, error) from error
    with container:
        streams = [s for s in container.streams.video if not is_cover(s) and s.codec_context]
        if not streams:
            raise not_a_video(path, ValueError("it has no pictures"))
        streams[0].thread_type = "AUTO"
        yield av, container, streams[0]


def _timed(av: Any, container: Any, stream: Any, path: Path, damaged: list[str]) -> Generator[TimedFrame]:
    base, step = Fraction(stream.time_base), 1 / Fraction(stream.average_rate or stream.guessed_rate or 25)
    following: Fraction | None = None
    last: Fraction | None = None
    found = False
    for frame in _decoded(av, container, stream, damaged):
        time = frame.pts * base if frame.pts is not None else following or Fraction(0)
        if last is not None and time <= last:  # AVI does not say in which order its frames are shown
            time = last + step
        last = time
        duration = frame.duration * base if frame.duration else step
        following, found = time + duration, True
        pixels, turned = _upright(frame)
        aspect = Fraction(stream.sample_aspect_ratio or 1)
        yield TimedFrame(pixels, time, duration, 1 / aspect if turned else aspect, frame.interlaced_frame)
    if not found:
        raise not_a_video(path, ValueError(damaged[0] if damaged else "no frame"))


def _decoded(av: Any, container: Any, stream: Any, damaged: list[str]) -> Iterator[Any]:
    decoder = stream.codec_context
    tags = {key.lower(): value for key, value in stream.metadata.items()}
    if tags.get("alpha_mode") == "1" and decoder.name in _WITH_ALPHA:
        # FFmpeg's own decoders of VP8 and VP9 leave alpha out; libvpx's do not.
        decoder = av.CodecContext.create(_WITH_ALPHA[decoder.name], "r")
        decoder.extradata = stream.codec_context.extradata
    for packet in container.demux(stream):
        try:
            yield from decoder.decode(packet if packet.size or decoder is stream.codec_context else None)
        except av.error.InvalidDataError as error:
            damaged.append(str(error))
        except av.error.EOFError:
            return


def _upright(frame: Any) -> tuple[Pixels, bool]:
    """RGB or RGBA, 8 bits or 16, turned as it is to be seen; and whether width and height changed places."""
    alpha = any(component.is_alpha for component in frame.format.components)
    deep = max(component.bits for component in frame.format.components) > 8
    name = ("rgba64le" if deep else "rgba") if alpha else ("rgb48le" if deep else "rgb24")
    matrix = int(frame.colorspace)
    if matrix in _UNSPECIFIED:
        matrix = _BT709 if frame.height > _HD_HEIGHT else _BT601
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        array = frame.reformat(format=name, src_colorspace=matrix).to_ndarray()
    quarter = round((frame.rotation or 0) / 90)  # counter-clockwise
    array = np.ascontiguousarray(np.rot90(array, quarter))
    dtype = "u16" if deep else "u8"
    pixel_format = PixelFormat(dtype, "RGBA" if alpha else "RGB")
    pixels = Pixels(Extent(array.shape[1], array.shape[0]), pixel_format, array.tobytes())
    return pixels, bool(quarter % 2)
