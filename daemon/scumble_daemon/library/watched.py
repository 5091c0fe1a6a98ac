"""Folders whose pictures are styles: looked through again at every listing, nothing is copied."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence, Set
from pathlib import Path

from ..image_formats import READABLE
from .entries import Credits, StyleEntry, identity_of
from .names import clean_text, library_name, unique_name

MAX_PICTURES = 2000

Picture = tuple[Path, int, int]
"""Path, size and time of change."""


def pictures_in(folders: Sequence[Path]) -> tuple[Picture, ...]:
    """The pictures that lie in these folders now, sorted; a folder that is gone holds none."""
    return tuple(sorted(_scan(folders)))[:MAX_PICTURES]


def watched_styles(pictures: Sequence[Picture], cache: Path, taken: Set[str]) -> Iterator[StyleEntry]:
    """A style for each picture, named after its file, and after none of `taken`.

    Signals and thumbnail are kept in `cache`, under a digest of path, size and time.
    """
    names = set(taken)
    for path, size, changed in pictures:
        identity = identity_of(str(path), f"{size} {changed}")
        name = unique_name(library_name(path.stem), names)
        names.add(name.casefold())
        title = clean_text(path.stem) or name
        credits = Credits(title, source=str(path), family="watched folder")
        yield StyleEntry(name, "watched", credits, cache / identity.hex(), identity, image=path)


def _scan(folders: Sequence[Path]) -> Iterator[Picture]:
    for folder in folders:
        try:
            with os.scandir(folder) as found:
                for item in found:
                    if not item.name.startswith(".") and Path(item.name).suffix.lower() in READABLE:
                        status = item.stat()
                        if item.is_file():
                            yield Path(item.path), status.st_size, status.st_mtime_ns
        except OSError:
            continue
