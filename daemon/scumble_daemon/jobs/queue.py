"""Jobs: the queue, the one that runs, and those that have ended and wait to be fetched."""

from __future__ import annotations

import enum
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from scumble.errors import ScumbleError
from scumble.pixels.geometry import Bounds
from scumble.pixels.pixels import PixelFormat
from scumble.wire.messages import Message, Result

from ..settings import Limits
from .result_sender import ResultMode, Strips


class State(enum.Enum):
    """Where a job is. The last three are ends."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass
class Job:
    """One job and all that is known of it.

    Attributes:
        owner: the client that submitted it first; counts towards its limits.
        listeners: the clients that want to hear of it.
        digests: the contents it needs, pinned until it ends.
        bounds, format: of the result.
        input_bytes: of its layer, as far as it is in memory; counts towards the owner's limit.
        fingerprint: SHA-256 of its spec: the same id with another one is another job.
        modes: how each listener wants its result.
        on_disk: whether its result goes to the spool instead of memory.
        outcome: the message that ends it without a result, for whoever asks.
        result: the first message of its result, and the strips.
        orphaned_at: since when nobody listens.
    """

    id: str
    owner: bytes
    spec: dict
    digests: list[bytes]
    bounds: Bounds
    format: PixelFormat
    input_bytes: int
    fingerprint: bytes
    urgent: bool = False
    preview: bool = False
    listeners: set[bytes] = field(default_factory=set)
    modes: dict[bytes, ResultMode] = field(default_factory=dict)
    on_disk: bool = False
    state: State = State.QUEUED
    outcome: Message | None = None
    result: tuple[Result, Strips] | None = None
    started_at: float = 0.0
    ended_at: float = 0.0
    orphaned_at: float | None = None
    progress: tuple[int, int] = (0, 0)

    @property
    def ended(self) -> bool:
        """Whether it is over, one mode or another."""
        return self.state not in (State.QUEUED, State.RUNNING)

    @property
    def result_bytes(self) -> int:
        """Size of its result."""
        return self.format.byte_count(self.bounds.extent)

    @property
    def held_bytes(self) -> int:
        """What its result takes of the memory."""
        return 0 if self.on_disk else self.result_bytes


class JobTable:
    """All jobs by id. For one thread.

    Urgent jobs go first; otherwise each client in turn gets one job done.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._jobs: dict[str, Job] = {}
        self._urgent: OrderedDict[bytes, deque[Job]] = OrderedDict()
        self._normal: OrderedDict[bytes, deque[Job]] = OrderedDict()
        self.result_bytes = 0

    def __iter__(self) -> Iterator[Job]:
        return iter(list(self._jobs.values()))

    def get(self, job_id: str) -> Job | None:
        """The job of that id, ended or not."""
        return self._jobs.get(job_id)

    @property
    def waiting(self) -> int:
        """Jobs in the queue."""
        return sum(len(jobs) for line in (self._urgent, self._normal) for jobs in line.values())

    def check_room(self, owner: bytes, input_bytes: int, result_bytes: int, uploads: int) -> None:
        """Refuse a new job that would be over a limit.

        Raises ScumbleError `queue-full` or `image-too-large`.
        """
        if result_bytes > self._limits.result_bytes:
            raise ScumbleError("image-too-large", "The result would be larger than the limit.")
        active = [job for job in self._jobs.values() if not job.ended]
        mine = [job for job in active if job.owner == owner]
        full = (
            len(active) >= self._limits.max_jobs
            or len(mine) >= self._limits.max_jobs_per_client
            or sum(job.input_bytes for job in mine) + input_bytes + uploads > self._limits.client_bytes
        )
        if full or not self._make_room(result_bytes):
            raise ScumbleError(
                "queue-full",
                "The daemon has as many jobs as it may.",
                hint="Wait until some are done.",
                retryable=True,
            )

    def add(self, job: Job) -> int:
        """Queue a job; returns how many are before it."""
        line = self._urgent if job.urgent else self._normal
        before = self.waiting if not job.urgent else sum(len(j) for j in line.values())
        line.setdefault(job.owner, deque()).append(job)
        self._jobs[job.id] = job
        self.result_bytes += job.held_bytes
        return before

    def next(self, *, urgent: bool = False) -> Job | None:
        """Take the job whose turn it is out of the queue; with `urgent`, only one that is."""
        for line in (self._urgent,) if urgent else (self._urgent, self._normal):
            if line:
                owner, jobs = line.popitem(last=False)
                job = jobs.popleft()
                if jobs:
                    line[owner] = jobs  # at the end: the others' turn comes first
                return job
        return None

    def end(self, job: Job, state: State, now: float) -> None:
        """The job is over; what it is owed is in `outcome` or `result`."""
        if job.state is State.QUEUED:
            line = self._urgent if job.urgent else self._normal
            line[job.owner].remove(job)
            if not line[job.owner]:
                del line[job.owner]
        job.state, job.ended_at = state, now
        if state is not State.DONE:
            self.result_bytes -= job.held_bytes

    def remove(self, job: Job) -> None:
        """Forget a job that has ended."""
        if self._jobs.pop(job.id, None) is not None and job.state is State.DONE:
            self.result_bytes -= job.held_bytes
        if job.result is not None:
            job.result[1].close()

    def expire(self, before: float, keep: Callable[[str], bool] = lambda job: False) -> None:
        """Forget jobs that ended before that time, unless `keep` says otherwise of their id."""
        for job in self:
            if job.ended and job.ended_at < before and not keep(job.id):
                self.remove(job)

    def _make_room(self, result_bytes: int) -> bool:
        """Drop the oldest results that nobody listens for any more until another one fits."""
        for job in sorted(self, key=lambda job: job.ended_at):
            if self.result_bytes + result_bytes <= self._limits.result_bytes:
                break
            if job.state is State.DONE and not job.listeners:
                self.remove(job)
        return self.result_bytes + result_bytes <= self._limits.result_bytes
