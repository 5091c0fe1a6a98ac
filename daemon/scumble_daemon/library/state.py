"""What the user has set about the library: favourites and watched folders, in one small file."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from ..storage.atomic import atomic_file

MAX_WATCHED = 16
_MAX_BYTES = 1 << 20


@dataclass(frozen=True)
class State:
    """Favourites are names of styles, watched folders absolute paths; `revision` tells changes."""

    favourites: frozenset[str] = frozenset()
    watched: tuple[Path, ...] = ()
    revision: str = ""


def read_state(folder: Path) -> State:
    """The state in `folder`; the empty one where there is none or it is damaged."""
    try:
        with (folder / "library.json").open("rb") as file:
            data = json.loads(file.read(_MAX_BYTES))
        favourites = frozenset(name for name in data["favourites"] if isinstance(name, str))
        watched = tuple(Path(path) for path in data["watched"] if isinstance(path, str))
        return State(favourites, watched[:MAX_WATCHED], str(data["revision"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return State()


def write_state(
    folder: Path, *, favourites: frozenset[str] | None = None, watched: tuple[Path, ...] | None = None
) -> None:
    """Write what is given, keep what is not, and mark that the library has changed.

    For the holder of the lock. Raises ScumbleError `cannot-write`.
    """
    old = read_state(folder)
    data = {
        "favourites": sorted(old.favourites if favourites is None else favourites),
        "watched": [str(path) for path in (old.watched if watched is None else watched)],
        "revision": secrets.token_hex(8),
    }
    with atomic_file(folder / "library.json") as file:
        file.write(json.dumps(data, indent=1, ensure_ascii=False).encode())
