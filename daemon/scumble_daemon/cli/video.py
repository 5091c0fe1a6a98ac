"""``scumble video``: a clip in, a clip out, and what does not move does not flicker."""

from __future__ import annotations

import dataclasses
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scumble.errors import ScumbleError
from scumble.request import MAX_REFERENCES, StylizeRequest

from . import report
from .given_styles import GivenStyle, load_styles, with_recipe
from .interrupt import cancel_on_interrupt
from .options import engine_options, json_option, preset_option, style_option, weight_option
from .outputs import refuse_overwriting
from .picture import connect
from .piping import refuse_pipe
from .progress import progress_bar
from .style_text import style_files

if TYPE_CHECKING:
    from scumble import Client, Pixels, Progress

    from ..video.frames import Frame, Sink, Source
    from ..video.painted import Earlier

_EXAMPLES = """\b
Examples:
  scumble video clip.mp4 --style irises -o painted.mp4
  scumble video frames/ --style irises --style comic:0.5 -o painted/
  scumble video frames/ --style ink-wash --fps 24 -o painted.mp4
  scumble video clip.mp4 --style irises --references 0 -o painted/
  scumble video film.mp4 --style irises -o painted.mp4 --resume   (again: goes on)
"""
#: Frames on their way at once: one is computed while others are read and written.
AHEAD = 3


def _fps(_ctx: click.Context, _option: click.Parameter, text: str | None) -> Fraction | None:
    try:
        rate = Fraction(text) if text is not None else None
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if rate is not None and not 0 < rate <= 1000:
        raise click.BadParameter(f"{text!r} is not a number of frames per second, such as 25 or 30000/1001.")
    return rate


@click.command(epilog=_EXAMPLES)
@click.argument("source", metavar="VIDEO|DIR", type=click.Path(path_type=Path))
@style_option
@preset_option
@click.option("-o", "--output", metavar="VIDEO|DIR", required=True, help="A video file, or a folder.")
@weight_option
@click.option(
    "--references",
    metavar="N",
    type=click.IntRange(0, MAX_REFERENCES),
    default=4,
    show_default=True,
    help="Frames, spread over the clip, whose statistics count for all; 0: each frame by itself, "
    "which flickers.",
)
@click.option(
    "--fps", callback=_fps, help="Frames per second of a video made from a folder; 25 unless you say so."
)
@click.option(
    "--resume",
    is_flag=True,
    help="Keep painted frames until the clip is whole, and leave out those of an earlier run that was ended.",
)
@engine_options
@json_option
def command(
    source: Path,
    styles: Sequence[str],
    output: str,
    weight: float,
    references: int,
    fps: Fraction | None,
    resume: bool,
    wants_json: bool,
    **settings: Any,
) -> None:
    """Stylize a clip, frame by frame with one set of statistics, so that it is steady.

    A clip is a folder of pictures or, with the extra video installed, a video file. Each frame keeps its
    time; sound, subtitles, chapters and titles come along, or one note says which do not. HDR is refused.
    """  # fmt: skip
    refuse_pipe((str(source), output), "A video")
    target = Path(output)
    to_video = _names_video(output)
    for path in style_files(styles):
        refuse_overwriting(target, [path])
    if _same(source, target):
        raise click.UsageError(f"{target} is the clip itself and is not overwritten: choose another name.")
    given = load_styles(styles)
    chosen = with_recipe(given, {"weight": weight, **settings})
    clip = _open(source)
    sink = _sink(source, clip, target, to_video, fps)
    started = time.monotonic()
    _check_room(clip, target, to_video, resume)
    with connect() as client, cancel_on_interrupt() as cancel, progress_bar(source.name) as show:
        with sink:
            earlier = _earlier(target, to_video) if resume else None
            deciding = tuple(clip.sample(references)) if references else ()
            run = _Run(client, cancel, _told(clip.count, show), given, chosen, deciding, earlier)
            run.all(clip, sink)
        if earlier is not None:
            earlier.discard()
    seconds = time.monotonic() - started
    if wants_json:
        row = {"output": output, "frames": run.count, "references": len(deciding), "earlier": run.found}
        report.as_json({**row, "seconds": round(seconds, 3)})
    else:
        painted = f", {run.found} of them painted earlier" if run.found else ""
        report.done(f"{output} ({run.count} frames{painted}, {seconds:.1f} s)")


@dataclasses.dataclass
class _Run:
    client: Client
    cancel: threading.Event
    tell: Callable[[int], None]
    styles: Sequence[GivenStyle]
    settings: dict[str, Any]
    references: tuple[Pixels, ...]
    earlier: Earlier | None
    count: int = 0
    found: int = 0
    _notes: set[str] = dataclasses.field(default_factory=set)

    def all(self, clip: Source, sink: Sink) -> None:
        """Stylize all frames. Raises ScumbleError for the first that fails."""
        waiting: deque[tuple[Frame, str, Any]] = deque()
        whole = self._clip_key()
        try:
            for frame in clip.frames():
                key = self._key(whole, frame)
                painted = self.earlier.find(frame, key) if self.earlier else None
                while waiting and (painted or len(waiting) >= AHEAD):
                    self._finish(*waiting.popleft(), sink)
                if painted:
                    painted(sink)
                    self.found += 1
                    self._told_one()
                else:
                    waiting.append((frame, key, self._submit(frame)))
            while waiting:
                self._finish(*waiting.popleft(), sink)
        finally:
            for _, _, job in waiting:  # after an error nobody wants them
                job.cancel()
        if not self.count:
            raise ScumbleError("not-a-video", "The clip has no frames.")
        for note in clip.notes:
            report.note(note)

    def _clip_key(self) -> bytes:
        """Of all that every frame depends on; empty where nobody will ask."""
        if self.earlier is None:
            return b""
        from importlib.metadata import version

        from ..video.painted import clip_key

        engine = self.settings["engine"]
        weights = [model["sha256"] for model in self.client.models() if model["name"] == engine]
        styles = [(style.identity.hex(), style.weight.weight) for style in self.styles]
        made_of = {**self.settings, "styles": styles, "weights": weights, "version": version("scumble")}
        return clip_key(made_of, self.references)

    def _key(self, whole: bytes, frame: Frame) -> str:
        from ..video.painted import frame_key

        return frame_key(whole, frame.pixels) if self.earlier else ""

    def _submit(self, frame: Frame) -> Any:
        placed = tuple(style.placed(frame.pixels.extent) for style in self.styles)
        request = StylizeRequest(frame.pixels, placed, references=self.references, **self.settings)
        return self.client.submit(request)

    def _finish(self, frame: Frame, key: str, job: Any, sink: Sink) -> None:
        result = job.result(cancel=self.cancel)
        for note in sink.write(frame, result):
            if note.partition(" ")[2] not in self._notes:  # the name of the frame aside it is said once
                report.note(note)
                self._notes.add(note.partition(" ")[2])
        if self.earlier is not None:
            self.earlier.keep(frame, key, result)
        self._told_one()

    def _told_one(self) -> None:
        self.count += 1
        self.tell(self.count)


def _earlier(target: Path, to_video: bool) -> Earlier:
    from ..video.painted import FramesBeside, FramesInFolder

    return FramesBeside(target) if to_video else FramesInFolder(target)


def _open(source: Path) -> Source:
    from ..video.frames import FolderSource, VideoSource

    return FolderSource(source) if source.is_dir() else VideoSource(source)


def _sink(source: Path, clip: Source, target: Path, to_video: bool, fps: Fraction | None) -> Any:
    from ..video.frames import FolderSink, VideoSink

    if not to_video:
        return FolderSink(target)
    if clip.rate and fps:
        raise click.UsageError(f"{source} has its own speed: leave --fps away.")
    rate = clip.rate or fps or Fraction(25)
    return VideoSink(target, rate, source if clip.rate else None, getattr(clip, "time_base", None))


def _check_room(clip: Source, target: Path, to_video: bool, kept: bool) -> None:
    from ..video.frames import check_room

    first = clip.sample(1)
    if first:
        kinds = ("video", "folder") if to_video and kept else ("video",) if to_video else ("folder",)
        check_room(clip.count, first[0].extent, target.parent if to_video else target, kinds)


def _names_video(output: str) -> bool:
    from ..video.frames import VIDEO_SUFFIXES

    target = Path(output)
    if output.endswith(("/", os.sep)) or target.is_dir() or not target.suffix:
        return False
    if target.suffix.lower() not in VIDEO_SUFFIXES:
        kinds = ", ".join(sorted(VIDEO_SUFFIXES))
        raise click.UsageError(
            f"{target} is no video that Scumble writes ({kinds}); end a folder with a slash."
        )
    return True


def _same(one: Path, other: Path) -> bool:
    return os.path.normcase(one.resolve()) == os.path.normcase(other.resolve())


def _told(total: int, show: Callable[[Progress], None] | None) -> Callable[[int], None]:
    from scumble import Progress

    started = time.monotonic()

    def tell(done: int) -> None:
        if show is not None:
            left = (time.monotonic() - started) / done * max(0, total - done)
            show(Progress(done, max(total, done), "frames", left))

    return tell
