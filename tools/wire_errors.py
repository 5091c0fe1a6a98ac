"""Every error code that client, daemon or models raise, read off their sources, for tools/protocol.py."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from scumble_models import errors as model_errors

ROOT = Path(__file__).resolve().parents[1]
CLIENT = ROOT / "client" / "scumble"
DAEMON = ROOT / "daemon" / "scumble_daemon"
#: Where a daemon's answer comes from, together with all of the daemon and client that these import.
DAEMON_ROOTS = (
    *("server/broker.py", "server/tcp_listener.py", "server/tcp_connection.py"),
    *("worker/stylizer.py", "worker/learning_task.py"),
)
#: What only those meet who add to the library or give styles away: never on the wire.
NOT_ASKED = ("sharing.py", "user.py", "recipes.py")
#: Files of the client that only a client runs, although a module beside them is the daemon's too.
CLIENT_ONLY = (
    *("__init__.py", "client.py", "conversion.py", "job.py", "learning.py", "pending.py", "pending_reply.py"),
    *("uploads.py", "connection.py", "connection_file.py", "launcher.py", "reach.py", "transport_pyzmq.py"),
)
MOST_SAID = 3


@dataclass
class WireError:
    """What is said under one code."""

    said: list[str] = field(default_factory=list)
    retryable: bool = False


Errors = dict[str, WireError]


def daemon_errors() -> Errors:
    """Codes that may come from the daemon."""
    found = _in_files(_imported(DAEMON / name for name in DAEMON_ROOTS))
    for cls in model_errors.ModelError.__subclasses__():
        if cls.__module__ != model_errors.__name__:
            continue  # of a module that happens to be loaded: not an answer to a job
        error = found.setdefault(cls.code, WireError())
        if not error.said:
            error.said.append((cls.__doc__ or "").splitlines()[0])
    return dict(sorted(found.items()))


def client_errors() -> Errors:
    """Codes that the client raises, those of `scumble.editing` left out: they are the plug-ins'."""
    files = (path for path in CLIENT.rglob("*.py") if "editing" not in path.parts)
    return dict(sorted(_in_files(files).items()))


def table(errors: Errors) -> str:
    """The rows of a page."""
    rows = "".join(
        f"| `{code}` | {'<br>'.join(error.said[:MOST_SAID]).replace('|', chr(92) + '|')} "
        f"| {'yes' if error.retryable else ''} |\n"
        for code, error in errors.items()
    )
    return f"| code | said | retryable |\n|---|---|---|\n{rows}"


def _in_files(files: Iterable[Path]) -> Errors:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in sorted(files)]
    helpers = {name: helper for tree in trees for name, helper in _helpers(tree).items()}
    found: Errors = {}
    for call in (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = ast.unparse(call.func).rpartition(".")[2]
        if name == "ScumbleError" and len(call.args) > 1:
            _note(found, call.args[0], _sentence(call.args[1]), call)
        elif name in helpers and len(call.args) > helpers[name][0]:
            at, said = helpers[name]
            _note(found, call.args[at], said, call)
    return found


def _note(found: Errors, code: ast.expr, said: str, call: ast.Call) -> None:
    if not isinstance(code, ast.Constant) or not isinstance(code.value, str):
        return
    error = found.setdefault(code.value, WireError())
    if said and said not in error.said:
        error.said.append(said)
    error.retryable |= any(k.arg == "retryable" and ast.unparse(k.value) == "True" for k in call.keywords)


def _helpers(tree: ast.Module) -> dict[str, tuple[int, str]]:
    """Functions that raise with the code they are given: where that is among the arguments, what is said."""
    found: dict[str, tuple[int, str]] = {}
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        names = [argument.arg for argument in function.args.args]
        for call in ast.walk(function):
            raised = isinstance(call, ast.Call) and ast.unparse(call.func) == "ScumbleError" and call.args
            if raised and isinstance(call.args[0], ast.Name) and call.args[0].id in names:
                found[function.name] = names.index(call.args[0].id), _sentence(call.args[1])
    return found


def _sentence(node: ast.expr) -> str:
    """A literal sentence with … for its values; empty for what is put together elsewhere."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        return re.sub(r"\{[^}]*\}", "…", _sentence(node.func.value))
    return ""


def _imported(roots: Iterable[Path]) -> set[Path]:
    """The roots and every file of client and daemon that they import, directly or not."""
    found: set[Path] = set()
    todo = list(roots)
    while todo:
        path = todo.pop()
        client_only = CLIENT in path.parents and path.name in CLIENT_ONLY
        if path in found or client_only or path.name in NOT_ASKED:
            continue
        found.add(path)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                todo += _files_of(node, path)
    return found


def _files_of(node: ast.ImportFrom, path: Path) -> Iterable[Path]:
    """The files that one import of `path` reads, of client and daemon only."""
    parts = (node.module or "").split(".")
    if node.level:
        folder = path.parents[node.level - 1]
    elif parts[0] in ("scumble", "scumble_daemon"):
        folder = CLIENT if parts.pop(0) == "scumble" else DAEMON
    else:
        return
    module = folder.joinpath(*filter(None, parts))
    for candidate in (module, *(module / alias.name for alias in node.names)):
        for file in (candidate.with_suffix(".py"), candidate / "__init__.py"):
            if file.is_file():
                yield file
