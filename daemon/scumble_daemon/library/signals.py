"""Signals of a style on disk: one file for each set of weights that has encoded it.

``signals/<engine>-<first 16 digits of the weights' sha256>.safetensors``: weights that are trained
again find none of their own and the style is encoded again, where its picture is at hand.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from pathlib import Path

from scumble.errors import ScumbleError

from ..storage.atomic import atomic_file
from .entries import StyleEntry

MAX_BYTES = 1 << 20
FILE_NAME = re.compile(r"([a-z0-9][a-z0-9._-]{0,63})-([0-9a-f]{16})\.safetensors")


def signals_name(engine: str, weights: str) -> str:
    """The file's name; `weights` is their sha256 in hexadecimal digits."""
    return f"{engine}-{weights[:16]}.safetensors"


def load_signals(entry: StyleEntry, weights: str) -> bytes | None:
    """The signals that these weights have encoded, whatever the engine's name was; None for none."""
    return load_tensors(signals_files(entry.signals_folder), weights)


def load_tensors(files: Sequence[Path], weights: str) -> bytes | None:
    """The file among these that was made with these weights; None for none."""
    for path in files:
        if path.name.endswith(f"-{weights[:16]}.safetensors"):
            with contextlib.suppress(OSError):
                return path.read_bytes()
    return None


def save_signals(entry: StyleEntry, engine: str, weights: str, data: bytes) -> None:
    """Keep signals for the next time; a folder that cannot be written costs only that.

    Not those of a built-in style: an installation is nobody's to write to, and they are made in a moment.
    """
    if entry.kind == "builtin":
        return
    with contextlib.suppress(OSError, ScumbleError):
        entry.signals_folder.mkdir(parents=True, exist_ok=True)
        with atomic_file(entry.signals_folder / signals_name(engine, weights)) as file:
            file.write(data)


def signals_files(folder: Path) -> list[Path]:
    """The signals files in a folder, by name."""
    try:
        found = [path for path in folder.iterdir() if FILE_NAME.fullmatch(path.name)]
        return sorted(path for path in found if path.stat().st_size <= MAX_BYTES)
    except OSError:
        return []


def engines_of(files: Sequence[Path]) -> list[str]:
    """Names of the engines that these files were made for."""
    matches = (FILE_NAME.fullmatch(path.name) for path in files)
    return sorted({match[1] for match in matches if match})
