"""Every error code that client, daemon or models raise, read off their sources, for tools/protocol.py."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from imported import PACKAGES, imported

from scumble_models import errors as model_errors

CLIENT, DAEMON = PACKAGES["scumble"], PACKAGES["scumble_daemon"]
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
    files = imported((DAEMON / name for name in DAEMON_ROOTS), _is_never_asked)
    found = _in_files(path for path in files if "scumble_models" not in path.parts)
    for cls in model_errors.ModelError.__subclasses__():
        if cls.__module__ != model_errors.__name__:
            continue  # of a module that happens to be loaded: not an answer to a job
        error = found.setdefault(cls.code, WireError())
        if not error.said:
            error.said.append((cls.__doc__ or "").splitlines()[0])
    return dict(sorted(found.items()))


def _is_never_asked(path: Path) -> bool:
    client_only = CLIENT in path.parents and path.name in CLIENT_ONLY
    return client_only or path.name in NOT_ASKED


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
            _note(found, call.args[0], _sentences(call.args[1]), call)
        elif name in helpers and len(call.args) > helpers[name][0]:
            at, said = helpers[name]
            _note(found, call.args[at], said, call)
    return found


def _note(found: Errors, code: ast.expr, said: list[str], call: ast.Call) -> None:
    if not isinstance(code, ast.Constant) or not isinstance(code.value, str):
        return
    error = found.setdefault(code.value, WireError())
    error.said += [sentence for sentence in said if sentence not in error.said]
    error.retryable |= any(k.arg == "retryable" and ast.unparse(k.value) == "True" for k in call.keywords)


def _helpers(tree: ast.Module) -> dict[str, tuple[int, list[str]]]:
    """Functions that raise with the code they are given: where that is among the arguments, what is said."""
    found: dict[str, tuple[int, list[str]]] = {}
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        names = [argument.arg for argument in function.args.args]
        for call in ast.walk(function):
            raised = isinstance(call, ast.Call) and ast.unparse(call.func) == "ScumbleError" and call.args
            if raised and isinstance(call.args[0], ast.Name) and call.args[0].id in names:
                found[function.name] = names.index(call.args[0].id), _sentences(call.args[1])
    return found


def _sentences(node: ast.expr) -> list[str]:
    """The literal sentences that an expression may be; none for what is put together elsewhere."""
    if isinstance(node, ast.IfExp):
        return [*_sentences(node.body), *_sentences(node.orelse)]
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []
