"""Jobs beside a user interface: a thread does the waiting, the interface reads events.

    controller = JobController(wake=call_me_soon)   # `wake` runs on the worker's thread
    ticket = controller.apply(request)
    for event in controller.events(): ...           # on the interface's thread

A new preview takes the place of the one before, whether that waits or runs: the newest wins. An
`apply` is never dropped and goes before previews. A glimpse waits until there is nothing else to do.
"""

from __future__ import annotations

import threading
import traceback
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Callable, Deque, List, Optional

from ..client import Client
from ..errors import ScumbleError
from ..events import EventQueue
from ..job import Progress
from ..pixels.pixels import Pixels
from ..request import StylizeRequest

APPLY, PREVIEW, QUESTION, GLIMPSE = "apply", "preview", "question", "glimpse"
CLOSE_S = 5.0


@dataclass(frozen=True)
class JobEvent:
    """Something that happened to the job with that `ticket`.

    Attributes:
        kind: ``progress``, ``done`` or ``failed``; after the last two nothing more comes.
        task: ``apply``, ``preview``, ``question`` or ``glimpse``.
        progress, result, error: set according to `kind`.
        answer: what the function of a question returned.
        seconds: how long the daemon computed a result.
    """

    kind: str
    task: str
    ticket: int
    progress: Optional[Progress] = None
    result: Optional[Pixels] = None
    error: Optional[ScumbleError] = None
    answer: Any = None
    seconds: float = 0.0


@dataclass
class _Task:
    ticket: int
    task: str
    request: Optional[StylizeRequest] = None
    question: Optional[Callable[[Client], Any]] = None
    cancel: threading.Event = field(default_factory=threading.Event)


class JobController:
    """One connection and one worker thread, both started by the first job. Made on any thread."""

    def __init__(
        self,
        connect: Callable[[], Client] = Client.connect,
        wake: Optional[Callable[[], Any]] = None,
    ) -> None:
        self._connect = connect
        self._events = EventQueue[JobEvent](wake)
        self._changed = threading.Condition()  # guards what follows
        self._applies: Deque[_Task] = deque()
        self._questions: Deque[_Task] = deque()
        self._glimpses: Deque[_Task] = deque()
        self._preview: Optional[_Task] = None
        self._running: Optional[_Task] = None
        self._closing = False
        self._last_ticket = 0
        self._thread: Optional[threading.Thread] = None

    def apply(self, request: StylizeRequest) -> int:
        """Queue a job for the document; returns its ticket. A preview that runs is cancelled."""
        with self._changed:
            self._drop_previews()
            return self._add(self._applies, _Task(self._next(), APPLY, request))

    def preview(self, request: StylizeRequest) -> int:
        """Queue a preview in place of any other; returns its ticket."""
        with self._changed:
            self._drop_previews()
            self._preview = _Task(self._next(), PREVIEW, request)
            self._start()
            return self._preview.ticket

    def ask(self, question: Callable[[Client], Any]) -> int:
        """Call `question` with the client on the worker's thread; returns the ticket.

        Questions go before previews and after what is to be applied. A dialog asks this way for the
        library, its thumbnails and the models, without waiting.
        """
        with self._changed:
            return self._add(self._questions, _Task(self._next(), QUESTION, question=question))

    def glimpse(self, request: StylizeRequest) -> int:
        """Queue a small picture that nobody waits for; returns its ticket. All else goes before it."""
        with self._changed:
            return self._add(self._glimpses, _Task(self._next(), GLIMPSE, request))

    def cancel(self, ticket: Optional[int] = None) -> None:
        """Cancel one job, or all of them: each ends with ``failed`` and the code `cancelled`.

        Returns at once. Without effect on a job that is over.
        """
        with self._changed:
            waiting = [
                *self._applies,
                *self._questions,
                *self._glimpses,
                *([self._preview] if self._preview else []),
            ]
            for task in waiting:
                if ticket in (None, task.ticket):
                    self._withdraw(task)
            running = self._running
            if running is not None and ticket in (None, running.ticket) and not running.cancel.is_set():
                running.cancel.set()
                self._events.tell(_failed(running, _cancelled()))

    def events(self) -> List[JobEvent]:
        """What has happened since the last call; does not wait."""
        return self._events.read()

    def wait(self, timeout: float) -> Optional[JobEvent]:
        """The next event, or None when none comes within `timeout` seconds."""
        return self._events.wait(timeout)

    def close(self) -> None:
        """Cancel everything and end the thread; waits for it a few seconds at most."""
        self.cancel()
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(CLOSE_S)

    # With the lock held -------------------------------------------------------------------------

    def _next(self) -> int:
        self._last_ticket += 1
        return self._last_ticket

    def _add(self, line: Deque[_Task], task: _Task) -> int:
        line.append(task)
        self._start()
        return task.ticket

    def _start(self) -> None:
        if self._closing:
            raise ScumbleError("closed", "The plug-in is closing.")
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="scumble-jobs", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _drop_previews(self) -> None:
        if self._preview is not None:
            self._withdraw(self._preview)
        running = self._running
        if running is not None and running.task == PREVIEW and not running.cancel.is_set():
            running.cancel.set()
            self._events.tell(_failed(running, _cancelled()))

    def _withdraw(self, task: _Task) -> None:
        if task is self._preview:
            self._preview = None
        for line in (self._applies, self._questions, self._glimpses):
            if task in line:
                line.remove(task)
        self._events.tell(_failed(task, _cancelled()))

    # On the worker's thread ---------------------------------------------------------------------

    def _work(self) -> None:
        client: Optional[Client] = None
        try:
            while True:
                with self._changed:
                    self._running = None
                    while not (self._closing or self._waits()):
                        self._changed.wait()
                    if self._closing:
                        return
                    task = self._running = self._take()
                try:
                    if client is None:
                        client = self._connect()
                    self._finish(task, self._do(client, task))
                except ScumbleError as error:
                    self._finish(task, _failed(task, error))
                except Exception:
                    self._finish(task, _failed(task, unexpected(traceback.format_exc())))
        finally:
            if client is not None:
                client.close()

    def _take(self) -> _Task:
        if self._applies:
            return self._applies.popleft()
        if self._questions:
            return self._questions.popleft()
        if self._preview is None:
            return self._glimpses.popleft()
        task, self._preview = self._preview, None
        return task

    def _waits(self) -> bool:
        return bool(self._applies or self._questions or self._preview or self._glimpses)

    def _do(self, client: Client, task: _Task) -> JobEvent:
        if task.cancel.is_set():
            raise _cancelled()
        if task.question is not None:
            return JobEvent("done", task.task, task.ticket, answer=task.question(client))
        assert task.request is not None

        def show(progress: Progress) -> None:
            if not task.cancel.is_set():
                self._events.tell(JobEvent("progress", task.task, task.ticket, progress=progress))

        job = client.submit(task.request, urgent=task.task == PREVIEW)
        result = job.result(on_progress=show, cancel=task.cancel)
        return JobEvent("done", task.task, task.ticket, result=result, seconds=job.seconds)

    def _finish(self, task: _Task, event: JobEvent) -> None:
        with self._changed:
            if not task.cancel.is_set():  # else its end was told when it was cancelled
                self._running = None
                self._events.tell(event)


def _failed(task: _Task, error: ScumbleError) -> JobEvent:
    return JobEvent("failed", task.task, task.ticket, error=error)


def _cancelled() -> ScumbleError:
    return ScumbleError("cancelled", "The job was cancelled.")


def unexpected(trace: str) -> ScumbleError:
    """The error for a bug of ours, with its traceback."""
    return ScumbleError(
        "unexpected",
        "Something unexpected happened in the plug-in.",
        hint="Please report it with the log.",
        detail=trace,
    )
