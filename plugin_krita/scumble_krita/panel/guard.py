"""Keeps exceptions from the editor: Krita answers one that leaves a slot with a "Script error" box."""

from __future__ import annotations

import functools
import traceback
from typing import Any, Callable

from scumble import ScumbleError
from scumble.editing.log import write_log

from ..i18n import _

EDITOR = "krita"


def guarded(method: Callable[..., Any]) -> Callable[..., Any]:
    """For methods that Qt calls: what they raise is shown by the panel that `self` belongs to."""

    @functools.wraps(method)
    def run(self: Any, *args: Any) -> Any:
        try:
            return method(self, *args)
        except Exception as error:
            show(self, as_error(error))
            return None

    return run


def slot(owner: Any, function: Callable[[], Any]) -> Callable[..., None]:
    """A function for a signal, whose arguments it does not want; `owner` is a part of the panel."""

    def run(*_args: Any) -> None:
        try:
            function()
        except Exception as error:
            show(owner, as_error(error))

    return run


def as_error(error: Exception) -> ScumbleError:
    """The error itself, or for a bug of ours a sentence that names the log it was written to."""
    if isinstance(error, ScumbleError):
        if error.detail:
            write_log(EDITOR, "{!r}\n{}".format(error, error.detail))
        return error
    detail = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    log = write_log(EDITOR, detail)
    return ScumbleError(
        "unexpected",
        _("Something unexpected happened in Scumble's plug-in."),
        hint=_("The log tells more: {file}").format(file=log),
    )


def show(owner: Any, error: ScumbleError) -> None:
    """Give the error to the nearest of the owner and its parents that has `show_error`. Never raises."""
    try:
        while owner is not None:
            if hasattr(owner, "show_error"):
                owner.show_error(error)
                return
            owner = owner.parent()
    except Exception:
        write_log(EDITOR, traceback.format_exc())
