"""What is painted by many jobs and is one undertaking for the artist: all frames, or all open documents."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Generic, Optional, TypeVar

from scumble import ScumbleError
from scumble.editing import JobController, JobEvent

from ..qt import QtCore, Signal
from .editor import Editor
from .guard import as_error, show, slot
from .kinds import Object

Painted = TypeVar("Painted")


@dataclass
class Jobs(Generic[Painted]):
    """What is known of one undertaking. `tickets` are of the jobs on their way, with what each paints."""

    tickets: Dict[int, Painted] = field(default_factory=dict, init=False)


J = TypeVar("J", bound=Jobs[Any])


class ManyJobs(QtCore.QObject, Generic[J]):
    """`changed` is emitted at begin and end, `status(text)` and `progress(share)` between, and
    `painted(effect, layer, picture)` for what is in a document. Errors reach the artist by `guard.show`.

    A subclass calls `_begin`, takes a step in `_step` and an event in `_take`, and has the next step taken
    by `_next`. The interface goes on between two steps.
    """

    changed = Signal()
    status = Signal(str)
    progress = Signal(float)
    painted = Signal(object, str, object)

    def __init__(self, editor: Editor, controller: JobController, parent: Object) -> None:
        super().__init__(parent)
        self._editor, self._controller = editor, controller
        self._jobs: Optional[J] = None
        self._next = QtCore.QTimer(self)
        self._next.setSingleShot(True)
        self._next.timeout.connect(slot(self, lambda: self._go(self._step)))

    @property
    def running(self) -> bool:
        """Whether something is being painted."""
        return self._jobs is not None

    def cancel(self) -> None:
        """End it."""
        jobs = self._jobs
        if jobs is not None:
            self._end()
            self.status.emit(self._cancelled(jobs))

    def close(self) -> None:
        """End it without a word: the editor may be ending."""
        self._next.stop()
        jobs, self._jobs = self._jobs, None
        if jobs is not None:
            self._let_go(jobs)

    def expects(self, ticket: int) -> bool:
        """Whether an event of that ticket is for this."""
        return self._jobs is not None and ticket in self._jobs.tickets

    def read_event(self, event: JobEvent) -> None:
        """Take an event of a job from the controller."""
        self._go(lambda jobs: self._take(jobs, event))

    def _begin(self, jobs: J) -> None:
        self._jobs = jobs
        self._next.start(0)
        self.changed.emit()

    def _end(self) -> None:
        tickets = list(self._jobs.tickets) if self._jobs is not None else []
        self.close()
        for ticket in tickets:
            self._controller.cancel(ticket)
        self.changed.emit()

    def _go(self, step: Callable[[J], None]) -> None:
        if self._jobs is not None:
            try:
                step(self._jobs)
            except Exception as error:
                self._failed(self._jobs, as_error(error))

    # For the subclass -----------------------------------------------------------------------------

    def _step(self, jobs: J) -> None:
        """Do what comes next."""
        raise NotImplementedError

    def _take(self, jobs: J, event: JobEvent) -> None:
        """Take an event of one of its tickets."""
        raise NotImplementedError

    def _failed(self, jobs: J, error: ScumbleError) -> None:
        """A step has failed: that ends the whole, unless a subclass knows better."""
        self._end()
        self.status.emit("")
        show(self, error)

    def _cancelled(self, jobs: J) -> str:
        """What the artist reads who has cancelled it."""
        raise NotImplementedError

    def _let_go(self, jobs: J) -> None:
        """It has ended, finished or not."""
