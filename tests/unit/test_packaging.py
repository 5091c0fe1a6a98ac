"""What an installed package brings along besides modules."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_a_built_package_holds_the_styles(tmp_path):
    pytest.importorskip("setuptools", minversion="77")
    source = tmp_path / "source"
    for folder in ("client", "daemon", "models", "styles"):
        skipped = shutil.ignore_patterns("__pycache__", "weights.safetensors")
        shutil.copytree(ROOT / folder, source / folder, ignore=skipped)
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE", "MANIFEST.in"):
        shutil.copy(ROOT / name, source)
    command = [sys.executable, "setup.py", "--quiet", "build_py", "--build-lib", "built"]
    subprocess.run(command, cwd=source, check=True, timeout=100, capture_output=True)
    built = source / "built" / "scumble_daemon"
    code = (
        "from scumble_daemon.library import Library; l = Library(); print(l.builtin_folder, len(l.entries()))"
    )
    environment = {"PYTHONPATH": str(source / "built"), "SCUMBLE_DATA_DIR": str(tmp_path / "data")}
    look = [sys.executable, "-c", code]
    result = subprocess.run(look, env=environment, cwd=tmp_path, check=True, capture_output=True, text=True)
    styles = list((ROOT / "styles").glob("*/style.toml"))
    assert result.stdout.split() == [str(built / "styles"), str(len(styles))]
