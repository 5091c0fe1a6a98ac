"""What a batch has finished, kept beside its outputs, so that it can be taken up again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scumble.errors import ScumbleError

from .atomic import atomic_file

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


class Journal:
    """The journal in an output folder. For several threads of one process.

    A line that a crash cut short is ignored, and costs one picture.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._path = folder, folder / NAME
        self._lock = threading.Lock()
        self._keys = _read(self._path)

    def has(self, target: Path, key: str) -> bool:
        """Whether that output is there and was made by that job."""
        return self._keys.get(self._name(target)) == key and target.is_file()

    def key(self, target: Path) -> str | None:
        """The job that made that output last; None for none."""
        return self._keys.get(self._name(target))

    def outputs(self) -> frozenset[Path]:
        """What batches have made in this folder, as absolute paths."""
        return frozenset((self._folder / name).resolve() for name in self._keys)

    def note(self, target: Path, key: str) -> None:
        """The output is finished. Raises ScumbleError `cannot-write`."""
        line = json.dumps({"output": self._name(target), "key": key}, ensure_ascii=False)
        with self._lock:
            self._keys[self._name(target)] = key
            try:
                with self._path.open("a", encoding="utf-8") as file:
                    file.write(line + "\n")
            except OSError as error:
                raise ScumbleError(
                    "cannot-write", f"The journal {self._path} cannot be written: {error.strerror}."
                ) from error

    def compact(self) -> None:
        """Write the journal anew, with one line for each output."""
        if not self._keys:
            return
        lines = [json.dumps({"output": n, "key": k}, ensure_ascii=False) for n, k in self._keys.items()]
        with atomic_file(self._path) as file:
            file.write(("\n".join(lines) + "\n").encode())

    def _name(self, target: Path) -> str:
        return target.relative_to(self._folder).as_posix()


def _read(path: Path) -> dict[str, str]:
    keys: dict[str, str] = {}
    with contextlib.suppress(OSError, UnicodeDecodeError):
        for line in path.read_text(encoding="utf-8").splitlines():
            with contextlib.suppress(ValueError, KeyError, TypeError):
                row = json.loads(line)
                keys[str(row["output"])] = str(row["key"])
    return keys
