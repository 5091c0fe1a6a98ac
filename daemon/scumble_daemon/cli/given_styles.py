"""The styles that ``--style`` names, found and read: an image file or a style of the library each."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from scumble.errors import ScumbleError
from scumble.pixels.geometry import Extent
from scumble.request import StyleSource, StyleWeight

from . import report
from .piping import refuse_pipe
from .style_text import is_library_name, parse_style

if TYPE_CHECKING:
    from ..images.masks import Mask


@dataclass(frozen=True)
class GivenStyle:
    """One style of the command line.

    Attributes:
        label: what outputs are named after: the file's stem or the library name.
        title: what people read.
        path: the image file; None for a style of the library.
        identity: changes when the style or its mask does.
        settings: of a recipe, by names of StylizeRequest's fields.
        mask: where the style is; None for everywhere.
    """

    weight: StyleWeight
    label: str
    title: str
    path: Path | None
    identity: bytes
    settings: Mapping[str, Any] = field(default_factory=dict)
    mask: Mask | None = None

    def placed(self, extent: Extent, *, in_file: bool = False) -> StyleWeight:
        """The style with its mask laid over a picture of that size; `in_file` as `Mask.fitted_in_file`."""
        if self.mask is None:
            return self.weight
        coverage: Any = self.mask.fitted_in_file(extent) if in_file else self.mask.fitted(extent)
        return replace(self.weight, mask=coverage)


def load_styles(texts: Sequence[str]) -> tuple[GivenStyle, ...]:
    """The styles of a command line. A file wins over a library name, with a note.

    Raises ScumbleError as `read_image` (for a mask too), `unknown-style` with what is near in the
    library and among the files, `bad-style` for an impossible share, and click.UsageError for a pipe.
    """
    refuse_pipe(texts, "A style", "give a file, or a name of the library")
    return tuple(_load(*parse_style(text)) for text in texts)


def with_recipe(styles: Sequence[GivenStyle], settings: dict[str, Any]) -> dict[str, Any]:
    """`settings` with those that all styles bring along (a recipe, a photo look), where no option was given.

    For the current click command, whose options bear the names of the settings.
    """
    context = click.get_current_context()
    first, *others = [style.settings for style in styles]
    brought = {key: value for key, value in first.items() if all(o.get(key) == value for o in others)}
    return {
        key: brought[key]
        if key in brought and context.get_parameter_source(key) is ParameterSource.DEFAULT
        else value
        for key, value in settings.items()
    }


def _load(path: Path, share: float, mask_path: Path | None) -> GivenStyle:
    style = _from_library(str(path), share) if is_library_name(path) else _from_file(path, share)
    if mask_path is None:
        return style
    from ..images.masks import read_free_mask

    try:
        mask = read_free_mask(mask_path)
    except ScumbleError as error:
        error.message = f"The mask of {style.title} cannot be used: {error.message}"
        raise
    identity = hashlib.sha256(repr(mask.image.size).encode() + mask.image.tobytes()).digest()
    return replace(style, mask=mask, identity=style.identity + identity)


def _from_file(path: Path, share: float) -> GivenStyle:
    from scumble.pixels.content import digest_of

    from ..images import read_image
    from ..images.odd_styles import visible_part

    loaded = read_image(path)
    for note in loaded.notes:
        report.note(note)
    pixels, notes = visible_part(loaded.pixels, path.name)
    for note in notes:
        report.note(note)
    weight = StyleWeight(StyleSource(pixels=pixels), share)
    return GivenStyle(weight, path.stem, path.name, path, digest_of(pixels.view()))


def _from_library(name: str, share: float) -> GivenStyle:
    from ..library import Library
    from ..library.learned import learned_stamp

    library = Library()
    try:
        entry = library.find(name)
    except ScumbleError as error:
        near = [*library.near(name), *_near_files(name)][:4]
        raise ScumbleError(
            "unknown-style",
            "{style} is neither a file nor a style of the library.",
            hint="Did you mean {near}?" if near else error.hint,
            style=name,
            near=" or ".join(near),
        ) from error
    identity = b"".join(learned_stamp(part) for part, _ in library.parts(entry)) + entry.identity
    weight = StyleWeight(StyleSource(library=entry.name), share)
    return GivenStyle(weight, entry.name, entry.credits.title, None, identity, entry.settings)


def _near_files(name: str) -> list[str]:
    stems: dict[str, str] = {}
    try:
        for path in Path().iterdir():
            if path.is_file():
                stems.setdefault(path.stem.casefold(), path.name)
    except OSError:
        return []
    return [stems[near] for near in difflib.get_close_matches(name.casefold(), stems, n=2, cutoff=0.75)]
