"""What a batch has finished, kept beside its outputs, so that it can be taken up again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import stat
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from scumble.files import append_line, write_whole

from .json_text import json_text

NAME = ".scumble-batch.jsonl"


def job_key(settings: Mapping[str, Any], source: Path) -> str:
    """A digest of everything that an output depends on: all settings, and the input's bytes.

    Raises OSError when the input cannot be read.
    """
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode())
    with source.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


class Made(NamedTuple):
    """One output: the job that made it, and its size in bytes (0: nobody has noted it)."""

    key: str
    size: int


class Journal:
    """The journal in an output folder. For several threads of one process.

    A line that a crash cut short is ignored, and costs one picture. `problem` is one sentence when the
    journal could not be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._path = folder, folder / NAME
        self._lock = threading.Lock()
        self._made = _read(self._path)
        self.problem = ""

    def has(self, target: Path, key: str) -> bool:
        """Whether that output is there, as large as it was, and was made by that job."""
        made = self._made.get(self._name(target))
        size = _size(target)
        return made is not None and made.key == key and size > 0 and made.size in (0, size)

    def key(self, target: Path) -> str | None:
        """The job that made that output last; None for none."""
        made = self._made.get(self._name(target))
        return made.key if made is not None and self.has(target, made.key) else None

    def outputs(self) -> frozenset[Path]:
        """What batches have made in this folder, as absolute paths."""
        return frozenset((self._folder / name).resolve() for name in self._made)

    def note(self, target: Path, key: str) -> None:
        """The output is finished. What cannot be written down is kept in `problem`: the picture is there."""
        with self._lock:
            self._made[self._name(target)] = made = Made(key, _size(target))
            try:
                append_line(self._path, _line(self._name(target), made))
            except OSError as error:
                self._explain(error)

    def compact(self) -> None:
        """Write the journal anew, with one line for each output."""
        if not self._made:
            return
        lines = [_line(name, made) + "\n" for name, made in self._made.items()]
        try:
            write_whole(self._path, "".join(lines).encode())
        except OSError as error:
            self._explain(error)

    def _explain(self, error: OSError) -> None:
        self.problem = (
            f"The journal {self._path} cannot be written ({error.strerror or error}): "
            "--resume will do these pictures again."
        )

    def _name(self, target: Path) -> str:
        return target.relative_to(self._folder).as_posix()


def _read(path: Path) -> dict[str, Made]:
    found: dict[str, Made] = {}
    with contextlib.suppress(OSError):
        for line in path.read_bytes().splitlines():
            with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):  # damage, or rubbish
                row = json.loads(line)
                size = row.get("size", 0)
                found[str(row["output"])] = Made(str(row["key"]), size if isinstance(size, int) else 0)
    return found


def _line(name: str, made: Made) -> str:
    return json_text({"output": name, "key": made.key, "size": made.size})


def _size(path: Path) -> int:
    """Bytes of an ordinary file; 0 where there is none."""
    try:
        status = path.stat()
    except OSError:
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else 0
