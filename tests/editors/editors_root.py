"""The Debian root with the real editors: set up once, entered by each test."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from pathlib import Path

SETUP = Path(__file__).with_name("setup")
PREPARE_S = 1500


def required() -> bool:
    """Whether a missing editor is a failure: in CI, and where SCUMBLE_EDITOR_TESTS=1 asks for it."""
    return os.environ.get("CI", "").lower() in ("1", "true") or os.environ.get("SCUMBLE_EDITOR_TESTS") == "1"


@functools.cache
def prepare_root() -> tuple[Path | None, str]:
    """The root with the editors, set up if it is not there yet; or None, and why there is none."""
    return _prepare("prepare.sh")


@functools.cache
def prepare_krita(where: str) -> tuple[Path | None, str]:
    """Where Krita is: for ``root`` the root of the editors, for ``host`` this machine's own root, ``/``.

    It is set up if it is not there yet; None, and why, where that fails.
    """
    return _prepare("prepare_krita.sh", where)


def _prepare(script: str, *arguments: str) -> tuple[Path | None, str]:
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return None, "the editor tests need root, for a Debian root of their own"
    for tool in ("unshare", "apt-get"):
        if shutil.which(tool) is None:
            return None, f"the editor tests need {tool}, to set the editors up"
    done = subprocess.run(
        [SETUP / script, *arguments], capture_output=True, text=True, check=False, timeout=PREPARE_S
    )
    if done.returncode:
        return None, f"the editors could not be set up: {done.stderr}"
    return Path(done.stdout.splitlines()[-1]), ""


def enter(root: Path, work: Path, *command: str | Path) -> list[str | Path]:
    """The command line that runs `command` inside the root, with `work` at its own path.

    The root ``/`` is this machine itself: there too, what the command started ends with it.
    """
    if root == Path("/"):
        alone = ("--mount", "--pid", "--fork", "--kill-child", "--propagation", "private")
        return ["unshare", *alone, "sh", "-c", 'mount -t proc proc /proc && exec "$@"', "sh", *command]
    return [SETUP / "enter.sh", root, work, *command]
