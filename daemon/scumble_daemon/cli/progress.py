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
