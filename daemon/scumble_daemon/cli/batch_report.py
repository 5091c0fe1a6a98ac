"""What a batch says of its pictures: a line of JSON for each in a report, and its notes, each said once."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from scumble.errors import ScumbleError
from scumble.files import append_line, write_whole

from ..storage.json_text import json_text
from . import report
from .batch_plan import Picture
from .picture import HOPELESS, PictureResult


class Report:
    """Lines of JSON, each written whole as soon as it is known; the first takes an older report's place.

    `name` is a file, ``-`` for stdout, or None for no report. `failed` says that it could not be written,
    which has been told then and did not stop the batch. Raises click.UsageError for a picture of the
    batch, ScumbleError `cannot-write` where no file can be.
    """

    def __init__(self, name: str | None, planned: Sequence[Picture]) -> None:
        self._name, self.failed, self._begun = name, False, False
        if name is None or name == "-":
            return
        path = Path(name)
        if any(path.resolve() == other.resolve() for p in planned for other in (p.source, p.target)):
            raise click.UsageError(
                f"{name} is a picture of this command: choose another name for the report."
            )
        if path.is_dir() or not os.access(path if path.exists() else path.absolute().parent, os.W_OK):
            raise ScumbleError(
                "cannot-write",
                "The report {file} cannot be written.",
                hint="Give a file in a folder that exists and that you may write to.",
                file=name,
            )

    def write(self, line: dict[str, Any]) -> None:
        """Add the line of one picture."""
        if self._name is None or self.failed:
            return
        row = json_text({**line, "time": time.strftime("%Y-%m-%dT%H:%M:%S%z")})
        try:
            self._add(row)
        except OSError as error:
            self.failed = True
            report.failure(f"The report {self._name} cannot be written: {error.strerror or error}.")

    def _add(self, row: str) -> None:
        path = Path(self._name or "")
        if self._name == "-":
            report.done(row)
        elif path.exists() and not path.is_file():  # a pipe or a terminal takes what comes
            with path.open("a", encoding="utf-8", errors="surrogateescape") as file:
                file.write(row + "\n")
        elif self._begun:
            append_line(path, row)
        else:
            write_whole(path, (row + "\n").encode())
            self._begun = True


class Told:
    """Says what went wrong at once, and at the end what was changed on the way, alike things together."""

    def __init__(self) -> None:
        self._hopeless: set[str] = set()
        self._notes: dict[str, tuple[str, int]] = {}

    def add(self, result: PictureResult) -> None:
        """One line for a failure; what fails for all the same way is said once."""
        error = result.error
        if error is not None and error.code not in self._hopeless:
            hopeless = error.code in HOPELESS
            report.error(error, "" if hopeless else str(result.source))
            if hopeless:
                self._hopeless.add(error.code)
        for note in result.notes:
            kind = note
            for path in (result.source, result.output):
                kind = kind.replace(str(path), "").replace(path.name, "")
            first, count = self._notes.get(kind, (note, 0))
            self._notes[kind] = (first, count + 1)

    def say_notes(self) -> None:
        """A line for each kind of note, with how many pictures it is true of."""
        for note, count in self._notes.values():
            report.note(f"{note} ({count - 1} more like it.)" if count > 1 else note)
