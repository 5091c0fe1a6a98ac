"""The Debian root with the real editors: set up once, entered by each test."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SETUP = Path(__file__).with_name("setup")
PREPARE_S = 1500


def required() -> bool:
    """Whether a missing editor is a failure: in CI, and where SCUMBLE_EDITOR_TESTS=1 asks for it."""
    return os.environ.get("CI", "").lower() in ("1", "true") or os.environ.get("SCUMBLE_EDITOR_TESTS") == "1"


def prepare_root() -> Path:
    """The root with the editors, set up if it is not there yet.

    Skips where that is not possible, or fails there if the tests are required.
    """
    lacking = _lacking()
    if lacking and not required():
        pytest.skip(f"the editor tests need {lacking} (SCUMBLE_EDITOR_TESTS=1 makes this an error)")
    if lacking:
        pytest.fail(f"the editor tests need {lacking}", pytrace=False)
    done = subprocess.run(
        [SETUP / "prepare.sh"], capture_output=True, text=True, check=False, timeout=PREPARE_S
    )
    if done.returncode:
        pytest.fail(f"the editors could not be set up\n{done.stderr}", pytrace=False)
    return Path(done.stdout.splitlines()[-1])


def enter(root: Path, work: Path, *command: str | Path) -> list[str | Path]:
    """The command line that runs `command` inside the root, with `work` at its own path."""
    return [SETUP / "enter.sh", root, work, *command]


def _lacking() -> str:
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "root, for a Debian root of their own"
    if shutil.which("unshare") is None:
        return "unshare"
    if shutil.which("debootstrap") is None and shutil.which("apt-get") is None:
        return "debootstrap"
    return ""
