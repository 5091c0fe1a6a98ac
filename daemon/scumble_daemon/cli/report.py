"""What the command line says: results on stdout, one line per problem on stderr."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from typing import Any

import click

from scumble.errors import ScumbleError

from ..storage.json_text import json_text

# The command line asked for something that cannot be; everything else is a failed job.
_USAGE_CODES = frozenset({"bad-weight", "bad-style", "bad-region", "bad-request", "bad-engine"})

_LOG_LINES = 8


def exit_code(error: ScumbleError) -> int:
    """1 for a failed job, 2 when the command line was wrong, 130 when it was interrupted."""
    if error.code == "cancelled":
        return 130
    return 2 if error.code in _USAGE_CODES else 1


def error(problem: ScumbleError, about: str = "") -> None:
    """An error as one line; where the daemon does not start, the end of its log below it."""
    failure(f"{about}: {problem}" if about and about not in problem.message else str(problem))
    if problem.code == "daemon-not-started":
        for line in problem.detail.splitlines()[-_LOG_LINES:]:
            click.echo(f"  {line}", err=True)


def failure(sentence: str) -> None:
    """One line on stderr, whatever line breaks the message holds."""
    _line(click.style("Error:", fg="red"), sentence)


def note(sentence: str) -> None:
    """Something the user should know although nothing failed."""
    _line(click.style("Note:", fg="yellow"), sentence)


def done(sentence: str) -> None:
    """A result, on stdout."""
    _out(sentence)


def as_json(value: Any) -> None:
    """A result for a script, on stdout."""
    _out(json_text(value, indent=2))


def stdout_failed() -> bool:
    """Whether results could not be said on stdout, which then has been told once on stderr."""
    return bool(_lost)


def unexpected(error: BaseException) -> None:
    """A bug of ours: one line for the user, the traceback for the log."""
    if os.environ.get("SCUMBLE_DEBUG"):
        traceback.print_exception(error)
        return
    failure(unexpected_sentence(error))


def unexpected_sentence(error: BaseException) -> str:
    """What a user reads of a bug of ours; the traceback goes to the log."""
    summary = traceback.format_exception_only(error)[-1].strip()
    return f"Something unexpected happened ({summary}). {_keep_traceback(error)}"


def _keep_traceback(error: BaseException) -> str:
    from scumble.folders import log_dir

    path = log_dir() / "cli.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(" ".join(sys.argv) + "\n" + "".join(traceback.format_exception(error)))
    except OSError:
        return "Run it again as: scumble --debug ..."
    return f"Details are in {path}."


def printable(text: str, encoding: str = "utf-8") -> str:
    """The text in letters that the encoding has; bytes of a name that are no letters become escapes."""
    if "\udc7f" < max(text, default="") < "\ue000":
        text = os.fsencode(text).decode("utf-8", "backslashreplace")
    return text.encode(encoding, "backslashreplace").decode(encoding)


_lost: list[str] = []


def _out(text: str) -> None:
    """A result on stdout: where that is full the work goes on, and it is said once."""
    try:
        click.echo(printable(text, sys.stdout.encoding or "utf-8"))
    except BrokenPipeError:
        raise
    except OSError as error:
        lost(error)


def lost(error: OSError) -> None:
    """Say, once, that results cannot be written to stdout."""
    if not _lost:
        _lost.append(f"The results cannot be written to the standard output: {error.strerror}.")
        failure(_lost[0])


def _line(head: str, sentence: str) -> None:
    text = printable(" ".join(sentence.split()), sys.stderr.encoding or "utf-8")
    with contextlib.suppress(OSError):  # nobody can be told
        click.echo(f"{head} {text}", err=True)
