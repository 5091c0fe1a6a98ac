"""The pictures of a batch, one by one: through this machine's daemon, or by the workers of a cluster."""

from __future__ import annotations

import contextlib
import dataclasses
import stat
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scumble.errors import ScumbleError
from scumble.pixels.geometry import Extent

from ..storage.batch_journal import Journal, job_key
from .batch_plan import Picture
from .picture import PictureJob, PictureResult, as_scumble_error, connect, stylize_file
from .progress import BatchTable

if TYPE_CHECKING:
    from scumble import Client


@dataclass(frozen=True)
class Outcome:
    """What became of one picture: `status` is done, skipped, failed, or "not done" after Ctrl-C."""

    status: str
    result: PictureResult

    @property
    def exit_code(self) -> int:
        """As in `report.exit_code`; 0 when it is done."""
        return self.result.exit_code

    def as_dict(self) -> dict[str, Any]:
        """For ``--json`` and reports."""
        fields = self.result.as_dict()
        if self.status == "skipped":
            fields = {key: fields[key] for key in ("input", "output", "ok")}
        return {"status": self.status, **fields}


class Connection:
    """A client, made by whichever picture is first; when that fails it has failed for all."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self._stack = stack
        self._lock = threading.Lock()
        self._client: Client | None = None
        self._weights: dict[str, str] | None = None
        self.error: ScumbleError | None = None

    def get(self) -> Client:
        """The client. Raises ScumbleError."""
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
class Batch:
    """What is done to all pictures, and what has been; `fingerprint` is all that outputs depend on but
    the weights and their inputs."""

    job: PictureJob
    fingerprint: dict[str, Any]
    journal: Journal
    resume: bool

    def one(self, connection: Connection, picture: Picture, cancel: threading.Event) -> Outcome:
        """Do one picture; whatever goes wrong is its outcome."""
        source, target = picture.source, picture.target
        try:
            before, key = _state(source), self._key(connection, source)
            if self.resume and self.journal.has(target, key):
                return Outcome("skipped", PictureResult(source, target))
            if cancel.is_set():
                raise ScumbleError("cancelled", "The job was cancelled.")
            if connection.error is not None:
                raise connection.error
            result = stylize_file(connection.get, source, target, self.job, cancel=cancel)
        except Exception as error:
            return _failed(picture, as_scumble_error(error))
        if _state(source) == before:
            self.journal.note(target, key)
        else:
            changed = f"{source} was changed meanwhile: --resume will do it again."
            result = dataclasses.replace(result, notes=(*result.notes, changed))
        return Outcome("done", result)

    def noted(self, picture: Picture, ended: dict[str, Any]) -> Outcome:
        """The outcome of what a worker of a cluster says, once it is in the journal."""
        if ended["status"] == "skipped":
            return Outcome("skipped", PictureResult(picture.source, picture.target))
        self.journal.note(picture.target, ended["key"])
        size = Extent(*ended["size"])
        result = PictureResult(picture.source, picture.target, size, ended["seconds"], tuple(ended["notes"]))
        return Outcome("done", result)

    def _key(self, connection: Connection, source: Path) -> str:
        _check_readable(source)
        weights = connection.weights(self.job.settings["engine"])
        return job_key({**self.fingerprint, "weights": weights}, source)


def locally(
    batch: Batch, planned: Sequence[Picture], jobs: int, table: BatchTable, cancel: threading.Event
) -> Iterator[Outcome]:
    """The outcomes as they come, `jobs` pictures at a time, through the daemon."""
    with contextlib.ExitStack() as stack:
        connection = Connection(stack)
        pool = stack.enter_context(ThreadPoolExecutor(jobs))

        def one(picture: Picture) -> Outcome:
            with table.working(picture.source.name):
                return batch.one(connection, picture, cancel)

        for future in as_completed([pool.submit(one, picture) for picture in planned]):
            yield future.result()


def on_cluster(
    batch: Batch, planned: Sequence[Picture], scheduler: str, cancel: threading.Event
) -> Iterator[Outcome]:
    """The outcomes as they come, one picture for each worker; what fails for all fails for each."""
    from ..cluster.connect import connected, explained
    from ..cluster.plan import make_plan
    from ..cluster.tasks import completed
    from ..cluster.worker import paint_file

    job, left = batch.job, dict(enumerate(planned))
    try:
        plan = make_plan(job.styles_and_masks, job.settings, Path(job.mask) if job.mask else None)
        fingerprint = {**batch.fingerprint, "weights": plan.weights}
        known = batch.journal.key if batch.resume else lambda target: None
        tasks = (
            (paint_file, plan, fingerprint, p.source.resolve(), p.target.resolve(), known(p.target))
            for p in planned
        )
        with connected(scheduler) as client:
            for index, future in completed(client, tasks, cancel):
                picture = left.pop(index)
                try:
                    ended = future.result()
                except Exception as error:
                    yield _failed(picture, explained(error, picture.source.name))
                    continue
                yield batch.noted(picture, ended)
    except ScumbleError as error:
        for picture in left.values():
            yield _failed(picture, error)


def _failed(picture: Picture, error: ScumbleError) -> Outcome:
    status = "not done" if error.code == "cancelled" else "failed"
    return Outcome(status, PictureResult(picture.source, picture.target, error=error))


def _check_readable(source: Path) -> None:
    """Before a daemon is started for it."""
    from ..images import read_image

    try:
        if stat.S_ISREG(source.stat().st_mode):
            source.open("rb").close()
            return
    except OSError:
        pass
    read_image(source)  # says what is wrong
    raise ScumbleError("cannot-read", "{file} cannot be read.", file=source)


def _state(source: Path) -> tuple[int, int]:
    """Changes when the file does."""
    try:
        found = source.stat()
    except OSError:
        return (0, 0)
    return (found.st_size, found.st_mtime_ns)
