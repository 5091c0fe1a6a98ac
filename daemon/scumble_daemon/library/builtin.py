"""The styles that come with Scumble: their pictures, signals, and what was learned of them.

tools/make_styles.py and tools/learn_library.py make them.
"""

from __future__ import annotations

import functools
import sys
from pathlib import Path

from .entries import StyleEntry, credits_from, identity_of
from .signals import signals_files

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

#: A built-in style's picture in its folder, at the size at which styles are learned.
PICTURE = "picture.jpg"


@functools.cache
def builtin_styles(folder: Path) -> tuple[StyleEntry, ...]:
    """The built-in styles by name. Read once: they change with the installation only."""
    return tuple(_read(path.parent) for path in sorted(folder.glob("*/style.toml")))


def _read(folder: Path) -> StyleEntry:
    table = tomllib.loads((folder / "style.toml").read_text(encoding="utf-8"))
    contents = [path.read_bytes() for path in signals_files(folder / "signals")]
    picture = folder / PICTURE
    if picture.is_file():
        contents.append(picture.read_bytes())
    return StyleEntry(
        folder.name,
        "builtin",
        credits_from(table, folder.name),
        folder,
        identity_of(folder.name, *contents),
        picture if picture.is_file() else None,
    )
