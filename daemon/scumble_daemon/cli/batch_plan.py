"""Which pictures a batch takes, and which file each becomes."""

from __future__ import annotations

import glob
import os
import string
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import click

from ..image_formats import EXTENSIONS, READABLE, output_format
from .outputs import refuse_collisions, refuse_overwriting

FIELDS = ("stem", "name", "suffix", "style", "weight", "engine", "index")


class Picture(NamedTuple):
    """An input, its folder below the one that was named, and its output."""

    source: Path
    below: Path
    target: Path


def find_pictures(
    places: Sequence[str], recursive: bool, output: Path, made: Collection[Path] = ()
) -> list[tuple[Path, Path]]:
    """Pictures in the named folders, patterns and files, each with its folder below the named one.

    In folders and patterns only files with the extension of an image count, hidden ones and what
    lies in `output` do not, nor what earlier batches have `made` there. A file that is named counts whatever
    it is. Each picture comes once.
    Raises click.UsageError when there is none.
    """
    found: dict[Path, tuple[Path, Path]] = {}
    for place in places:
        for source, below in _in_place(place, recursive, output):
            if str(source) == place or source.resolve() not in made:
                found.setdefault(source.resolve(), (source, below))
    if not found:
        raise click.UsageError(f"There is no picture in {', '.join(places)}.")
    return list(found.values())


def plan(
    pictures: Sequence[tuple[Path, Path]],
    output: Path,
    pattern: str,
    fields: Mapping[str, str],
    read_only: Sequence[Path],
) -> list[Picture]:
    """The output of each picture: `pattern` filled in, below `output` as the input lay below its folder.

    `fields` are those of `FIELDS` that are the same for all. ``{suffix}`` is that of the input, or
    ``.png`` where that cannot be written.
    Raises click.UsageError for a pattern that cannot be filled in, that leads out of the folder, or
    that gives two inputs one output; ScumbleError `unsupported-format`.
    """
    planned = []
    for index, (source, below) in enumerate(pictures, 1):
        suffix = source.suffix if source.suffix.lower() in EXTENSIONS else ".png"
        values = {
            **fields,
            "stem": source.stem,
            "name": source.name,
            "suffix": suffix,
            "index": f"{index:04d}",
        }
        name = _fill(pattern, values)
        target = output / below / name
        output_format(target)
        planned.append(Picture(source, below, target))
    targets = [picture.target for picture in planned]
    refuse_collisions([picture.source for picture in planned], targets)
    _refuse_reading_and_writing(planned, read_only)
    return planned


def _in_place(place: str, recursive: bool, output: Path) -> Iterator[tuple[Path, Path]]:
    path = Path(place)
    if path.is_dir():
        yield from _in_folder(path, recursive, output)
        return
    if path.is_file() or not glob.has_magic(place):
        yield path, Path()  # a file that is not there becomes one failure among the others
        return
    for name in sorted(glob.glob(place, recursive=recursive)):  # noqa: PTH207 - the user's own pattern
        if Path(name).is_dir():
            if recursive:
                yield from _in_folder(Path(name), recursive, output)
        elif Path(name).suffix.lower() in READABLE:
            yield Path(name), Path()


def _in_folder(folder: Path, recursive: bool, output: Path) -> Iterator[tuple[Path, Path]]:
    results = output.resolve()
    for parent, folders, files in os.walk(folder):
        here = Path(parent)
        folders[:] = sorted(
            name
            for name in folders
            if recursive and not name.startswith(".") and (here / name).resolve() != results
        )
        for name in sorted(files):
            if not name.startswith(".") and Path(name).suffix.lower() in READABLE:
                yield here / name, here.relative_to(folder)


def _fill(pattern: str, values: Mapping[str, str]) -> str:
    try:
        used = [name for _, name, _, _ in string.Formatter().parse(pattern) if name is not None]
        unknown = [name for name in used if name not in FIELDS]
        if unknown:
            raise KeyError(unknown[0])
        name = pattern.format_map(values)
    except (KeyError, ValueError, IndexError) as error:
        known = " ".join(f"{{{field}}}" for field in FIELDS)
        raise click.UsageError(
            f"The pattern {pattern!r} cannot be filled in; it may hold {known}."
        ) from error
    path = Path(name)
    if not name or path.is_absolute() or ".." in path.parts or path.drive or "\0" in name:
        raise click.UsageError(f"The pattern {pattern!r} leads out of the output's folder.")
    return name


def _refuse_reading_and_writing(planned: Sequence[Picture], read_only: Sequence[Path]) -> None:
    """No output is an input: not its own, and no other one's."""
    inputs = {os.path.normcase(picture.source.resolve()) for picture in planned}
    for picture in planned:
        if os.path.normcase(picture.target.resolve()) in inputs:
            raise click.UsageError(
                f"{picture.target} is a picture of this command and is not overwritten: "
                "choose another folder or pattern."
            )
        refuse_overwriting(picture.target, read_only)
