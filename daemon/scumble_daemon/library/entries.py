"""One style of the library, whatever its kind, and what is told about it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scumble.marks import MARKS, PHOTO, PHOTO_ENGINE

from .names import clean_text
from .recipes import Recipe

KINDS = ("builtin", "user", "watched", "recipe")
MAX_TAGS = 16
MAX_TITLES = 64
MAX_CREDIT = 500


@dataclass(frozen=True)
class Credits:
    """What is known of a style: one line each, empty where it is not known.

    `mark` is one of `MARKS`, `titles` are titles by language, such as ``de``, where they differ.
    """

    title: str
    artist: str = ""
    year: str = ""
    family: str = ""
    mark: str = ""
    licence: str = ""
    source: str = ""
    tags: tuple[str, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for a file or a message."""
        return {**vars(self), "tags": list(self.tags), "titles": dict(self.titles)}


@dataclass(frozen=True)
class StyleEntry:
    """A style of the library.

    Attributes:
        name: what ``--style`` and StyleSource take; unique, compared without case.
        kind: one of `KINDS`.
        folder: holds ``signals/`` and the thumbnail.
        image: the picture that it can be encoded from; None for a style of signals only.
        recipe: for kind ``recipe``, and only there.
        identity: changes when the style does.
        own_folder: holds what this user has learned of it, where that is not `folder`.
    """

    name: str
    kind: str
    credits: Credits
    folder: Path
    identity: bytes
    image: Path | None = None
    recipe: Recipe | None = None
    favourite: bool = False
    own_folder: Path | None = None

    @property
    def thumbnail(self) -> Path:
        """A small JPEG of the picture itself."""
        return self.folder / "thumbnail.jpg"

    @property
    def settings(self) -> dict[str, Any]:
        """Fields of StylizeRequest for whoever chooses the style: a recipe's, or a photo look's engine."""
        if self.recipe is not None:
            return dict(self.recipe.settings)
        return {"engine": PHOTO_ENGINE} if self.credits.mark == PHOTO else {}

    @property
    def signals_folder(self) -> Path:
        """See :mod:`scumble_daemon.library.signals`."""
        return self.folder / "signals"


def credits_from(data: Mapping[str, Any], title: str) -> Credits:
    """Credits in plain data from a file; `title` where it has none. What is no text is left out."""

    def line(key: str, longest: int = MAX_CREDIT) -> str:
        value = data.get(key, "")
        return clean_text(value, longest) if isinstance(value, str) else ""

    tags = data.get("tags", [])
    words = [clean_text(tag, 40) for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
    mark = line("mark", 40).casefold()
    return Credits(
        clean_text(line("title")) or clean_text(title) or "Style",
        line("artist"),
        line("year", 40),
        line("family", 40),
        mark if mark in MARKS else "",
        line("licence"),
        line("source"),
        tuple(word for word in words if word)[:MAX_TAGS],
        _titles(data.get("titles")),
    )


def _titles(data: object) -> dict[str, str]:
    if not isinstance(data, Mapping):
        return {}
    pairs = [(k, clean_text(v)) for k, v in data.items() if isinstance(k, str) and isinstance(v, str)]
    return {language: title for language, title in pairs[:MAX_TITLES] if title and len(language) <= 8}


def identity_of(*parts: str | bytes) -> bytes:
    """A digest over these parts."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.digest()
