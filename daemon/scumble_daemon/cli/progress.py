"""A progress bar on a terminal, and nothing in a pipe."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any


@contextlib.contextmanager
def progress_bar(title: str) -> Iterator[Callable[[Any], None] | None]:
    """A callback for ``Client.stylize(on_progress=...)`` that moves a bar on stderr.

    None when stderr is not a terminal.
    """
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[left]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None, left="")

        def on_progress(progress: Any) -> None:
            left = f"{progress.eta_s:.0f} s left" if progress.eta_s else ""
            bar.update(task, completed=progress.done, total=progress.total or None, left=left)

        yield on_progress


class BatchTable:
    """A table of a batch: what is worked on, how much is done, and when it ends. For several threads."""

    def __init__(self, bar: Any = None, task: Any = None) -> None:
        self._bar, self._task = bar, task
        self._failed = 0

    @contextlib.contextmanager
    def working(self, name: str) -> Iterator[None]:
        """A row while one picture is worked on."""
        if self._bar is None:
            yield
            return
        row = self._bar.add_task(name, total=None, count="")
        try:
            yield
        finally:
            self._bar.remove_task(row)

    def count(self, status: str) -> None:
        """One picture more is ``done``, ``skipped`` or ``failed``."""
        if self._bar is not None:
            self._failed += status == "failed"
            failed = f", {self._failed} failed" if self._failed else ""
            task = next(task for task in self._bar.tasks if task.id == self._task)
            count = f"{int(task.completed) + 1} of {int(task.total)}{failed}"
            self._bar.update(self._task, advance=1, count=count)


@contextlib.contextmanager
def batch_table(total: int) -> Iterator[BatchTable]:
    """The table on stderr, or one that shows nothing where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield BatchTable()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, Task, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.text import Text

    class Left(TimeRemainingColumn):
        """When the batch ends; a picture's own row does not say."""

        def render(self, task: Task) -> Text:
            return super().render(task) + " left" if task.total else Text()

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[count]}", markup=False),
        TimeElapsedColumn(),
        Left(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield BatchTable(bar, bar.add_task("pictures", total=total, count=f"0 of {total}"))
