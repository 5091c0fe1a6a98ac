"""The user's own styles: one folder each, named by the SHA-256 of what is in it.

    styles/<sha256>/style.json      name, title and credits, or a recipe
                    image           the file as it was given (not for recipes and imported signals)
                    thumbnail.jpg
                    signals/        see signals.py

No name that a user or a stranger chose ever becomes the name of a file.
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scumble.errors import ScumbleError
from scumble.files import write_whole

from ..storage.atomic import atomic_file
from .entries import Credits, StyleEntry, credits_from
from .names import checked_name
from .recipes import Recipe, recipe_from

_DIGEST = re.compile(r"[0-9a-f]{64}")
_MAX_JSON = 1 << 20


def user_styles(folder: Path) -> list[StyleEntry]:
    """The styles in the user's folder, in the order of their names; damaged ones are left out."""
    try:
        folders = [path for path in folder.iterdir() if _DIGEST.fullmatch(path.name)]
    except OSError:
        return []
    found = [entry for entry in (_read(path) for path in folders) if entry is not None]
    return sorted(found, key=lambda entry: (entry.name.casefold(), entry.folder.name))


def write_style(
    folder: Path,
    digest: str,
    name: str,
    credits: Credits,
    *,
    image: bytes | None = None,
    thumbnail: bytes = b"",
    signals: Mapping[str, bytes] | None = None,
    recipe: Recipe | None = None,
) -> Path:
    """Put a style there, whole or not at all, and return its folder.

    `digest` is 64 hexadecimal digits; `signals` are the contents of files by their names, which
    have been checked. For the holder of the lock. Raises ScumbleError `cannot-write`.
    """
    target = folder / digest
    part = folder / f".{secrets.token_hex(8)}.part"
    try:
        (part / "signals").mkdir(parents=True)
        if image is not None:
            write_whole(part / "image", image)
        if thumbnail:
            write_whole(part / "thumbnail.jpg", thumbnail)
        for file_name, data in (signals or {}).items():
            write_whole(part / "signals" / file_name, data)
        write_whole(part / "style.json", _json_of(name, credits, recipe))
        part.rename(target)
    except OSError as error:
        raise ScumbleError(
            "cannot-write",
            "The style {style} cannot be kept in {folder}: {reason}.",
            style=name,
            folder=folder,
            reason=error.strerror,
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target


def rewrite_style(entry: StyleEntry, name: str, credits: Credits) -> None:
    """Give a style of the user another name and other credits. For the holder of the lock."""
    with atomic_file(entry.folder / "style.json") as file:
        file.write(_json_of(name, credits, entry.recipe))


def delete_style(entry: StyleEntry) -> None:
    """Remove a style's folder. For the holder of the lock. Raises ScumbleError `cannot-write`."""
    gone = entry.folder.with_name(f".{secrets.token_hex(8)}.part")
    try:
        entry.folder.rename(gone)
    except OSError as error:
        raise ScumbleError(
            "cannot-write",
            "The style {style} cannot be removed: {reason}.",
            style=entry.name,
            reason=error.strerror,
        ) from error
    shutil.rmtree(gone, ignore_errors=True)


def _json_of(name: str, credits: Credits, recipe: Recipe | None) -> bytes:
    data: dict[str, Any] = {"name": name, **credits.as_dict()}
    if recipe is not None:
        data["recipe"] = recipe.as_dict()
    return json.dumps(data, indent=1, ensure_ascii=False).encode()


def _read(folder: Path) -> StyleEntry | None:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, RecursionError, ScumbleError):
        with (folder / "style.json").open("rb") as file:
            data = json.loads(file.read(_MAX_JSON))
        name = checked_name(data["name"])
        recipe = recipe_from(data["recipe"]) if "recipe" in data else None
        image = folder / "image"
        return StyleEntry(
            name,
            "user" if recipe is None else "recipe",
            credits_from(data, name),
            folder,
            bytes.fromhex(folder.name),
            image if recipe is None and image.is_file() else None,
            recipe,
        )
    return None
