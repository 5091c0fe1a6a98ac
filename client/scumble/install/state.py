"""Whether there is an engine: none, half of one, one of an older version, or one that is ready."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import Optional, Tuple

from ..errors import ScumbleError
from ..launch.launcher import find_interpreter
from ..launch.reach import find_daemon, is_remote
from .bundle import Bundle
from .engine import engine_dir, python_of, read_engine

MISSING, PARTIAL, OUTDATED, READY = "missing", "partial", "outdated", "ready"


def engine_state(bundle: Optional[Bundle], folder: Optional[Path] = None) -> str:
    """``missing``, ``partial``, ``outdated`` or ``ready``, as the plug-in with this bundle sees it.

    An engine that the user has installed by other means, and a daemon elsewhere, are ready: they are not
    ours to replace.
    """
    if is_remote() or os.environ.get("SCUMBLE_PYTHON"):
        return READY
    folder = engine_dir() if folder is None else folder
    engine = read_engine(folder)
    if engine is None:
        return READY if _is_elsewhere() else MISSING
    if not engine.complete or not python_of(folder).is_file():  # its Python may have been uninstalled
        return PARTIAL
    if bundle is not None and release(bundle.version) > release(engine.version):
        return OUTDATED
    return READY


def release(version: str) -> Tuple[int, ...]:
    """The numbers of a version, for comparing."""
    return tuple(int(part) for part in re.findall(r"\d+", version.partition("+")[0])[:3])


def _is_elsewhere() -> bool:
    with contextlib.suppress(ScumbleError):
        if find_interpreter():
            return True
    with contextlib.suppress(ScumbleError):
        return find_daemon() is not None
    return False
