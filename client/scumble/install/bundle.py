"""What a plug-in's package carries for the installation: `make dist` puts it there.

engine/manifest.json    this file's fields
engine/scumble-VERSION-py3-none-any.whl
engine/engine.txt       all packages of others, with their versions and hashes
engine/uv-VERSION-PLATFORM.whl
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, Optional

from ..errors import ScumbleError

MANIFEST = "manifest.json"
FOLDER = "engine"


@dataclass(frozen=True)
class Bundle:
    """The files for one platform.

    Attributes:
        version: of our wheel.
        wheel, lock, uv: files in `folder`.
        sha256: of the wheel and of uv, by file name.
        sizes: bytes to download by build, ``cpu`` or ``cuda``, where that was measured.
        room: bytes on the disk at the height of the installation, by build.
    """

    folder: Path
    version: str
    wheel: Path
    lock: Path
    uv: Path
    sha256: Dict[str, str]
    sizes: Dict[str, int] = field(default_factory=dict)
    room: Dict[str, int] = field(default_factory=dict)

    def check(self) -> None:
        """Raise ScumbleError `bundle-damaged` unless wheel and uv are what was packed."""
        for file in (self.wheel, self.uv):
            digest = hashlib.sha256()
            try:
                with file.open("rb") as opened:
                    for piece in iter(lambda: opened.read(1 << 20), b""):
                        digest.update(piece)
            except OSError as error:
                raise _damaged(str(error)) from error
            if digest.hexdigest() != self.sha256.get(file.name):
                raise _damaged("{} has another hash than the manifest says".format(file.name))


def find_bundle() -> Optional[Bundle]:
    """The bundle beside this package, or in ``SCUMBLE_ENGINE_BUNDLE``; None where there is none.

    Raises ScumbleError `bundle-damaged` for one that cannot be read.
    """
    chosen = os.environ.get("SCUMBLE_ENGINE_BUNDLE")
    folder = Path(chosen) if chosen else Path(__file__).resolve().parents[2] / FOLDER
    try:
        fields = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return Bundle(
            folder,
            str(fields["version"]),
            *(folder / str(fields[name]) for name in ("wheel", "lock", "uv")),
            sha256={str(key): str(value) for key, value in fields["sha256"].items()},
            sizes={str(key): int(value) for key, value in fields["sizes"].items()},
            room={str(key): int(value) for key, value in fields["room"].items()},
        )
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(str(error)) from error


def _damaged(detail: str) -> ScumbleError:
    return ScumbleError(
        "bundle-damaged",
        "The plug-in's package is damaged.",
        hint="Download it again, and put it in place of this one.",
        detail=detail,
    )
