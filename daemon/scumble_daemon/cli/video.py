"""``scumble video``: a clip in, a clip out, and what does not move does not flicker."""

from __future__ import annotations

import dataclasses
import itertools
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
from .options import engine_options, json_option, style_option, weight_option
from .outputs import refuse_overwriting
from .picture import connect
from .piping import refuse_pipe
from .progress import progress_bar
from .style_text import style_files

if TYPE_CHECKING:
    from scumble import Client, Pixels, Progress

    from ..video.frames import Frame, Sink, Source

_EXAMPLES = """\b
Examples:
  scumble video clip.mp4 --style irises -o painted.mp4
  scumble video frames/ --style irises --style comic:0.5 -o painted/
  scumble video frames/ --style ink-wash --fps 24 -o painted.mp4
  scumble video clip.mp4 --style irises --references 0 -o painted/
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
@engine_options
@json_option
def command(
    source: Path,
    styles: Sequence[str],
    output: str,
    weight: float,
    references: int,
    fps: Fraction | None,
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
    _check_room(clip, target, to_video)
    with sink, connect() as client, cancel_on_interrupt() as cancel, progress_bar(source.name) as show:
        deciding = tuple(clip.sample(references)) if references else ()
        count = _Run(client, cancel, _told(clip.count, show)).all(clip, sink, given, chosen, deciding)
    seconds = time.monotonic() - started
    if wants_json:
        row = {"output": output, "frames": count, "references": len(deciding), "seconds": round(seconds, 3)}
        report.as_json(row)
    else:
        report.done(f"{output} ({count} frames, {seconds:.1f} s)")


@dataclasses.dataclass
class _Run:
    client: Client
    cancel: threading.Event
    tell: Callable[[int], None]

    def all(
        self,
        clip: Source,
        sink: Sink,
        styles: Sequence[GivenStyle],
        settings: dict[str, Any],
        references: tuple[Pixels, ...],
    ) -> int:
        """Stylize all frames; returns how many. Raises ScumbleError for the first that fails."""
        waiting: deque[tuple[Frame, Any]] = deque()
        written, notes = 0, set[str]()
        try:
            for frame in itertools.chain(clip.frames(), [None] * AHEAD):
                if frame is not None:
                    placed = tuple(style.placed(frame.pixels.extent) for style in styles)
                    request = StylizeRequest(frame.pixels, placed, references=references, **settings)
                    waiting.append((frame, self.client.submit(request)))
                if waiting and (frame is None or len(waiting) >= AHEAD):
                    self._finish(*waiting.popleft(), sink, notes)
                    written += 1
                    self.tell(written)
        finally:
            for _, job in waiting:  # after an error nobody wants them
                job.cancel()
        if not written:
            raise ScumbleError("not-a-video", "The clip has no frames.")
        for note in clip.notes:
            report.note(note)
        return written

    def _finish(self, frame: Frame, job: Any, sink: Sink, notes: set[str]) -> None:
        result = job.result(cancel=self.cancel)
        for note in sink.write(frame, result):
            if note.partition(" ")[2] not in notes:  # the name of the frame aside it is said once
                report.note(note)
                notes.add(note.partition(" ")[2])


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


def _check_room(clip: Source, target: Path, to_video: bool) -> None:
    from ..video.frames import check_room

    first = clip.sample(1)
    if first:
        check_room(clip.count, first[0].extent, target.parent if to_video else target, to_video)


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
