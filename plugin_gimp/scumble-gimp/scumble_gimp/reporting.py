"""What went wrong, in words and in our log."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

from gi.repository import Gio, GLib

from scumble import ScumbleError
from scumble.editing import Texts
from scumble.editing.log import log_file, write_log
from scumble.folders import log_dir

from .i18n import _

TEXTS = Texts(_)


def unexpected(detail: str) -> ScumbleError:
    """A bug of ours: the traceback goes to the log, and the sentence names it."""
    return ScumbleError(
        "unexpected",
        _("Something unexpected happened in Scumble's plug-in."),
        hint=_("The log tells more: {file}").format(file=log_file("gimp")),
        detail=detail,
    )


def note(error: ScumbleError) -> Path:
    """Write an error to our log, with where the daemon's own is, and return the file."""
    lines = [repr(error), error.hint, error.detail, "daemon: {}".format(log_dir() / "daemon.log")]
    return write_log("gimp", "\n".join(filter(None, lines)))


def open_log() -> Optional[Path]:
    """Show our log in the program that this machine opens texts with; where there is none, the log's path."""
    file = log_file("gimp")
    return None if open_file(file) else file


def open_file(file: Path) -> bool:
    """Show a text in the program that this machine opens texts with; whether there is one."""
    try:
        Gio.AppInfo.launch_default_for_uri(Gio.File.new_for_path(str(file)).get_uri(), None)
    except GLib.Error:
        return False
    return True
