"""uv, which the package carries as a wheel: it finds or fetches a Python, resolves, and installs.

uv needs no Python to run, and none with venv or ensurepip; it is one program without further parts.
"""

from __future__ import annotations

import sys
import threading
import zipfile
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

from ..errors import ScumbleError
from ..files import write_whole
from .errors import complaint, failure
from .processes import run_program

PYTHONS = ">=3.11,<3.15"
"""Those that torch's wheels and our lock are for."""
FETCHED = "3.12"
_KEPT_LINES = 40


class Uv:
    """The unpacked program.

    `on_line` gets what it prints; `cancel` ends it; `keep` as in `run_program`.
    """

    def __init__(
        self,
        program: Path,
        environment: Dict[str, str],
        folder: Path,
        on_line: Callable[[str], Any],
        cancel: threading.Event,
        keep: Optional[int] = None,
    ) -> None:
        self._program, self._environment, self._folder = program, environment, folder
        self._on_line, self._cancel, self._keep = on_line, cancel, keep

    def run(self, *arguments: str) -> List[str]:
        """Run it and return its last lines. Raises ScumbleError by what it complains of."""
        lines: List[str] = []

        def take(line: str) -> None:
            lines.append(line)
            del lines[:-_KEPT_LINES]
            self._on_line(line)

        command = [str(self._program), *arguments, "--no-progress", "--color", "never"]
        try:
            code = run_program(command, self._environment, self._folder, take, self._cancel, self._keep)
        except OSError as error:
            raise failure("install-failed", str(error)) from error
        if code:
            raise complaint("\n".join(lines))
        return lines

    def find_python(self) -> Optional[str]:
        """A Python of this computer that will do; None where there is none."""
        try:
            found = self.run("python", "find", PYTHONS, "--system", "--no-python-downloads", "--no-project")
        except ScumbleError as error:
            if error.code == "cancelled":
                raise
            return None
        return found[-1].strip() if found else None

    def fetch_python(self, folder: Path) -> str:
        """Fetch a Python of its own into `folder`. Raises ScumbleError as `run`."""
        self.run("python", "install", FETCHED, "--install-dir", str(folder), "--no-bin", "--no-registry")
        name = "python.exe" if sys.platform == "win32" else "bin/python3"
        for found in sorted(folder.glob("cpython-*")):
            if (found / name).exists():
                return str(found / name)
        raise failure("install-failed", "uv fetched no Python")


def unpack(wheel: Path, target: Path) -> Path:
    """Take the program out of its wheel. Raises OSError, and ScumbleError `install-failed`."""
    name = "uv.exe" if sys.platform == "win32" else "uv"
    program = target / wheel.name.split("-")[1] / name
    if not program.is_file():
        program.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(str(wheel)) as packed:
            inside = [entry for entry in packed.namelist() if entry.endswith("/scripts/" + name)]
            if not inside:
                raise failure("install-failed", "{} holds no {}".format(wheel.name, name))
            write_whole(program, packed.read(inside[0]))
    program.chmod(0o755)
    return program
