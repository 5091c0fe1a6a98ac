"""The client needs no package and no Python newer than 3.8: that of Krita's Windows build."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / "client"
SUITE = Path(__file__).with_name("client_stdlib_suite.py")
OLDEST = 8


def candidates(minor: int) -> Iterator[Path]:
    """Where a Python 3.`minor` may be: pyenv's newest first, then the PATH."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob(f"versions/3.{minor}.*/bin/python3"), reverse=True)
    found = shutil.which(f"python3.{minor}")
    if found:
        yield Path(found)


def interpreter(minor: int) -> Path | None:
    """A Python 3.`minor` that runs; a pyenv shim of a version that is not enabled does not."""
    for candidate in candidates(minor):
        probe = subprocess.run(
            [candidate, "-I", "-c", "import sys, socket; print(sys.version_info[:2])"],
            capture_output=True,
            text=True,
            check=False,
        )
        if probe.returncode == 0 and probe.stdout.strip() == f"(3, {minor})":
            return candidate
    return None


def run_suite(python: Path) -> subprocess.CompletedProcess[str]:
    # -S and -I: no installed package, no variable and no folder of the user's reaches the interpreter.
    return subprocess.run(
        [python, "-I", "-S", "-B", "-W", "error", SUITE, CLIENT],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("minor", range(OLDEST, sys.version_info.minor))
def test_the_client_works_on_an_older_python_without_packages(minor):
    python = interpreter(minor)
    if python is None:
        pytest.skip(f"no Python 3.{minor} at hand")
    result = run_suite(python)
    assert result.returncode == 0, result.stderr


def test_the_client_works_on_this_python_without_packages():
    result = run_suite(Path(sys.executable))
    assert result.returncode == 0, result.stderr
    assert "OK" in result.stderr


def vermin(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "from vermin import main; main()",
            *("-t=3.8-", "--no-tips", "--processes=1"),
            path,
        ],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_client_is_written_for_python_3_8():
    result = vermin(CLIENT)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_check_for_python_3_8_notices_newer_code(tmp_path):
    newer = tmp_path / "newer.py"
    newer.write_text("import tomllib\n", encoding="utf-8")
    result = vermin(newer)
    assert result.returncode != 0
    assert "3.11" in result.stdout
