"""``scumble batch``: many pictures, and nothing lost when some fail or the power does."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from scumble.errors import ScumbleError

from . import report
from .batch_journal import Journal, job_key
from .batch_plan import Picture, find_pictures, plan
from .given_styles import GivenStyle, load_styles, with_recipe
from .interrupt import cancel_on_interrupt
from .options import engine_options, json_option, style_option, weight_option
from .outputs import make_folders
from .picture import HOPELESS, PictureJob, PictureResult, connect, stylize_file
from .progress import batch_table
from .style_text import style_files, style_label

if TYPE_CHECKING:
    from scumble import Client

_EXAMPLES = """\b
Examples:
  scumble batch holiday/ --style irises -o styled/
  scumble batch holiday/ --recursive --style irises:0.7 --style comic:0.3 -o styled/ --resume
  scumble batch "frames/*.png" --style ink-wash -o out/ --pattern "{stem}-{style}.jpg"
  scumble batch holiday/ --style irises -o styled/ --report report.jsonl
"""


@click.command(epilog=_EXAMPLES)
@click.argument("places", metavar="DIR|GLOB|FILE...", nargs=-1, required=True)
@style_option
@click.option(
    "-o", "--output", metavar="DIR", required=True, type=click.Path(path_type=Path, file_okay=False)
)
@weight_option
@click.option("--mask", metavar="IMAGE", help="For all pictures: white is stylized, black is kept.")
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
@engine_options
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
    wants_json: bool,
    **settings: Any,
) -> int:
    """Stylize the pictures of folders, patterns and files into the folder -o.

    A picture that fails is one line on stderr and does not stop the others. Exit code 1 when any
    failed, 130 after Ctrl-C; what is finished by then stays, and --resume goes on from there.
    """  # fmt: skip
    pictures = find_pictures(places, recursive, output)
    given = load_styles(styles)
    chosen = with_recipe(given, {"weight": weight, **settings})
    fields = {"style": style_label(styles), "weight": f"{chosen['weight']:g}", "engine": chosen["engine"]}
    read_only = [*style_files(styles), *([Path(mask)] if mask else [])]
    planned = plan(pictures, output, pattern, fields, read_only)
    make_folders([output / "here", *(picture.target for picture in planned)])
    job = PictureJob(given, chosen, mask)
    batch = _Batch(job, _fingerprint(job, given), Journal(output), resume)
    with _report_to(report_file, planned) as write:
        outcomes = _run(batch, planned, jobs, write)
    counts = Counter(outcome.status for outcome in outcomes)
    if wants_json:
        report.as_json({"counts": counts, "results": [outcome.as_dict() for outcome in outcomes]})
    elif report_file != "-":
        report.done(_summary(counts, output))
    return max(outcome.exit_code for outcome in outcomes)


@dataclass(frozen=True)
class _Outcome:
    """What became of one picture: `status` is done, skipped or failed."""

    status: str
    result: PictureResult

    @property
    def exit_code(self) -> int:
        return self.result.exit_code

    def as_dict(self) -> dict[str, Any]:
        fields = self.result.as_dict()
        if self.status == "skipped":
            fields = {key: fields[key] for key in ("input", "output", "ok")}
        return {"status": self.status, **fields}


class _Connection:
    """A client, made by whichever picture is first; when that fails it has failed for all."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self._stack = stack
        self._lock = threading.Lock()
        self._client: Client | None = None
        self._weights: dict[str, str] | None = None
        self.error: ScumbleError | None = None

    def get(self) -> Client:
        with self._lock:
            if self.error is not None:
                raise self.error
            if self._client is None:
                try:
                    self._client = self._stack.enter_context(connect())
                except ScumbleError as error:
                    self.error = error
                    raise
            return self._client

    def weights(self, engine: str) -> str:
        """The sha256 of the weights that the daemon has for an engine; empty when it has none.

        Raises ScumbleError.
        """
        client = self.get()
        with self._lock:
            if self._weights is None:
                self._weights = {model["name"]: model["sha256"] for model in client.models()}
        return self._weights.get(engine, "")


@dataclass(frozen=True)
class _Batch:
    job: PictureJob
    fingerprint: dict[str, Any]
    journal: Journal
    resume: bool

    def one(self, connection: _Connection, picture: Picture, cancel: threading.Event) -> _Outcome:
        """Do one picture; never raises ScumbleError."""
        source, target = picture.source, picture.target
        try:
            key = self._key(connection, source)
            if self.resume and self.journal.has(target, key):
                return _Outcome("skipped", PictureResult(source, target))
            if cancel.is_set():
                raise ScumbleError("cancelled", "The job was cancelled.")
            if connection.error is not None:
                raise connection.error
            result = stylize_file(connection.get, source, target, self.job, cancel=cancel)
            self.journal.note(target, key)
        except ScumbleError as error:
            return _Outcome("failed", PictureResult(source, target, error=error))
        return _Outcome("done", result)

    def _key(self, connection: _Connection, source: Path) -> str:
        _check_readable(source)
        weights = connection.weights(self.job.settings["engine"])
        return job_key({**self.fingerprint, "weights": weights}, source)


def _run(
    batch: _Batch, planned: list[Picture], jobs: int, write: Callable[[dict[str, Any]], None]
) -> list[_Outcome]:
    batch.journal.compact()
    outcomes: list[_Outcome] = []
    with contextlib.ExitStack() as stack:
        connection = _Connection(stack)
        cancel = stack.enter_context(cancel_on_interrupt())
        table = stack.enter_context(batch_table(len(planned)))
        pool = stack.enter_context(ThreadPoolExecutor(jobs))

        def one(picture: Picture) -> _Outcome:
            with table.working(picture.source.name):
                return batch.one(connection, picture, cancel)

        told: set[str] = set()
        for future in as_completed([pool.submit(one, picture) for picture in planned]):
            outcome = future.result()
            outcomes.append(outcome)
            write(outcome.as_dict())
            table.count(outcome.status)
            _tell(outcome.result, told)
    return outcomes


def _tell(result: PictureResult, told: set[str]) -> None:
    """One line for a failure; what fails for all the same way is said once."""
    error = result.error
    if error is not None and error.code not in told:
        hopeless = error.code in HOPELESS
        report.error(error, "" if hopeless else str(result.source))
        if hopeless:
            told.add(error.code)


def _fingerprint(job: PictureJob, styles: Sequence[GivenStyle]) -> dict[str, Any]:
    """What all outputs depend on besides their inputs."""
    from importlib.metadata import version

    mask = job_key({}, Path(job.mask)) if job.mask and Path(job.mask).is_file() else None
    pairs = [(style.identity.hex(), style.weight.weight) for style in styles]
    return {**job.settings, "styles": pairs, "mask": mask, "version": version("scumble")}


def _check_readable(source: Path) -> None:
    """Before a daemon is started for it."""
    from ..images import read_image

    try:
        source.open("rb").close()
    except OSError:
        read_image(source)  # says it better
        raise ScumbleError("cannot-read", f"{source} cannot be read.") from None


@contextlib.contextmanager
def _report_to(name: str | None, planned: Sequence[Picture]) -> Iterator[Callable[[dict[str, Any]], None]]:
    if name is None:
        yield lambda line: None
        return
    if name != "-" and any(_same(Path(name), path) for p in planned for path in (p.source, p.target)):
        raise click.UsageError(f"{name} is a picture of this command: choose another name for the report.")
    with contextlib.ExitStack() as stack:
        file: IO[str] = sys.stdout
        if name != "-":
            try:
                file = stack.enter_context(Path(name).open("w", encoding="utf-8"))
            except OSError as error:
                raise ScumbleError(
                    "cannot-write", f"The report {name} cannot be written: {error.strerror}."
                ) from error

        def write(line: dict[str, Any]) -> None:
            row = {**line, "time": time.strftime("%Y-%m-%dT%H:%M:%S%z")}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            file.flush()  # a report is for those who look while it runs, too

        yield write


def _same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()


def _summary(counts: Counter[str], output: Path) -> str:
    parts = [f"{counts[status]} {status}" for status in ("done", "skipped", "failed") if counts[status]]
    return f"{output}: {', '.join(parts)}"
