"""What ``--style`` may name: an image file, or a style of the library, each with a share."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from scumble.errors import ScumbleError
from scumble.request import StyleSource, StyleWeight

from . import report


@dataclass(frozen=True)
class GivenStyle:
    """One style of the command line.

    Attributes:
        label: what outputs are named after: the file's stem or the library name.
        title: what people read.
        path: the image file; None for a style of the library.
        identity: changes when the style does.
        settings: of a recipe, by names of StylizeRequest's fields.
    """

    weight: StyleWeight
    label: str
    title: str
    path: Path | None
    identity: bytes
    settings: Mapping[str, Any] = field(default_factory=dict)


def parse_style(text: str) -> tuple[Path, float]:
    """Split ``path:0.6`` into path and share; without a share it is 1.

    A file of the whole name wins, so a colon in a file name or a drive letter does no harm.
    """
    path, colon, share = text.rpartition(":")
    if not colon or not path or Path(text).exists() or not _is_number(share):
        return Path(text), 1.0
    return Path(path), float(share)


def style_files(texts: Sequence[str]) -> list[Path]:
    """Those of the styles that are files, or would be if they existed."""
    return [path for path, _ in map(parse_style, texts) if not _is_library_name(path)]


def style_label(texts: Sequence[str]) -> str:
    """What the outputs of a mix are named after."""
    return "+".join(str(path) if _is_library_name(path) else path.stem for path, _ in map(parse_style, texts))


def load_styles(texts: Sequence[str]) -> tuple[GivenStyle, ...]:
    """The styles of a command line. A file wins over a library name, with a note.

    Raises ScumbleError as `read_image`, `unknown-style` with what is near in the library and
    among the files, and `bad-style` for an impossible share.
    """
    return tuple(_load(*parse_style(text)) for text in texts)


def with_recipe(styles: Sequence[GivenStyle], settings: dict[str, Any]) -> dict[str, Any]:
    """`settings` with those of a recipe, when it is the only style, where no option was given.

    For the current click command, whose options bear the names of the settings.
    """
    context = click.get_current_context()
    if len(styles) != 1:
        return settings
    return {
        key: styles[0].settings[key]
        if key in styles[0].settings and context.get_parameter_source(key) is ParameterSource.DEFAULT
        else value
        for key, value in settings.items()
    }


def _load(path: Path, share: float) -> GivenStyle:
    return _from_library(str(path), share) if _is_library_name(path) else _from_file(path, share)


def _from_file(path: Path, share: float) -> GivenStyle:
    from scumble.jobspec import digest_of

    from ..images import read_image

    loaded = read_image(path)
    for note in loaded.notes:
        report.note(note)
    weight = StyleWeight(StyleSource(pixels=loaded.pixels), share)
    return GivenStyle(weight, path.stem, path.name, path, digest_of(loaded.pixels.view()))


def _from_library(name: str, share: float) -> GivenStyle:
    from ..library import Library

    library = Library()
    try:
        entry = library.find(name)
    except ScumbleError as error:
        near = [*library.near(name), *_near_files(name)][:4]
        hint = f"Did you mean {' or '.join(near)}?" if near else error.hint
        message = f"{name} is neither a file nor a style of the library."
        raise ScumbleError("unknown-style", message, hint=hint) from error
    identity = b"".join(part.identity for part, _ in library.parts(entry)) + entry.identity
    weight = StyleWeight(StyleSource(library=entry.name), share)
    settings = entry.recipe.settings if entry.recipe else {}
    return GivenStyle(weight, entry.name, entry.credits.title, None, identity, settings)


def _is_library_name(path: Path) -> bool:
    """Names of the library hold no dot and no separator; a file of that name wins."""
    text = str(path)
    return not any(mark in text for mark in "/\\.\0") and bool(text) and not path.is_file()


def _near_files(name: str) -> list[str]:
    stems: dict[str, str] = {}
    try:
        for path in Path().iterdir():
            if path.is_file():
                stems.setdefault(path.stem.casefold(), path.name)
    except OSError:
        return []
    return [stems[near] for near in difflib.get_close_matches(name.casefold(), stems, n=2, cutoff=0.75)]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
