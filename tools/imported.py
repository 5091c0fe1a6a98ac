"""Which of our files a file imports, directly or not, read off their sources: nothing is run."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = {
    "scumble": ROOT / "client" / "scumble",
    "scumble_daemon": ROOT / "daemon" / "scumble_daemon",
    "scumble_models": ROOT / "models" / "scumble_models",
}


def imported(roots: Iterable[Path], left_out: Callable[[Path], bool] = lambda path: False) -> set[Path]:
    """The roots and every file of ours that they import; what is left out leads to no other either."""
    found: set[Path] = set()
    todo = list(roots)
    while todo:
        path = todo.pop()
        if path in found or left_out(path):
            continue
        found.add(path)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                todo += _files_of(node, path)
    return found


def _files_of(node: ast.ImportFrom, path: Path) -> Iterable[Path]:
    """The files of ours that one import of `path` reads."""
    parts = (node.module or "").split(".")
    if node.level:
        folder = path.parents[node.level - 1]
    elif parts[0] in PACKAGES:
        folder = PACKAGES[parts.pop(0)]
    else:
        return
    module = folder.joinpath(*filter(None, parts))
    for candidate in (module, *(module / alias.name for alias in node.names)):
        for file in (candidate.with_suffix(".py"), candidate / "__init__.py"):
            if file.is_file():
                yield file
