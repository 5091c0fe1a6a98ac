"""Where results go: one file each, and never over a file that is read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import click

from scumble.errors import ScumbleError

from ..image_formats import EXTENSIONS, output_format


def plan_outputs(inputs: Sequence[Path], output: str, style: str, read_only: Sequence[Path]) -> list[Path]:
    """One output file for each input. Nothing is written yet, see :func:`make_folders`.

    In a folder they are named ``{stem}-{style}{suffix}``, as PNG where the input's format is not
    one that Scumble writes. Raises click.UsageError for several inputs and one file, for two
    inputs with one output, and for an output that is one of the `read_only` files; ScumbleError
    `unsupported-format` and `cannot-write`.
    """
    target = Path(output)
    names_folder = output.endswith(("/", os.sep)) or target.is_dir()
    if len(inputs) > 1 and not names_folder:
        if target.exists() or target.suffix.lower() in EXTENSIONS:
            raise click.UsageError(
                f"{len(inputs)} pictures do not fit into one file: give a folder, such as -o out/."
            )
        names_folder = True
    if names_folder:
        longest = longest_name(target)
        targets = [target / _name_in_folder(path, style, longest) for path in inputs]
    else:
        output_format(target)  # nobody wants to hear this after a minute of computing
        _check_folder(target)
        targets = [target]
    refuse_collisions(inputs, targets)
    for path in targets:
        refuse_overwriting(path, read_only)
        _check_writable(path)
    return targets


def longest_name(folder: Path) -> int:
    """How many bytes the name of a file in that folder, which need not be there, may have."""
    for place in (folder, *folder.absolute().parents):
        try:
            return os.pathconf(place, "PC_NAME_MAX")
        except (OSError, ValueError, AttributeError):  # not there yet; a system that does not say
            continue
    return 255


def shortened(name: str, longest: int) -> str:
    """The head of a name in at most `longest` bytes (8 or more), with a mark of what the whole was."""
    whole = os.fsencode(name)
    if len(whole) <= longest:
        return name
    mark = "~" + hashlib.sha256(whole).hexdigest()[:6]
    # Not in the middle of a letter; the mark stands for bytes that are no letters.
    return whole[: max(1, longest - len(mark))].decode("utf-8", "ignore") + mark


def make_folders(targets: Sequence[Path]) -> None:
    """Make the folders of the outputs. Raises ScumbleError `cannot-write`."""
    for folder in {target.parent for target in targets}:
        _make_folder(folder)


def _name_in_folder(path: Path, style: str, longest: int) -> str:
    suffix = path.suffix if path.suffix.lower() in EXTENSIONS else ".png"
    rest = f"-{style}{suffix}"
    return shortened(path.stem, longest - len(os.fsencode(rest))) + rest


def _check_folder(target: Path) -> None:
    folder = target.parent
    if not folder.is_dir():
        raise ScumbleError(
            "cannot-write",
            "{file} cannot be written: there is no folder {folder}.",
            hint="Make it, or end -o with a slash to have a folder made.",
            file=target,
            folder=folder,
        )


def _check_writable(target: Path) -> None:
    for place in (target, target.parent):
        if place.exists() and not os.access(place, os.W_OK):
            raise ScumbleError(
                "cannot-write",
                "{file} cannot be written: {place} is write-protected.",
                hint="Choose another name or folder, or change its permissions.",
                file=target,
                place=place,
            )


def refuse_collisions(
    inputs: Sequence[Path],
    targets: Sequence[Path],
    way_out: str = "do them one after the other into two folders",
) -> None:
    """Raise click.UsageError when two inputs have one output; `way_out` is what can be done."""
    seen: dict[str, Path] = {}
    for source, target in zip(inputs, targets, strict=True):
        key = os.path.normcase(target)
        if key in seen:
            raise click.UsageError(f"{seen[key]} and {source} would both be written to {target}: {way_out}.")
        seen[key] = source


def refuse_overwriting(target: Path, read_only: Sequence[Path]) -> None:
    """Raise click.UsageError when `target` is one of these files."""
    for path in read_only:
        if _same_file(target, path):
            raise click.UsageError(
                f"{target} is a picture of this command and is not overwritten: "
                "choose another name for the output."
            )


def _same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except (OSError, ValueError):  # one of them does not exist, or its name cannot
        return False


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ScumbleError(
            "cannot-write",
            "The folder {folder} cannot be made: {reason}.",
            hint="Choose another one with -o.",
            folder=folder,
            reason=error.strerror,
        ) from error
