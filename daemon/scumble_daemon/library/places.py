"""Where styles lie, and how several processes share the user's folder."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from scumble.errors import ScumbleError
from scumble.locking import open_lock, wait_for_lock

_PACKAGE = Path(__file__).parents[1]


def builtin_folder() -> Path:
    """The built-in styles: inside an installed package, or at the top of a checkout."""
    packaged = _PACKAGE / "styles"
    return packaged if packaged.is_dir() else _PACKAGE.parents[1] / "styles"


def user_folder() -> Path:
    """The user's styles: ``styles`` in ``SCUMBLE_DATA_DIR`` or in the user's data directory."""
    override = os.environ.get("SCUMBLE_DATA_DIR")
    if override:
        return Path(override) / "styles"
    from platformdirs import user_data_path

    return user_data_path("scumble") / "styles"


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold `folder`, which is made when it is not there, against other processes that change it.

    Raises ScumbleError `cannot-write`.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = open_lock(folder / ".lock")
    except OSError as error:
        raise ScumbleError(
            "cannot-write",
            "The style library {folder} cannot be written: {reason}.",
            hint="Set SCUMBLE_DATA_DIR to a folder that you may write to.",
            folder=folder,
            reason=error.strerror,
        ) from error
    try:
        wait_for_lock(descriptor)
        yield
    finally:
        os.close(descriptor)  # lets go of the lock
