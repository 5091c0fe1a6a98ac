"""What the catalogues translate: the strings of the plug-ins, and what errors say that an artist can meet."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from imported import PACKAGES, imported

from scumble_daemon.plugins.bundle import KRITA, gimp_sources, krita_sources

PROGRAMMERS = frozenset(
    (
        *("bad-mask", "bad-message", "bad-pixels", "bad-request", "unknown-message", "job-id-in-use"),
        *("name-taken", "no-pillow", "not-yours"),
    )
)
"""Codes of errors that only those who write a client, or commands, can bring about: not translated."""

Assigned = Mapping[str, list[ast.expr]]


def gimp_texts() -> list[str]:
    """What an artist in GIMP may read, each once."""
    return extract([*sorted((gimp_sources() / "scumble_gimp").glob("*.py")), *error_files()])


def krita_texts() -> list[str]:
    """What an artist in Krita may read, each once."""
    return extract([*sorted((krita_sources() / KRITA).rglob("*.py")), *error_files()])


def error_files() -> list[Path]:
    """All of the client, and what the daemon and its worker import: not what only commands say."""
    daemon = PACKAGES["scumble_daemon"]
    running = imported((daemon / "__main__.py", daemon / "worker" / "process.py"))
    return sorted(running.union(PACKAGES["scumble"].rglob("*.py")))


def extract(files: Iterable[Path]) -> list[str]:
    """The literal arguments of ``_()``, and the messages, hints and reasons of errors, each once.

    Of errors these are the templates, with the names of values in them. Those of models have a hint: an
    error without one is for who writes a program.
    """
    found: dict[str, None] = {}
    for file in files:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        known = assigned(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                found.update(dict.fromkeys(_texts(node, known)))
        for name in ("hint", "reason"):
            found.update(dict.fromkeys(_sentences(known.get(name, ()), known)))
    return list(found)


def _texts(call: ast.Call, names: Assigned) -> list[str]:
    function = ast.unparse(call.func)
    if function == "_":
        constants = [argument for argument in call.args[:1] if isinstance(argument, ast.Constant)]
        return [constant.value for constant in constants if isinstance(constant.value, str)]
    said = [keyword.value for keyword in call.keywords if keyword.arg in ("hint", "reason")]
    hint = any(keyword.arg == "hint" for keyword in call.keywords)
    if function == "ScumbleError":  # code, message
        if call.args and ast.unparse(call.args[0]).strip("'") in PROGRAMMERS:
            return []
        said = [*call.args[1:2], *said]
    elif hint and (function.endswith("Error") or function == "super().__init__"):  # the models': message
        said = [*call.args[:1], *said]
    return _sentences(said, names)


def _sentences(nodes: Iterable[ast.expr], names: Assigned) -> list[str]:
    texts = (text for node in nodes for text in literals(node, names))
    # One word beside the values, or none, is a key or a unit.
    return [text for text in texts if len(re.findall(r"[a-z]{2,}", re.sub(r"{\w+}", "", text))) >= 2]


def literals(node: ast.expr, names: Assigned, seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """The strings that an expression may be: both of a choice, those of a table, what a name stands for."""
    parts: list[ast.expr] = []
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        parts = [node.body, node.orelse]
    elif isinstance(node, (ast.BoolOp, ast.Dict)):
        parts = node.values
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
        parts = [node.func.value, *node.args[1:]]
    elif isinstance(node, ast.Name) and node.id not in seen:
        parts, seen = names.get(node.id, []), seen | {node.id}
    for part in parts:
        yield from literals(part, names, seen)


def assigned(tree: ast.Module) -> Assigned:
    """What each name of a file is set to, wherever in it that is."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                pairs = list(zip(target.elts, value.elts, strict=False))
            else:
                pairs = [(target, value)]
            for name, expression in pairs:
                if isinstance(name, ast.Name):
                    found.setdefault(name.id, []).append(expression)
    return found
