"""Krita's settings file: one line of it is ours, all others stay as they are, byte for byte."""

from __future__ import annotations

import os
from pathlib import Path

from scumble.files import write_whole

GROUP = "[python]"


def enable_plugin(file: Path, name: str) -> None:
    """Make Krita load a plug-in; the file comes into being if need be. Raises OSError."""
    lines, at = _lines(file), _find(file, name)
    newline = b"\r\n" if lines and lines[0].endswith(b"\r\n") else b"\n"
    wanted = _key(name) + b"=true" + newline
    if at is not None:
        lines[at] = wanted
    else:
        group = next((i for i, line in enumerate(lines) if line.strip() == GROUP.encode()), None)
        if group is None:
            if lines and not lines[-1].endswith(b"\n"):
                lines[-1] += newline
            lines += [newline] * bool(lines) + [GROUP.encode() + newline]
            group = len(lines) - 1
        elif not lines[group].endswith(b"\n"):
            lines[group] += newline
        lines.insert(group + 1, wanted)
    _write(file, lines)


def disable_plugin(file: Path, name: str) -> None:
    """Take our line away. Raises OSError."""
    at = _find(file, name)
    if at is not None:
        lines = _lines(file)
        del lines[at]
        _write(file, lines)


def is_enabled(file: Path, name: str) -> bool:
    """Whether Krita is told to load a plug-in."""
    at = _find(file, name)
    return at is not None and _lines(file)[at].partition(b"=")[2].strip().lower() in (b"true", b"1")


def resource_folder(file: Path) -> Path | None:
    """Where an artist has moved Krita's resources to; None where they are in the usual place."""
    for line in _lines(file):
        if line.lstrip().startswith(b"["):
            break
        key, _, value = line.partition(b"=")
        if key.strip() == b"ResourceDirectory" and value.strip():
            return Path(os.fsdecode(value.strip()))
    return None


def _key(name: str) -> bytes:
    return f"enable_{name}".encode()


def _lines(file: Path) -> list[bytes]:
    try:
        return file.read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return []


def _find(file: Path, name: str) -> int | None:
    """The number of our line."""
    group = b""
    for number, line in enumerate(_lines(file)):
        text = line.strip()
        if text.startswith(b"["):
            group = text
        elif group == GROUP.encode() and text.partition(b"=")[0].strip() == _key(name):
            return number
    return None


def _write(file: Path, lines: list[bytes]) -> None:
    """In one step, and through a link to where it leads: people keep such files elsewhere."""
    file = file.resolve()
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, b"".join(lines), private=not file.exists())
