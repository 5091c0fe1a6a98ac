"""Which files of the named places a batch takes, and what it passes over. Nothing is opened here."""

from __future__ import annotations

import glob
import os
import stat
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import click

from ..image_formats import READABLE, extra_for, kind_of


class PassedOver:
    """What lay in the named places and was not taken, by kind, and what could not be looked into."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.folders: list[str] = []

    def sentences(self) -> list[str]:
        """For people: one line for the files, one for each folder."""
        lines = [f"The folder {folder} cannot be read." for folder in self.folders]
        if self.kinds:
            parts = []
            for kind, count in self.kinds.most_common():
                extra = extra_for(kind)
                parts.append(f"{count} {kind}" + (f" (to read them: {extra})" if extra else ""))
            lines.append(f"Passed over: {', '.join(parts)}.")
        return lines


def find_pictures(
    places: Sequence[str],
    recursive: bool,
    output: Path,
    made: Collection[Path] = (),
    passed: PassedOver | None = None,
) -> list[tuple[Path, Path]]:
    """Pictures in the named folders, patterns and files, each with its folder below the named one.

    In folders and patterns only ordinary files with the extension of an image count, hidden ones and
    what lies in `output` do not, nor what earlier batches have `made` there; what looks like a picture
    and is not taken is counted in `passed`. A file that is named counts whatever it is. Each picture
    comes once.
    Raises click.UsageError when there is none.
    """
    passed = passed or PassedOver()
    found: dict[Path, tuple[Path, Path]] = {}
    for place in places:
        for source, below in _in_place(place, recursive, output, passed):
            where = _absolute(source)
            if str(source) == place or where not in made:
                found.setdefault(where, (source, below))
    if not found:
        rest = " ".join(passed.sentences())
        raise click.UsageError(f"There is no picture in {', '.join(places)}. {rest}".strip())
    return list(found.values())


def _in_place(place: str, recursive: bool, output: Path, passed: PassedOver) -> Iterator[tuple[Path, Path]]:
    path = Path(place)
    if _is(path, stat.S_ISDIR):
        yield from _in_folder(path, recursive, output, passed)
        return
    if _is(path, stat.S_ISREG) or not glob.has_magic(place):
        yield path, Path()  # a file that is not there becomes one failure among the others
        return
    for name in sorted(glob.glob(place, recursive=recursive)):  # noqa: PTH207 - the user's own pattern
        if _is(Path(name), stat.S_ISDIR):
            if recursive:
                yield from _in_folder(Path(name), recursive, output, passed)
        elif _counts(Path(name), passed):
            yield Path(name), Path()


def _in_folder(
    folder: Path, recursive: bool, output: Path, passed: PassedOver
) -> Iterator[tuple[Path, Path]]:
    results = _absolute(output)

    def unreadable(error: OSError) -> None:
        passed.folders.append(str(error.filename))

    for parent, folders, files in os.walk(folder, onerror=unreadable):
        here = Path(parent)
        folders[:] = sorted(
            name
            for name in folders
            if recursive and not name.startswith(".") and _absolute(here / name) != results
        )
        for name in sorted(files):
            if not name.startswith(".") and _counts(here / name, passed):
                yield here / name, here.relative_to(folder)


def _counts(path: Path, passed: PassedOver) -> bool:
    """Whether it is taken; what is not, and is a picture by its name, is counted."""
    suffix = path.suffix.lower()
    kind = kind_of(suffix)
    if suffix not in READABLE:
        if kind:
            passed.kinds[kind] += 1
        return False
    try:
        mode = path.stat().st_mode
    except OSError:
        passed.kinds["links that lead nowhere"] += 1
        return False
    if not stat.S_ISREG(mode):
        passed.kinds["pipes, sockets or devices"] += 1
    return stat.S_ISREG(mode)


def _is(path: Path, kind: object) -> bool:
    try:
        return bool(kind(path.stat().st_mode))  # type: ignore[operator]
    except (OSError, ValueError):  # too long, a null in it, not there
        return False


def _absolute(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # a name too long, a loop of links
        return path.absolute()
