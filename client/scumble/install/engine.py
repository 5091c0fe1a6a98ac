"""The engine's folder: where it is, and what it says of itself. Nothing of anybody else's lies in it."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from ..files import write_whole
from ..folders import config_dir, data_dir

CHOICE = "engine-folder"
MARKER = "engine.json"


@dataclass(frozen=True)
class Engine:
    """What an engine's folder says of itself.

    Attributes:
        version: of Scumble; for half an engine the one that is to be.
        build: of torch, ``cpu`` or ``cuda``.
        complete: False from the first step of an installation to its last.
        wheels: the folder it was installed from; empty for the network.
    """

    version: str
    build: str
    complete: bool
    wheels: str = ""


def read_engine(folder: Path) -> Optional[Engine]:
    """The engine of a folder, whole or half; None where there is none."""
    try:
        fields = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        wheels = str(fields.get("wheels", ""))
        return Engine(str(fields["version"]), str(fields["build"]), fields["complete"] is True, wheels)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write_engine(folder: Path, engine: Engine) -> None:
    """Say what is in a folder. Raises OSError."""
    fields = {
        "version": engine.version,
        "build": engine.build,
        "complete": engine.complete,
        "wheels": engine.wheels,
    }
    write_whole(folder / MARKER, json.dumps(fields).encode("utf-8"))


def engine_dir() -> Path:
    """Where the engine is or is to be: ``SCUMBLE_ENGINE_DIR``, what the user chose, or the data directory."""
    chosen = os.environ.get("SCUMBLE_ENGINE_DIR", "")
    if not chosen:
        try:
            chosen = (config_dir() / CHOICE).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            chosen = ""
    return Path(chosen) if chosen and Path(chosen).is_absolute() else data_dir() / "engine"


def choose_engine_dir(folder: Path) -> None:
    """Remember a folder that the user chose, for all editors. Raises OSError."""
    file = config_dir() / CHOICE
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, (str(folder) + "\n").encode("utf-8", "surrogateescape"))


def environment_dir(engine: Path) -> Path:
    """The virtual environment in an engine's folder."""
    return engine / "env"


def python_of(engine: Path) -> Path:
    """The environment's Python; it need not be there."""
    env = environment_dir(engine)
    return env / "Scripts" / "python.exe" if sys.platform == "win32" else env / "bin" / "python"


def wheels_dir(engine: Path) -> Path:
    """What was downloaded, until all of it is installed."""
    return engine / "wheels"
