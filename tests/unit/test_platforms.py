"""Other systems than Linux, as far as they can be tried without them (docs/platforms.md)."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest

from scumble.folders import data_dir

ROOT = Path(__file__).parents[2]
OF_ONE_SYSTEM = {"fcntl", "msvcrt", "resource", "pwd", "grp", "termios", "winreg"}
GUARDED = {
    "client/scumble/locking.py",
    "client/scumble/pixels/shared_memory.py",
    "daemon/scumble_daemon/serve.py",
}
"""Behind a check of the system."""


def test_what_only_one_system_has_is_asked_for_in_few_places():
    found = set()
    for folder in ("client", "daemon", "models", "plugin_gimp", "plugin_krita"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                if OF_ONE_SYSTEM & set(names):
                    found.add(path.relative_to(ROOT).as_posix())
    assert found == GUARDED


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="takes Linux's own names away")
def test_the_client_works_by_the_rules_of_windows(tmp_path):
    chosen_nothing = {name: value for name, value in os.environ.items() if not name.startswith("SCUMBLE_")}
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-B",
            Path(__file__).with_name("windows_rules.py"),
            ROOT / "client",
            tmp_path,
        ],
        env=chosen_nothing,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "by the rules\n", done.stderr


def test_client_and_daemon_keep_what_is_the_users_in_one_place(monkeypatch):
    monkeypatch.delenv("SCUMBLE_DATA_DIR", raising=False)
    assert data_dir() == platformdirs.user_data_path("scumble")
