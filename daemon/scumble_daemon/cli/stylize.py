"""``scumble stylize``: pictures in, stylized pictures out."""

from __future__ import annotations

import contextlib
import functools
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scumble.errors import ScumbleError
from scumble.geometry import Bounds, Extent
from scumble.request import (
    CONTRAST_RANGE,
    DETAIL_RANGE,
    PATCH_RANGE,
    PRESERVE_COLOR,
    STROKE_RANGE,
    TILINGS,
    StyleSource,
    StyleWeight,
    StylizeRequest,
)

from . import report
from .interrupt import cancel_on_interrupt
from .outputs import make_folders, plan_outputs
from .progress import progress_bar

if TYPE_CHECKING:
    from scumble import Client

# After one of these the next picture fares no better.
_HOPELESS = frozenset({"cancelled", "daemon-not-started", "daemon-not-installed"})
_EXAMPLES = """\b
Examples:
  scumble stylize photo.jpg --style painting.jpg -o out.jpg
  scumble stylize photo.jpg --style painting.jpg --weight 0.6 -o out.png
  scumble stylize photo.jpg --style sea.jpg:0.7 --style fire.jpg:0.3 -o out.jpg
  scumble stylize holiday/*.jpg --style painting.jpg -o styled/
  scumble stylize photo.jpg --style painting.jpg --mask sky.png -o out.jpg
  scumble stylize photo.jpg --style painting.jpg --region 100,50,640,480 -o part.png
"""


def parse_style(text: str) -> tuple[Path, float]:
    """Split ``path:0.6`` into path and share; without a share it is 1.

    A file of the whole name wins, so a colon in a file name or a drive letter does no harm.
    """
    path, colon, share = text.rpartition(":")
    if not colon or not path or Path(text).exists() or not _is_number(share):
        return Path(text), 1.0
    return Path(path), float(share)


def parse_region(text: str) -> Bounds:
    """``X,Y,W,H`` as bounds. Raises ValueError."""
    x, y, width, height = (int(part) for part in text.split(","))
    if x < 0 or y < 0 or width < 1 or height < 1:
        raise ValueError(text)
    return Bounds(x, y, width, height)


def _region_option(_ctx: click.Context, _option: click.Parameter, text: str | None) -> Bounds | None:
    try:
        return parse_region(text) if text is not None else None
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is not X,Y,W,H: four whole numbers, such as 100,50,640,480."
        ) from None


def _device_option(_ctx: click.Context, _option: click.Parameter, name: str) -> str:
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d{1,2})?", name):
        raise click.BadParameter(f"{name!r} is not one of auto, cpu, cuda.")
    return name


@click.command(epilog=_EXAMPLES)
@click.argument("inputs", metavar="IN...", nargs=-1, required=True)
@click.option(
    "--style",
    "styles",
    metavar="STYLE[:W]",
    multiple=True,
    required=True,
    help="An image to take the style from, and its share in a mix. Can be repeated.",
)
@click.option(
    "-o",
    "--output",
    metavar="OUT|DIR",
    required=True,
    help="The file to write, or a folder. Several inputs need a folder.",
)
@click.option(
    "--weight",
    metavar="0..1",
    type=click.FloatRange(0, 1),
    default=1.0,
    help="Strength of the style: 0 returns the picture, 1 is the full effect.",
)
@click.option("--mask", metavar="IMAGE", help="Where to stylize: white is, black is not.")
@click.option(
    "--region",
    metavar="X,Y,W,H",
    callback=_region_option,
    help="Compute and write only this part of the picture.",
)
@click.option(
    "--engine",
    metavar="NAME",
    default="microast",
    show_default=True,
    help="The model, see scumble models list.",
)
@click.option(
    "--device", metavar="auto|cpu|cuda", default="auto", callback=_device_option, help="Where to compute."
)
@click.option(
    "--tiling",
    type=click.Choice(TILINGS),
    default="auto",
    help="How large pictures are cut; exact equals full at any size.",
)
@click.option("--patch", metavar="N", type=click.IntRange(*PATCH_RANGE), help="Side of a patch in pixels.")
@click.option(
    "--stroke-size",
    metavar="0.5..4",
    type=click.FloatRange(*STROKE_RANGE),
    default=1.0,
    help="2 makes strokes twice as large, 0.5 half as large; the picture stays as sharp.",
)
@click.option(
    "--preserve-color",
    type=click.Choice(PRESERVE_COLOR),
    default="off",
    help="Keep the picture's hues (luminance) or its palette as a whole.",
)
@click.option(
    "--contrast",
    metavar="0.5..2",
    type=click.FloatRange(*CONTRAST_RANGE),
    default=1.0,
    help="Contrast of the result.",
)
@click.option(
    "--detail",
    metavar="0..1",
    type=click.FloatRange(*DETAIL_RANGE),
    default=0.0,
    help="How much of the picture's fine structure returns.",
)
@click.option("--json", "wants_json", is_flag=True, help="Print the results as JSON.")
def command(
    inputs: Sequence[str],
    styles: Sequence[str],
    output: str,
    weight: float,
    mask: str | None,
    region: Bounds | None,
    wants_json: bool,
    **settings: Any,
) -> int:
    """Stylize pictures: JPEG, PNG (8 and 16 bit), TIFF and WebP.

    The result has the size and depth of the picture, and keeps its colour profile and EXIF.
    The daemon is started when none runs.
    """  # fmt: skip
    paths = [Path(name) for name in inputs]
    parsed = [parse_style(text) for text in styles]
    read_only = [*paths, *(path for path, _ in parsed), *([Path(mask)] if mask else [])]
    targets = plan_outputs(paths, output, "+".join(path.stem for path, _ in parsed), read_only)
    loaded = tuple(_load_style(path, share) for path, share in parsed)
    make_folders(targets)
    job = _Job(loaded, {"weight": weight, "region": region, **settings}, mask)
    results = _run_all(list(zip(paths, targets, strict=True)), job, wants_json)
    if wants_json:
        report.as_json({"results": [result.as_dict() for result in results]})
    return max(result.exit_code for result in results)


@dataclass(frozen=True)
class _Job:
    styles: tuple[StyleWeight, ...]
    settings: dict[str, Any]
    mask: str | None


_NO_SIZE = Extent(0, 0)


@dataclass(frozen=True)
class _Result:
    source: Path
    output: Path
    size: Extent = _NO_SIZE
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    error: ScumbleError | None = None

    @property
    def exit_code(self) -> int:
        return report.exit_code(self.error) if self.error else 0

    def as_dict(self) -> dict[str, Any]:
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


def _load_style(path: Path, share: float) -> StyleWeight:
    from ..images import read_image

    loaded = read_image(path)
    _say(loaded.notes)
    return StyleWeight(StyleSource(pixels=loaded.pixels), share)


def _run_all(pairs: list[tuple[Path, Path]], job: _Job, quiet: bool) -> list[_Result]:
    """One result for each pair: a picture that fails does not stop the others."""
    results: list[_Result] = []
    with contextlib.ExitStack() as stack:
        connect = functools.cache(lambda: stack.enter_context(_connect()))
        for source, target in pairs:
            try:
                result = _stylize_one(connect, source, target, job)
            except ScumbleError as error:
                result = _Result(source, target, error=error)
                report.error(error, str(source) if len(pairs) > 1 else "")
            results.append(result)
            if not result.error and not quiet:
                width, height = result.size
                report.done(f"{result.output} ({width}x{height}, {result.seconds:.1f} s)")
            if result.error and result.error.code in _HOPELESS:
                break
    # What was not tried failed for the same reason.
    rest = pairs[len(results) :]
    return results + [_Result(s, t, error=results[-1].error) for s, t in rest]


def _connect() -> Client:
    from scumble import Client

    return Client.connect()


def _stylize_one(connect: Callable[[], Client], source: Path, target: Path, job: _Job) -> _Result:
    from ..images import read_image, read_mask, write_image

    started = time.monotonic()
    picture = read_image(source)
    mask = read_mask(job.mask, picture.pixels.extent) if job.mask else None
    request = StylizeRequest(picture.pixels, job.styles, mask=mask, **job.settings)
    client = connect()  # only now: a misspelt name starts no daemon
    with cancel_on_interrupt() as cancel, progress_bar(source.name) as on_progress:
        pixels = client.submit(request).result(on_progress=on_progress, cancel=cancel)
    notes = (*picture.notes, *write_image(target, pixels, like=picture))
    _say(notes)
    seconds = time.monotonic() - started
    return _Result(source, target, pixels.extent, seconds, notes)


def _say(notes: Sequence[str]) -> None:
    for note in notes:
        report.note(note)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
