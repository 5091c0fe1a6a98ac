"""Imports point one way: editors -> client; daemon -> client and models; models -> the file writer only."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = {"scumble", "scumble_bench", "scumble_daemon", "scumble_models"}
INSTALLED = OURS - {"scumble_bench"}
ALLOWED = {
    "client/scumble": {"scumble"},
    "bench/scumble_bench": OURS,
    "daemon/scumble_daemon": INSTALLED,
    "models/scumble_models": {"scumble", "scumble_models"},
    "plugin_gimp": {"scumble"},
    "plugin_krita": {"scumble", "scumble_krita"},
}
OPTIONAL_IN_CLIENT = {"numpy", "zmq", "PIL", "msgpack"}
#: Rooms of the daemon whose files may load the models, and torch with them, at once.
WITH_MODELS = {"cluster", "worker"}
#: The command that says where the measuring programs are when they are not there.
BENCH = ROOT / "daemon" / "scumble_daemon" / "cli" / "bench.py"


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


def inner_imports(path: Path, root: Path) -> set[Path]:
    """The files below `root` that a file imports by relative imports, lazily too, names for types aside."""
    found: set[Path] = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or not node.level or id(node) in for_types:
            continue
        module = path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
        for candidate in (module, *(module / alias.name for alias in node.names)):
            if candidate.with_suffix(".py").is_file() and root in candidate.parents:
                found.add(candidate.with_suffix(".py"))
    return found


def circle(imports: dict[Path, set[Path]]) -> list[Path]:
    """What is left when all have gone that import only what is gone: the circles, and who needs them."""
    left = dict(imports)
    while True:
        free = [path for path, needed in left.items() if not needed & left.keys()]
        if not free:
            return sorted(left)
        for path in free:
            del left[path]


def files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("folder", ALLOWED)
def test_packages_import_only_what_they_may(folder: str):
    for path in files(folder):
        ours = {name for name in imported(path) if name in OURS}
        assert ours <= ALLOWED[folder] | ({"scumble_bench"} if path == BENCH else set()), path


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


def test_only_the_rooms_that_paint_load_torch_at_once():
    """The broker's start must not take seconds and its memory is not the models'; nor must a command's."""
    daemon = ROOT / "daemon"
    modules = [
        ".".join(path.relative_to(daemon).with_suffix("").parts).removesuffix(".__init__")
        for path in files("daemon/scumble_daemon")
        if path.relative_to(daemon).parts[1] not in {*WITH_MODELS, "__main__.py"}
    ]
    assert len(modules) > 50
    code = f"import sys, {', '.join(modules)}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("folder", [folder for folder in ALLOWED if folder != "models/scumble_models"])
def test_no_two_files_import_each_other(folder: str):
    """Not even from inside of functions: who reads one of a circle has to read all of it."""
    root = ROOT / folder
    assert not circle({path: inner_imports(path, root) for path in files(folder)})


def test_a_circle_is_noticed(tmp_path):
    one, two, three = (tmp_path / name for name in ("one.py", "two.py", "three.py"))
    one.write_text("def f():\n    from .two import x\n")
    two.write_text("from . import one\n")
    three.write_text("from .one import f\n")
    found = circle({path: inner_imports(path, tmp_path) for path in (one, two, three)})
    assert found == sorted([one, two, three])
