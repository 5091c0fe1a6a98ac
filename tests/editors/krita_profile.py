"""What Krita makes at its first start, its database of resources, made once: it takes 10 seconds or a minute.

Without our plug-in: a profile of a test is this, and what the test brings.
"""

from __future__ import annotations

import functools
import os
import shutil
import tempfile
from pathlib import Path

from krita_session import KritaSession

START_S = 600.0


class _Patient(KritaSession):
    start_s = START_S


@functools.cache
def prepare_profile(series: str, root: Path) -> Path:
    """The resources of a Krita of `series` in `root` that was started once; made where they are missing.

    They lie beside the editors' root, and are Krita's own to renew where another Krita finds it.
    """
    cache = os.environ.get("SCUMBLE_EDITORS_DIR") or Path(
        os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "scumble-editors"
    )
    folder = Path(cache) / f"krita-{series}"
    if not folder.is_dir():
        with tempfile.TemporaryDirectory(prefix="scumble-") as base:
            place = Path(base) / "krita"
            place.mkdir()
            session = _Patient(root, Path(base), place, None, {})
            session.close()
            for name in ("pykrita", "actions"):
                shutil.rmtree(session.resources / name)
            part = Path(tempfile.mkdtemp(dir=cache))
            shutil.copytree(session.resources, part, dirs_exist_ok=True)
            part.rename(folder)
    return folder
