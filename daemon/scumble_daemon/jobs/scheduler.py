"""From the queue to the worker and back, and a new worker when one dies."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from scumble.errors import ScumbleError
from scumble.pixels.pixels import BytesLike
from scumble.pixels.shared_memory import new_block
from scumble.wire.messages import Cancelled, Error, Message, ModelList, Preview, Progress, Result

from ..settings import Settings
from ..storage.spool import Spool, file_behind
from ..worker import pipe
from ..worker.handle import WorkerHandle
from ..worker.process import check_result
from .content_cache import ContentCache, memory_as_error
from .learning_queue import NOTES as LEARNING_NOTES
from .learning_queue import Learning, LearningQueue
from .queue import Job, JobTable, State
from .result_sender import ResultSender
from .runs import Run, Runs

STEP_GRACE_S = 60.0
"""A step of learning takes half a second, and half a minute on a machine that has much else to do."""

log = logging.getLogger(__name__)

_Contents = Sequence[BytesLike]


class Scheduler:
    """Owns the worker, which does jobs, and learns styles. All methods are for the broker's thread.

    `tell` brings a message to everyone who listens to a job; `answer` one to a client by its peer
    id; `post` runs a function on the broker's thread soon.
    """

    def __init__(
        self,
        settings: Settings,
        jobs: JobTable,
        learnings: LearningQueue,
        store: ContentCache,
        spool: Spool,
        results: ResultSender,
        tell: Callable[[Job, Message, tuple], None],
        answer: Callable[[bytes, Message], None],
        post: Callable[[Callable[[], None]], None],
    ) -> None:
        self._settings, self._jobs, self._learnings, self._store = settings, jobs, learnings, store
        self._spool, self._results = spool, results
        self._tell, self._answer, self._post = tell, answer, post
        self.worker: WorkerHandle | None = None
        self.runs = Runs()
        self.devices: list[str] = []
        self.models: list[str] = []
        self.restarts = 0
        self.last_error = ""
        self._questions: set[tuple[bytes, int]] = set()
        self._idle_since = 0.0
        self._checked_at = 0.0

    def warm_up(self, now: float) -> None:
        """Start a worker before the first job needs it."""
        if self.worker is None:
            self._idle_since = now
            self.worker = WorkerHandle(self._settings.device, self._note_soon, self._gone_soon)
            log.info("worker %d starts", self.worker.pid)

    def pump(self, now: float) -> None:
        """Give the worker what it may have next, if it can take it."""
        self._pump_jobs(now)
        self._pump_learning(now)

    def _pump_learning(self, now: float) -> None:
        if self.worker is not None and self.worker.stopping:
            return
        learning = self._learnings.next()
        if learning is None:
            return
        self.warm_up(now)
        assert self.worker is not None
        try:
            self.worker.learn(learning, *self._contents_of(learning.digests))
        except MemoryError as error:  # it has not reached the worker
            self._learnings.fail(memory_as_error(error))

    def _contents_of(self, digests: list[bytes]) -> tuple[dict[bytes, BytesLike], dict[bytes, Path]]:
        """Contents in memory, and the files of those on disk."""
        contents = {digest: self._store.get(digest) for digest in digests}
        files = {digest: path for digest, c in contents.items() if (path := file_behind(c))}
        return {digest: c for digest, c in contents.items() if digest not in files}, files

    def _pump_jobs(self, now: float) -> None:
        while self.worker is None or not self.worker.stopping:
            job = self.runs.next(self._jobs)
            if job is None:
                return
            self.warm_up(now)
            assert self.worker is not None
            job.state, job.started_at = State.RUNNING, now
            try:
                output = self._spool.create(job.result_bytes) if job.on_disk else new_block(job.result_bytes)
            except (ScumbleError, MemoryError) as error:
                self._fail(job, memory_as_error(error), now)
                continue
            self.runs.begin(Run(job, output), now)
            try:
                self.worker.run(job, *self._contents_of(job.digests), output)
            except MemoryError as error:  # it has not reached the worker
                self._fail(job, memory_as_error(error), now)
                continue
            log.info("job %s runs", job.id)

    def ask_models(self, peer: bytes, request: int, now: float) -> None:
        """Have the worker list its models for that client."""
        self.warm_up(now)
        assert self.worker is not None
        self._questions.add((peer, request))
        self.worker.ask_models(peer, request)

    def cancel(self, job: Job, now: float) -> None:
        """End a job for everyone who listens; the worker stops after its current patch."""
        if job.ended:
            return
        run = self.runs.get(job.id)
        if run is not None:
            run.cancelled_at = now
            if self.worker is not None:
                self.worker.cancel(job.id)
        self._end(job, State.CANCELLED, Cancelled(job.id), now)
        log.info("job %s cancelled", job.id)

    def cancel_learning(self, learning: Learning, now: float) -> None:
        """End a learning for everyone who listens; the worker stops after its current step."""
        if self._learnings.cancel(learning, now) and self.worker is not None:
            self.worker.cancel(learning.id)

    def unload(self) -> None:
        """End the worker unless it has work: models and caches go back to the system."""
        busy = self.runs or self._questions or self._learnings.active
        if self.worker is not None and not self.worker.stopping and not busy:
            log.info("worker %d unloaded", self.worker.pid)
            self.worker.stop()

    def check(self, now: float) -> None:
        """Notice a hung worker, a cancel that has no effect, and idleness."""
        # After a suspended laptop wakes up, everyone gets the time to say something first.
        slept = now - self._checked_at > self._settings.worker_silence / 2
        self._checked_at = now
        worker = self.worker
        if worker is None or slept:
            if worker is not None:
                worker.last_heard = max(worker.last_heard, now)
            return
        if now - worker.last_heard > self._settings.worker_silence:
            log.error("worker %d is silent: ended", worker.pid)
            worker.kill()
        elif self.runs.hang(now) or self._learning_hangs(now):
            log.warning("worker %d does not stop its job: ended", worker.pid)
            worker.kill()
        elif self.runs or self._learnings.active:
            self._idle_since = now
        elif now - self._idle_since > self._settings.idle_unload:
            self.unload()

    def _learning_hangs(self, now: float) -> bool:
        """Whether the worker had time enough to stop what it learns, and nothing else to do."""
        since = now - STEP_GRACE_S
        return not self.runs and self.runs.changed_at < since and self._learnings.hangs(since)

    def close(self, timeout: float = 2.0) -> None:
        """End the worker."""
        if self.worker is not None:
            self.worker.stop()
            self.worker.join(timeout)

    def _note_soon(self, worker: WorkerHandle, note: pipe.Note) -> None:
        self._post(lambda: self._on_note(worker, note))

    def _gone_soon(self, worker: WorkerHandle, code: int | None) -> None:
        self._post(lambda: self._on_gone(worker, code))

    def _on_note(self, worker: WorkerHandle, note: pipe.Note) -> None:
        """What the worker says; anything malformed is ignored, for a decoder may have corrupted it."""
        try:
            self._take(worker, note.kind, note.fields, note.contents)
        except (KeyError, TypeError, ValueError, ScumbleError) as error:
            log.error("worker %d talks nonsense (%s): ended", worker.pid, type(error).__name__)
            worker.kill()

    def _take(self, worker: WorkerHandle, kind: str, fields: dict[str, Any], contents: _Contents) -> None:
        if kind == "alive":
            worker.rss = int(fields["rss"])
        elif kind == "ready":
            worker.ready = True
            self.devices = [str(device) for device in fields["devices"]]
        elif kind == "broken":
            self.last_error = str(fields["detail"])
            log.error("worker cannot start: %s", self.last_error)
        elif kind == "log":
            log.error("worker %d: %s", worker.pid, fields["text"])
        elif kind == "models":
            self._on_models(fields)
        elif kind in LEARNING_NOTES or self._learnings.has(fields["job"]):
            self._learnings.take(kind, fields, contents)
        elif (run := self.runs.get(fields["job"])) is not None:
            self._on_job_note(run, kind, fields, contents)

    def _on_job_note(self, run: Run, kind: str, fields: dict[str, Any], contents: _Contents) -> None:
        job, now = run.job, time.monotonic()
        if kind == "progress":
            job.progress = (int(fields["done"]), int(fields["total"]))
            if not job.ended:
                message = Progress(job.id, *job.progress, str(fields["stage"]), float(fields["eta_s"]))
                self._tell(job, message, ())
        elif kind == "preview":
            if not job.ended:
                extent = [int(side) for side in fields["extent"]]
                message = Preview(job.id, extent, str(fields["dtype"]), str(fields["channels"]))
                self._tell(job, message, (contents[0],))
        elif kind == "result":
            self._on_result(run, fields, contents, now)
        elif kind == "failed":
            self._fail(job, ScumbleError.from_dict(fields["error"]), now)
        elif kind == "cancelled":
            self._end(job, State.CANCELLED, Cancelled(job.id), now)
            self._free(job, now)

    def _on_result(self, run: Run, fields: dict[str, Any], strips: _Contents, now: float) -> None:
        job = run.job
        wrong = (
            not check_result(fields)
            or fields["size"] != job.result_bytes
            or fields["offset"] != run.strips.size
            or fields["bounds"] != list(job.bounds)
            or len(strips) != (0 if run.output else 1)
        )
        if wrong:
            raise ValueError("a result that nobody asked for")
        for strip in strips:
            run.strips.append(strip)
        if run.output is None and run.strips.size < job.result_bytes:
            return
        head = Result(
            job.id,
            fields["bounds"],
            job.format.dtype,
            job.format.channels,
            job.result_bytes,
            0,
            float(fields["seconds"]),
            str(fields["device"]),
            reversal=bytes(fields["reversal"]),
        )
        log.info("job %s done in %.2f s on %s", job.id, head.seconds, head.device)
        if not job.ended:
            try:
                job.result = head, run.take_result()
            except MemoryError as error:
                self._fail(job, memory_as_error(error), now)
                return
            self._end(job, State.DONE, None, now)
            for peer in list(job.listeners):
                self._results.start(peer, *job.result, job.modes[peer])
        self._free(job, now)

    def _on_models(self, fields: dict[str, Any]) -> None:
        peer, request = fields["peer"], fields["request"]
        if (peer, request) not in self._questions:
            return
        self._questions.discard((peer, request))
        if "error" in fields:
            error = ScumbleError.from_dict(fields["error"])
            self._answer(peer, Error.of(error, request=request))
        else:
            self.models = [str(model["name"]) for model in fields["models"]]
            self._answer(peer, ModelList(request, fields["models"]))

    def _on_gone(self, worker: WorkerHandle, code: int | None) -> None:
        if worker is not self.worker:
            return
        self.worker = None
        now = time.monotonic()
        error = ScumbleError(
            "worker-died",
            "The process that stylizes ended in the middle of its work.",
            hint="Try again; if it happens again, select a part of the layer.",
            retryable=True,
            detail=f"exit code {code} {self.last_error}".strip(),
        )
        self.restarts += 1 if self.runs or self._learnings.current else 0
        for run in self.runs:
            log.error("worker %d died (%s) with job %s", worker.pid, code, run.job.id)
            self._fail(run.job, error, now)
        self._learnings.fail(error)
        questions, self._questions = self._questions, set()
        for peer, request in questions:
            if code == 0:  # it was told to go before it got the question
                self.ask_models(peer, request, now)
            else:
                self._answer(peer, Error.of(error, request=request))
        self.pump(now)

    def _fail(self, job: Job, error: ScumbleError, now: float) -> None:
        if not job.ended:
            log.warning("job %s failed: %s", job.id, error.code)
            self.last_error = f"{error.code}: {error.message}"
            self._end(job, State.FAILED, Error.of(error, job=job.id), now)
        self._free(job, now)

    def _end(self, job: Job, state: State, outcome: Message | None, now: float) -> None:
        """Settle a job, once, and tell everyone who listens how, if it is not by a result."""
        if job.ended:
            return
        self._jobs.end(job, state, now)
        self._store.unpin(job.digests)
        job.outcome = outcome
        if outcome is not None:
            self._tell(job, outcome, ())

    def _free(self, job: Job, now: float) -> None:
        """The worker has nothing to do with this job any more."""
        if self.runs.get(job.id) is not None:
            self.runs.end(job.id, now)
            self._idle_since = now
