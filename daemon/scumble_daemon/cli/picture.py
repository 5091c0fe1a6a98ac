"""One picture through the daemon: file in, file out. What stylize, sweep and batch do again and again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scumble.errors import ScumbleError
from scumble.pixels.geometry import Extent
from scumble.request import StyleWeight, StylizeRequest
from scumble.reversal import taking_off

from ..image_formats import output_format
from . import report
from .given_styles import GivenStyle
from .options import for_size

if TYPE_CHECKING:
    from scumble import Client, Progress

    from ..cluster.plan import Plan
    from ..images import LoadedImage

# After one of these the next picture fares no better.
HOPELESS = frozenset(
    {"cancelled", "daemon-not-started", "daemon-not-installed", "no-cluster", "no-scheduler", "other-weights"}
)
_NO_SIZE = Extent(0, 0)


@dataclass(frozen=True)
class PictureJob:
    """What is done to each picture; `settings` are for `options.for_size`, `mask` is a file.

    Without `styles` the picture's own is taken off. With `pyramid` a TIFF is written in all halved sizes.
    """

    styles: tuple[GivenStyle, ...]
    settings: dict[str, Any]
    mask: str | None = None
    pyramid: bool = False

    @property
    def styles_and_masks(self) -> list[tuple[StyleWeight, Path | None]]:
        """The styles, each with the file of its mask."""
        return [(style.weight, None if style.mask is None else style.mask.path) for style in self.styles]


@dataclass(frozen=True)
class PictureResult:
    """What became of one picture."""

    source: Path
    output: Path
    size: Extent = _NO_SIZE
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    error: ScumbleError | None = None

    @property
    def exit_code(self) -> int:
        """As in `report.exit_code`; 0 when it is done."""
        return report.exit_code(self.error) if self.error else 0

    def as_dict(self) -> dict[str, Any]:
        """For ``--json`` and reports."""
        head = {"input": str(self.source), "output": str(self.output)}
        if self.error:
            return {**head, "ok": False, "error": self.error.to_dict()}
        width, height = self.size
        return {
            **head,
            "ok": True,
            "width": width,
            "height": height,
            "seconds": round(self.seconds, 3),
            "notes": list(self.notes),
        }


def stylize_file(
    connect: Callable[[], Client],
    source: Path,
    target: Path,
    job: PictureJob,
    *,
    on_progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> PictureResult:
    """Read, stylize, write. `connect` is called once the request is known to be sound.

    Raises ScumbleError.
    """
    from ..images import large, read_mask, write_image

    if job.styles and (job.pyramid or (large.is_large(source) and large.is_available())):
        return _stylize_large(connect, source, target, job, on_progress, cancel)
    started = time.monotonic()
    picture = _read_whole(source)
    mask = read_mask(job.mask, picture.pixels.extent) if job.mask else None
    if job.styles:
        styles = tuple(style.placed(picture.pixels.extent) for style in job.styles)
        settings = for_size(job.settings, picture.pixels.extent)
        request = StylizeRequest(picture.pixels, styles, mask=mask, **settings)
    else:
        request = taking_off(picture.pixels, **job.settings)
    pixels = connect().submit(request).result(on_progress=on_progress, cancel=cancel)
    notes = (*picture.notes, *write_image(target, pixels, like=picture))
    return PictureResult(source, target, pixels.extent, time.monotonic() - started, notes)


def _stylize_large(
    connect: Callable[[], Client],
    source: Path,
    target: Path,
    job: PictureJob,
    on_progress: Callable[[Progress], None] | None,
    cancel: threading.Event | None,
) -> PictureResult:
    """As `stylize_file`, with the pixels in temporary files: for pictures of any size."""
    from ..images import large

    started = time.monotonic()
    pixels, notes = large.read_large(source, on_progress, cancel)
    mask: Any = large.read_large_mask(Path(job.mask), pixels.extent) if job.mask else None
    styles = tuple(style.placed(pixels.extent, in_file=True) for style in job.styles)
    request = StylizeRequest(pixels, styles, mask=mask, **for_size(job.settings, pixels.extent))
    large.check_sides(target, output_format(target), request.bounds.extent)
    result = connect().submit(request).result(on_progress=on_progress, cancel=cancel)
    del pixels, styles, request  # their room on the disk
    written = large.write_large(
        target, result, source, pyramid=job.pyramid, on_progress=on_progress, cancel=cancel
    )
    return PictureResult(source, target, result.extent, time.monotonic() - started, (*notes, *written))


def stylize_on_cluster(
    client: Any,
    plan: Plan,
    source: Path,
    target: Path,
    job: PictureJob,
    *,
    on_progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> PictureResult:
    """As `stylize_file`, in parts on the workers of a dask client, which read beside the target.

    What cannot be done in parts is done by one of them. Raises ScumbleError.
    """
    from ..cluster.parts import paint_spread, paint_whole, why_whole
    from ..images import large, read_mask, write_image

    started, picture = time.monotonic(), None

    def by_one_worker(reason: str) -> PictureResult:
        extent, notes = paint_whole(client, plan, source, target, cancel)
        note = f"{source} was computed by one worker, as a whole: {reason}."
        return PictureResult(source, target, extent, time.monotonic() - started, (note, *notes))

    if reason := why_whole(plan):
        return by_one_worker(reason)
    if job.pyramid or (large.is_large(source) and large.is_available()):
        pixels, notes = large.read_large(source, on_progress, cancel)
        mask: Any = large.read_large_mask(Path(job.mask), pixels.extent) if job.mask else None
    else:
        picture = _read_whole(source)
        pixels, notes = picture.pixels, picture.notes
        mask = read_mask(job.mask, pixels.extent) if job.mask else None
    if reason := why_whole(plan, pixels.extent):
        return by_one_worker(reason)
    result = paint_spread(client, plan, pixels, mask, target.parent, on_progress, cancel)
    del pixels
    if picture is None:
        written = large.write_large(
            target, result, source, pyramid=job.pyramid, on_progress=on_progress, cancel=cancel
        )
    else:
        written = write_image(target, result, like=picture)
    return PictureResult(source, target, result.extent, time.monotonic() - started, (*notes, *written))


def _read_whole(source: Path) -> LoadedImage:
    from ..images import large, read_image

    try:
        return read_image(source)
    except ScumbleError as error:
        if error.code == "image-too-large" and large.is_large(source):
            error.hint = large.INSTALL
        raise


def connect() -> Client:
    """A client; the daemon is started when none runs."""
    from scumble import Client

    return Client.connect()


def as_scumble_error(error: Exception) -> ScumbleError:
    """Whatever one picture has raised, for its line; what nobody expected is kept in the log."""
    if isinstance(error, ScumbleError):
        return error
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        return ScumbleError(
            "cannot-read", "The file system says: {reason}.", detail=repr(error), reason=reason
        )
    return ScumbleError("unexpected", report.unexpected_sentence(error), detail=repr(error))


def say(notes: Sequence[str]) -> None:
    """What reading and writing has changed, one line each."""
    for note in notes:
        report.note(note)
