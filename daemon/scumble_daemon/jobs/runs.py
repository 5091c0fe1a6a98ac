"""The jobs that the worker has: a long one, and an urgent one that it does between two patches of that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from scumble.pixels.shared_memory import SharedBlock

from ..storage.spool import SpoolFile
from .queue import Job, JobTable
from .result_sender import Strips, StripsInBlock, StripsInMemory, StripsOnDisk

CANCEL_GRACE_S = 10.0


@dataclass
class Run:
    """One job in the worker and what has come of it.

    The worker writes the result into `output`; it sends `strips` when that is None.
    """

    job: Job
    output: SharedBlock | SpoolFile | None
    strips: StripsInMemory = field(default_factory=StripsInMemory)
    cancelled_at: float | None = None

    def take_result(self) -> Strips:
        """The whole result, which is the caller's from now on."""
        if self.output is None:
            return self.strips
        output, self.output = self.output, None
        return StripsOnDisk(output) if isinstance(output, SpoolFile) else StripsInBlock(output)


class Runs:
    """What the worker has at once. For one thread.

    Never more than two: a preview that someone is waiting for is not held up by a layer that takes
    minutes, and a second one waits for the first.

    Attributes:
        changed_at: when the last one began or ended.
    """

    def __init__(self) -> None:
        self._runs: dict[str, Run] = {}
        self.changed_at = 0.0

    def __len__(self) -> int:
        return len(self._runs)

    def __iter__(self) -> Iterator[Run]:
        return iter(list(self._runs.values()))

    def get(self, job_id: str) -> Run | None:
        """The run of that job, if the worker has it."""
        return self._runs.get(job_id)

    @property
    def first(self) -> Job | None:
        """The job that the worker has had longest."""
        return next((run.job for run in self._runs.values()), None)

    def next(self, jobs: JobTable) -> Job | None:
        """The job that the worker may have besides what it has; taken out of the queue."""
        if not self._runs:
            return jobs.next()
        alone = len(self._runs) == 1 and not any(run.job.urgent for run in self._runs.values())
        return jobs.next(urgent=True) if alone else None

    def begin(self, run: Run, now: float) -> None:
        """The worker gets this one."""
        self._runs[run.job.id], self.changed_at = run, now

    def end(self, job_id: str, now: float) -> None:
        """The worker is done with that job; an output that nobody has taken goes."""
        run = self._runs.pop(job_id)
        self.changed_at = now
        if run.output is not None:
            run.output.close()

    def hang(self, now: float) -> bool:
        """Whether all were cancelled so long ago that the worker should have stopped."""
        times = [run.cancelled_at for run in self._runs.values()]
        if not times or None in times:
            return False
        return now - max(self.changed_at, *(t for t in times if t is not None)) > CANCEL_GRACE_S
