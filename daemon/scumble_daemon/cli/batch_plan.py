"""Which file each picture of a batch becomes."""

from __future__ import annotations

import os
import string
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import click

from ..image_formats import EXTENSIONS, output_format
from .outputs import longest_name, refuse_collisions, refuse_overwriting, shortened

FIELDS = ("stem", "name", "suffix", "style", "weight", "engine", "index")


class Picture(NamedTuple):
    """An input, its folder below the one that was named, and its output."""

    source: Path
    below: Path
    target: Path


def plan(
    pictures: Sequence[tuple[Path, Path]],
    output: Path,
    pattern: str,
    fields: Mapping[str, str],
    read_only: Sequence[Path],
) -> list[Picture]:
    """The output of each picture: `pattern` filled in, below `output` as the input lay below its folder.

    `fields` are those of `FIELDS` that are the same for all. ``{suffix}`` is that of the input, or
    ``.png`` where that cannot be written. A name that would be too long for the file system has its
    ``{stem}`` and ``{name}`` cut, with a mark of the whole: the same input keeps the same output.
    Raises click.UsageError for a pattern that cannot be filled in, that leads out of the folder, or
    that gives two inputs one output; ScumbleError `unsupported-format`.
    """
    planned, longest = [], longest_name(output)
    for index, (source, below) in enumerate(pictures, 1):
        suffix = source.suffix if source.suffix.lower() in EXTENSIONS else ".png"
        values = {
            **fields,
            "stem": source.stem,
            "name": source.name,
            "suffix": suffix,
            "index": f"{index:04d}",
        }
        target = output / below / _fitting(pattern, values, longest)
        output_format(target)
        planned.append(Picture(source, below, target))
    targets = [picture.target for picture in planned]
    # The full name tells a.jpg from a.png; two folders' pictures of one name take a number.
    way_out = 'name them by --pattern "{name}-{style}{suffix}" or "{index}-{stem}-{style}{suffix}"'
    refuse_collisions([picture.source for picture in planned], targets, way_out)
    _refuse_reading_and_writing(planned, read_only)
    return planned


def _fitting(pattern: str, values: Mapping[str, str], longest: int) -> str:
    name = _fill(pattern, values)
    over = max(len(os.fsencode(part)) for part in Path(name).parts) - longest
    if over > 0:
        cut = {key: shortened(values[key], len(os.fsencode(values[key])) - over) for key in ("stem", "name")}
        name = _fill(pattern, {**values, **cut})
    return name


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
