"""``scumble batch``: many pictures, and nothing lost when some fail or the power does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ..storage.batch_journal import Journal, job_key
from . import report
from .batch_find import PassedOver, find_pictures
from .batch_plan import Picture, plan
from .batch_report import Report, Told
from .batch_run import Batch, Outcome, locally, on_cluster
from .given_styles import GivenStyle, load_styles, with_recipe
from .interrupt import cancel_on_interrupt
from .options import (
    engine_options,
    json_option,
    preset_option,
    scheduler_option,
    stroke_pixels_option,
    style_option,
    weight_option,
)
from .outputs import make_folders
from .picture import PictureJob
from .piping import refuse_pipe
from .progress import batch_table
from .style_text import style_files, style_label

_EXAMPLES = """\b
Examples:
  scumble batch holiday/ --style irises -o styled/
  scumble batch holiday/ --recursive --style irises:0.7 --style comic:0.3 -o styled/ --resume
  scumble batch "frames/*.png" --style ink-wash -o out/ --pattern "{stem}-{style}.jpg"
  scumble batch holiday/ --style irises -o styled/ --report report.jsonl
  scumble batch scans/ --style irises -o styled/ --resume --scheduler tcp://head:8786
"""


@click.command(epilog=_EXAMPLES)
@click.argument("places", metavar="DIR|GLOB|FILE...", nargs=-1, required=True)
@style_option
@preset_option
@click.option(
    "-o",
    "--output",
    metavar="DIR",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder for the results; it is made when it is not there.",
)
@weight_option
@click.option(
    "--mask", metavar="IMAGE", help="For all pictures, and of their size: white is stylized, black is kept."
)
@click.option(
    "--recursive", is_flag=True, help="Folders in folders as well; the output gets the same folders."
)
@click.option(
    "--resume", is_flag=True, help="Leave out what is there, made of the same input by the same settings."
)
@click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(1, 16),
    default=2,
    show_default=True,
    help="Pictures on their way at once: one is computed while others are read and written.",
)
@click.option(
    "--pattern",
    default="{stem}-{style}{suffix}",
    show_default=True,
    help="Names of outputs: {stem} {name} {suffix} {style} {weight} {engine} {index}.",
)
@click.option(
    "--report", "report_file", metavar="FILE.jsonl", help="One line of JSON for each picture; - for stdout."
)
@scheduler_option
@engine_options
@stroke_pixels_option
@json_option
def command(
    places: Sequence[str],
    styles: Sequence[str],
    output: Path,
    weight: float,
    mask: str | None,
    recursive: bool,
    resume: bool,
    jobs: int,
    pattern: str,
    report_file: str | None,
    scheduler: str | None,
    stroke_pixels: float | None,
    wants_json: bool,
    **settings: Any,
) -> int:
    """Stylize the pictures of folders, patterns and files into the folder -o.

    A picture that fails is one line on stderr and does not stop the others. Exit code 1 when any
    failed, 130 after Ctrl-C; what is finished by then stays, and --resume goes on from there.
    Files of formats that are not read are counted; pipes, sockets and devices are never opened.
    """  # fmt: skip
    refuse_pipe((*places, str(output)), "A batch")
    journal = Journal(output)
    passed = PassedOver()
    pictures = find_pictures(places, recursive, output, journal.outputs(), passed)
    if stroke_pixels is not None and scheduler is not None:
        raise click.UsageError("With --scheduler give --stroke-size.")
    given = load_styles(styles)
    chosen = with_recipe(given, {"weight": weight, **settings})
    if stroke_pixels is not None:
        chosen["stroke_pixels"] = stroke_pixels
    fields = {"style": style_label(styles), "weight": f"{chosen['weight']:g}", "engine": chosen["engine"]}
    read_only = [*style_files(styles), *([Path(mask)] if mask else [])]
    planned = plan(pictures, output, pattern, fields, read_only)
    make_folders([output / "here", *(picture.target for picture in planned)])
    job = PictureJob(given, chosen, mask)
    batch = Batch(job, _fingerprint(job, given), journal, resume)
    lines = Report(report_file, planned)
    outcomes = _run(batch, planned, jobs, scheduler, lines)
    for sentence in (*passed.sentences(), journal.problem):
        if sentence:
            report.note(sentence)
    counts = Counter(outcome.status for outcome in outcomes)
    if wants_json:
        results = [outcome.as_dict() for outcome in outcomes]
        report.as_json({"counts": counts, "passed over": passed.kinds, "results": results})
    elif report_file != "-":
        report.done(_summary(counts, output))
    return max(int(bool(passed.folders or lines.failed)), *(outcome.exit_code for outcome in outcomes))


def _run(
    batch: Batch,
    planned: list[Picture],
    jobs: int,
    scheduler: str | None,
    lines: Report,
) -> list[Outcome]:
    batch.journal.compact()
    outcomes: list[Outcome] = []
    told = Told()
    with cancel_on_interrupt() as cancel, batch_table(len(planned)) as table:
        if scheduler is None:
            ended = locally(batch, planned, jobs, table, cancel)
        else:
            ended = on_cluster(batch, planned, scheduler, cancel)
        for outcome in ended:
            outcomes.append(outcome)
            lines.write(outcome.as_dict())
            table.count(outcome.status)
            told.add(outcome.result)
    told.say_notes()
    return outcomes


def _fingerprint(job: PictureJob, styles: Sequence[GivenStyle]) -> dict[str, Any]:
    """What all outputs depend on besides their inputs."""
    from importlib.metadata import version

    mask = job_key({}, Path(job.mask)) if job.mask and Path(job.mask).is_file() else None
    pairs = [(style.identity.hex(), style.weight.weight) for style in styles]
    return {**job.settings, "styles": pairs, "mask": mask, "version": version("scumble")}


def _summary(counts: Counter[str], output: Path) -> str:
    known = ("done", "skipped", "failed", "not done")
    parts = [f"{counts[status]} {status}" for status in known if counts[status]]
    return f"{output}: {', '.join(parts)}"
