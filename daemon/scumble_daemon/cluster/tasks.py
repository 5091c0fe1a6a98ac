"""Tasks on the workers, a few more than there are workers at a time."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any

from scumble.errors import ScumbleError

from .connect import worker_count

#: For each worker one task is computed and one waits.
AHEAD = 2
POLL_S = 0.2
COUNT_S = 2.0


def completed(
    client: Any, tasks: Iterable[tuple[Any, ...]], cancel: threading.Event | None = None
) -> Iterator[tuple[int, Any]]:
    """The index and the finished future of each task (a function and its arguments), as they end.

    No more than a window of them is with the scheduler at a time, so that neither results pile up nor
    tasks, and workers that come later get their share. Tasks of a lost worker run on another one.

    Raises ScumbleError `cancelled`, and `no-scheduler` when the scheduler is lost; what the tasks
    themselves raise is in their futures.
    """
    waiting = enumerate(tasks)
    running: dict[Any, int] = {}
    ended: queue.SimpleQueue[Any] = queue.SimpleQueue()

    window, counted = 0, 0.0

    def fill() -> None:
        nonlocal window, counted
        if time.monotonic() - counted > COUNT_S:  # asks the scheduler: not for each task
            window, counted = AHEAD * worker_count(client), time.monotonic()
        for _ in range(window - len(running)):
            index, task = next(waiting, (None, None))
            if index is None or task is None:
                return
            function, *arguments = task
            future = client.submit(function, *arguments, pure=False)
            running[future] = index
            future.add_done_callback(ended.put)

    try:
        fill()
        while running:
            if cancel is not None and cancel.is_set():
                raise ScumbleError("cancelled", "The job was cancelled.")
            try:
                future = ended.get(timeout=POLL_S)
            except queue.Empty:
                continue
            if future.status in ("cancelled", "lost"):
                raise ScumbleError("no-scheduler", "The dask scheduler is gone.", retryable=True)
            yield running.pop(future), future
            fill()
    finally:
        if running:
            client.cancel(list(running))
