"""``scumble stylize``: pictures in, stylized pictures out."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from scumble.pixels.geometry import Bounds

from ..image_formats import output_format
from . import report
from .given_styles import load_styles, with_recipe
from .interrupt import cancel_on_interrupt
from .learning import learn_given, photo_to_learn_on
from .options import (
    engine_options,
    json_option,
    preset_option,
    scheduler_option,
    stroke_pixels_option,
    style_option,
    weight_option,
)
from .outputs import make_folders, plan_outputs
from .picture import (
    HOPELESS,
    PictureJob,
    PictureResult,
    as_scumble_error,
    connect,
    say,
    stylize_file,
    stylize_on_cluster,
)
from .piping import Pipes, format_option
from .progress import progress_bar
from .style_text import style_files, style_label

_EXAMPLES = """\b
Examples:
  scumble stylize photo.jpg --style painting.jpg -o out.jpg
  scumble stylize photo.jpg --style painting.jpg --strength 0.6 -o out.png
  scumble stylize photo.jpg --style painting.jpg --learn -o out.jpg
  scumble stylize photo.jpg --style irises -o out.jpg
  scumble stylize photo.jpg --style irises:0.7 --style painting.jpg:0.3 -o out.jpg
  scumble stylize holiday/*.jpg --style painting.jpg -o styled/
  scumble stylize photo.jpg --style irises@sky.png --style painting.jpg@ground.png -o out.jpg
  scumble stylize photo.jpg --style painting.jpg --mask sky.png -o out.jpg
  scumble stylize photo.jpg --style painting.jpg --region 100,50,640,480 -o part.png
  cat photo.jpg | scumble stylize - --style irises -o - > out.png
  scumble stylize map.tif --style painting.jpg -o styled.tif --scheduler tcp://head:8786
"""


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


@click.command(epilog=_EXAMPLES)
@click.argument("inputs", metavar="IN...", nargs=-1, required=True)
@style_option
@preset_option
@click.option(
    "-o",
    "--output",
    metavar="OUT|DIR",
    required=True,
    help="The file to write, or a folder. Several inputs need a folder.",
)
@weight_option
@click.option(
    "--mask", metavar="IMAGE", help="Where to stylize, of the size of the picture: white is, black is not."
)
@click.option(
    "--region",
    metavar="X,Y,W,H",
    callback=_region_option,
    help="Compute and write only this part of the picture.",
)
@engine_options
@stroke_pixels_option
@scheduler_option
@click.option(
    "--learn",
    "wants_learning",
    is_flag=True,
    help="Learn the styles first, unless they are learned: a minute or two, and only once.",
)
@click.option("--pyramid", is_flag=True, help="Write a TIFF that also holds all halved sizes, for viewers.")
@format_option
@json_option
def command(
    inputs: Sequence[str],
    styles: Sequence[str],
    output: str,
    weight: float,
    mask: str | None,
    region: Bounds | None,
    wants_learning: bool,
    pyramid: bool,
    scheduler: str | None,
    stroke_pixels: float | None,
    wants_json: bool,
    output_name: str | None,
    **settings: Any,
) -> int:
    """Stylize pictures: JPEG, PNG (8 and 16 bit), TIFF, WebP, AVIF, PSD, and HEIC, raw and EXR by extras.

    The result has the size and depth of the picture, and keeps its colour profile and EXIF.
    The daemon is started when none runs. With - as its name a picture comes from a pipe, or goes into one.
    """  # fmt: skip
    pipes = Pipes(inputs, output, output_name, wants_json)
    with pipes.opened():
        return _stylize(
            pipes, styles, weight, mask, region, wants_learning, pyramid, scheduler, stroke_pixels,
            wants_json, settings,
        )  # fmt: skip


def _stylize(
    pipes: Pipes,
    styles: Sequence[str],
    weight: float,
    mask: str | None,
    region: Bounds | None,
    wants_learning: bool,
    pyramid: bool,
    scheduler: str | None,
    stroke_pixels: float | None,
    wants_json: bool,
    settings: dict[str, Any],
) -> int:
    paths, output = [Path(name) for name in pipes.inputs], pipes.output
    read_only = [*paths, *style_files(styles), *([Path(mask)] if mask else [])]
    targets = plan_outputs(paths, output, style_label(styles), read_only)
    if pyramid and any(output_format(target) != "TIFF" for target in targets):
        raise click.UsageError("A pyramid is a TIFF: give -o a name that ends in .tif.")
    if wants_learning and scheduler is not None:
        raise click.UsageError("Learn the style on this machine first: scumble styles learn")
    if stroke_pixels is not None and scheduler is not None:
        raise click.UsageError("With --scheduler give --stroke-size.")
    given = load_styles(styles)
    make_folders(targets)
    chosen = with_recipe(given, {"weight": weight, **settings})
    if stroke_pixels is not None:
        chosen["stroke_pixels"] = stroke_pixels
    if wants_learning:
        with connect() as client:
            photo = photo_to_learn_on(paths)
            learn_given(client, given, photo, engine=chosen["engine"], device=chosen["device"])
    job = PictureJob(given, {**chosen, "region": region}, mask, pyramid)
    results = run_all(
        list(zip(paths, targets, strict=True)), job, scheduler, wants_json or pipes.writes, pipes
    )
    if wants_json:
        report.as_json({"results": [result.as_dict() for result in results]})
    return max(result.exit_code for result in results)


def run_all(
    pairs: list[tuple[Path, Path]], job: PictureJob, scheduler: str | None, quiet: bool, pipes: Pipes
) -> list[PictureResult]:
    """One result for each pair: a picture that fails does not stop the others."""
    results: list[PictureResult] = []
    with contextlib.ExitStack() as stack:
        if scheduler is None:
            client = functools.cache(lambda: stack.enter_context(connect()))
            stylize_one = functools.partial(stylize_file, client)
        else:
            stylize_one = functools.partial(stylize_on_cluster, *_cluster(stack, scheduler, job))
        for source, target in pairs:
            try:
                with cancel_on_interrupt() as cancel, progress_bar(source.name) as on_progress:
                    result = stylize_one(source, target, job, on_progress=on_progress, cancel=cancel)
                say([pipes.named(note) for note in result.notes])
            except Exception as raised:
                error = as_scumble_error(raised)
                error.message = pipes.named(error.message)
                result = PictureResult(source, target, error=error)
                report.error(error, str(source) if len(pairs) > 1 else "")
            results.append(result)
            if not result.error and not quiet:
                width, height = result.size
                report.done(f"{result.output} ({width}x{height}, {result.seconds:.1f} s)")
            if result.error and result.error.code in HOPELESS:
                break
    # What was not tried failed for the same reason.
    rest = pairs[len(results) :]
    return results + [PictureResult(s, t, error=results[-1].error) for s, t in rest]


def _cluster(stack: contextlib.ExitStack, scheduler: str, job: PictureJob) -> tuple[Any, Any]:
    """A dask client, and the plan for its workers."""
    from ..cluster.connect import connected
    from ..cluster.plan import make_plan

    client = stack.enter_context(connected(scheduler))
    mask = Path(job.mask) if job.mask else None
    return client, make_plan(job.styles_and_masks, job.settings, mask, job.pyramid)
