"""Imports point one way: editors -> client; daemon -> client and models; models -> the file writer only."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = {"scumble", "scumble_daemon", "scumble_models"}
ALLOWED = {
    "client/scumble": {"scumble"},
    "daemon/scumble_daemon": OURS,
    "models/scumble_models": {"scumble", "scumble_models"},
    "plugin_gimp": {"scumble"},
    "plugin_krita": {"scumble", "scumble_krita"},
}
OPTIONAL_IN_CLIENT = {"numpy", "zmq", "PIL", "msgpack"}
WORKER_ONLY = {"worker.py", "stylizer.py", "style_signals.py", "learning.py"}


def imported(path: Path) -> dict[str, bool]:
    """Top-level packages that a file imports, and whether at module level."""
    found: dict[str, bool] = {}
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names = [node.module]
        else:
            continue
        for name in names:
            package = name.partition(".")[0]
            found[package] = found.get(package, False) or id(node) in top
    return found


def files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("folder", ALLOWED)
def test_packages_import_only_what_they_may(folder: str):
    for path in files(folder):
        ours = {name for name in imported(path) if name in OURS}
        assert ours <= ALLOWED[folder], path


def test_the_models_take_nothing_but_the_file_writer_from_the_client():
    for path in files("models/scumble_models"):
        taken = {
            node.module
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "scumble"
        }
        assert taken <= {"scumble.files"}, path


def test_the_client_needs_the_standard_library_only():
    assert files("client/scumble")
    for path in files("client/scumble"):
        for package, at_top in imported(path).items():
            known = package in sys.stdlib_module_names or package == "scumble"
            optional = package in OPTIONAL_IN_CLIENT
            assert known or optional, (path, package)
            if optional and path.name != "transport_pyzmq.py":
                assert not at_top, (path, package)


def test_the_broker_does_not_load_torch():
    """Its start must not take seconds, and its memory is not the models'."""
    import subprocess

    code = "import sys, scumble_daemon.serve; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_only_the_worker_imports_the_models():
    for path in (ROOT / "daemon/scumble_daemon").glob("*.py"):
        if "scumble_models" in imported(path):
            at_top = imported(path)["scumble_models"]
            assert path.name in WORKER_ONLY or not at_top, path
