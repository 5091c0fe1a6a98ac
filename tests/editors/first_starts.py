"""What the editors make at their first start, made once: else each test that starts one takes 5 to 10 s more.

Krita fills a database of resources, GIMP asks all its plug-ins what they are. Ours is not among them: a
profile of a test is this, and what the test brings. It lies beside the editors' root, and the editors
themselves renew what no longer fits.
"""

from __future__ import annotations

import fcntl
import functools
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from gimp_session import GimpSession
from krita_session import KritaSession

START_S = 600.0


class _PatientKrita(KritaSession):
    start_s = START_S


class _PatientGimp(GimpSession):
    start_s = START_S


@functools.cache
def krita_resources(series: str, root: Path) -> Path:
    """The resources of a Krita of `series` in `root` that was started once; made where they are missing."""

    def start(base: Path, result: Path) -> None:
        session = _PatientKrita(root, base, _folder(base), None, {})
        session.close()
        for name in ("pykrita", "actions"):
            shutil.rmtree(session.resources / name)
        shutil.copytree(session.resources, result, dirs_exist_ok=True)

    return _made_once(f"krita-{series}", start)


@functools.cache
def gimp_plugins(root: Path) -> Path:
    """A folder with GIMP's list of its own plug-ins; made where it is missing."""

    def start(base: Path, result: Path) -> None:
        session = _PatientGimp(root, base, _folder(base), None, {}, windows=False)
        session.close()
        shutil.copy(session.profile / "pluginrc", result)

    return _made_once("gimp", start)


def _folder(base: Path) -> Path:
    folder = base / "first"
    folder.mkdir()
    return folder


def _made_once(name: str, start: Callable[[Path, Path], None]) -> Path:
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    cache = Path(os.environ.get("SCUMBLE_EDITORS_DIR") or caches / "scumble-editors")
    made = cache / name
    # Two processes of one run may come here at once.
    with (cache / "first-starts.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _make_once(made, name, cache, start)
    return made


def _make_once(made: Path, name: str, cache: Path, start: Callable[[Path, Path], None]) -> None:
    if not made.is_dir():
        with tempfile.TemporaryDirectory(dir=cache) as part:
            result = Path(part) / name
            result.mkdir()
            with tempfile.TemporaryDirectory(prefix="scumble-") as base:
                start(Path(base), result)
            result.rename(made)
