"""What a video file holds besides its pictures: sound, subtitles, chapters, titles; copied or named."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from .library import is_cover, load, opened

#: By the output's format the codec that sound is encoded anew with, where it cannot be copied.
_SOUND = {"webm": "libopus", "avi": "libmp3lame"}
_USUAL_SOUND = "aac"
#: They describe the old file, or are written by the container itself.
_OWN_TAGS = {"major_brand", "minor_version", "compatible_brands", "encoder", "duration", "creation_time"}


class Carried:
    """Streams of `source` that go along into the container `out`; a context manager.

    Call `until` with the time of each frame, so that sound lies beside its pictures, and `rest` at the
    end. `notes` are sentences about what the format `kind` cannot hold.
    """

    def __init__(self, source: Path, out: Any, kind: str, name: str) -> None:
        self._av, self._kind, self._out, self.notes = load(source), kind, out, list[str]()
        self._stack = contextlib.ExitStack()
        self._container = self._stack.enter_context(opened(self._av, source))
        self._ways: dict[int, Any] = {}
        left: dict[str, int] = {}
        for stream in self._container.streams:
            if not self._take(stream) and stream.index != self._pictures():
                what = _NAMES.get(stream.type, "other streams")
                left[what] = left.get(what, 0) + 1
        if kind != "gif":
            out.metadata.update(_tags(self._container.metadata, _OWN_TAGS))
        if self._container.chapters() and kind in ("mp4", "mov", "matroska", "webm"):
            out.set_chapters(self._container.chapters())
        elif self._container.chapters():
            left["chapters"] = len(self._container.chapters())
        if left:
            parts = ", ".join(f"{count} {what}" for what, count in left.items())
            self.notes.append(f"{name} cannot hold everything that came with the clip; left out: {parts}.")
        self._packets = self._demuxed() if self._ways else iter(())
        self._ahead: Any = None

    def __enter__(self) -> Carried:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stack.close()

    def until(self, time: Fraction) -> None:
        """Write what is heard and read before then (seconds)."""
        while True:
            packet = self._ahead or next(self._packets, None)
            self._ahead = None
            if packet is None:
                return
            when = packet.pts if packet.pts is not None else packet.dts
            if when is not None and when * packet.time_base > time:
                self._ahead = packet
                return
            self._write(packet)

    def rest(self) -> None:
        """Write everything that has not been yet."""
        self.until(Fraction(1 << 60))
        for way in self._ways.values():
            if isinstance(way, tuple):
                encoder, resampler = way
                for frame in [*resampler.resample(None), None]:
                    self._out.mux(encoder.encode(frame))

    def _pictures(self) -> int:
        found = [s for s in self._container.streams.video if not is_cover(s)]
        return found[0].index if found else -1

    def _take(self, stream: Any) -> bool:
        """Make a place for a stream; whether there is one."""
        if stream.type not in ("audio", "subtitle") or self._kind == "gif":
            return False
        codec = stream.codec_context.name if stream.codec_context else ""
        if _holds(self._kind, stream.type, codec):
            with contextlib.suppress(self._av.FFmpegError, ValueError):
                new = self._out.add_stream_from_template(stream, opaque=True)
                new.metadata.update(_tags(stream.metadata, {"DURATION", "ENCODER", "encoder"}))
                new.disposition = stream.disposition
                self._ways[stream.index] = new
                return True
        if stream.type != "audio":
            return False
        encoder = self._out.add_stream(_SOUND.get(self._kind, _USUAL_SOUND), rate=48000)
        layout = stream.codec_context.layout
        if layout.nb_channels > 2 and self._kind == "avi":  # MP3 has no more
            self.notes.append(
                f"Sound of {layout.nb_channels} channels became stereo: .mp4 and .mkv keep them."
            )
            encoder.layout = "stereo"
        else:
            encoder.layout = {1: "mono", 2: "stereo"}.get(layout.nb_channels, layout.name)
        encoder.metadata.update(_tags(stream.metadata, {"DURATION", "ENCODER", "encoder"}))
        encoder.codec_context.open()
        resampler = self._av.AudioResampler(
            encoder.format, encoder.layout, 48000, encoder.codec_context.frame_size or None
        )
        self._ways[stream.index] = (encoder, resampler)
        return True

    def _demuxed(self) -> Iterator[Any]:
        streams = [s for s in self._container.streams if s.index in self._ways]
        for packet in self._container.demux(streams):
            if packet.size:
                yield packet

    def _write(self, packet: Any) -> None:
        way = self._ways[packet.stream.index]
        if not isinstance(way, tuple):
            packet.stream = way
            self._out.mux(packet)
            return
        encoder, resampler = way
        with contextlib.suppress(self._av.error.InvalidDataError):  # a damaged moment of sound
            for frame in packet.decode():
                for piece in resampler.resample(frame):
                    self._out.mux(encoder.encode(piece))


_NAMES = {"video": "further pictures or covers", "audio": "sound tracks", "subtitle": "subtitle tracks",
          "data": "data tracks", "attachment": "attachments"}  # fmt: skip


def _tags(metadata: dict[str, str], without: set[str]) -> dict[str, str]:
    return {
        key: value for key, value in metadata.items() if key not in without and key.lower() not in without
    }


def _holds(kind: str, stream_type: str, codec: str) -> bool:
    """Whether players expect that codec in that kind of file; what a muxer takes is more than that."""
    if stream_type == "subtitle":
        return codec in _SUBTITLES.get(kind, ())
    return codec in _SOUNDS.get(kind, ())


_SUBTITLES = {
    "mp4": ("mov_text",),
    "mov": ("mov_text",),
    "matroska": ("subrip", "srt", "ass", "ssa", "webvtt", "dvdsub", "dvd_subtitle", "pgssub",
                 "hdmv_pgs_subtitle"),
    "webm": ("webvtt",),
}  # fmt: skip
_PCM = ("pcm_s16le", "pcm_s24le", "pcm_s16be", "pcm_s24be", "pcm_f32le")
_SOUNDS = {
    "mp4": ("aac", "mp3", "mp3float", "ac3", "eac3", "alac", "flac", "opus", "libopus"),
    "mov": ("aac", "mp3", "mp3float", "ac3", "eac3", "alac", *_PCM),
    "matroska": ("aac", "mp3", "mp3float", "ac3", "eac3", "alac", "flac", "opus", "libopus", "vorbis",
                 "libvorbis", "dca", "truehd", *_PCM),
    "webm": ("opus", "libopus", "vorbis", "libvorbis"),
    "avi": ("mp3", "mp3float", "ac3", "pcm_s16le"),
}  # fmt: skip
