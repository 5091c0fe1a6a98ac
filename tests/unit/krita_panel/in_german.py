"""Runs in a process of its own, in the artist's language: writes what the panel says and how wide it is.

usage: in_german.py PYKRITA_FOLDER
"""

import json
import sys

sys.path.insert(0, sys.argv[1])

from PyQt6 import QtWidgets
from scumble_krita.panel.editor import Editor
from scumble_krita.panel.panel import Panel

from scumble import ScumbleError
from scumble.editing import Effect, StyleChoice


def connect():
    raise ScumbleError("no-daemon", "No daemon is running.", hint="Start it with: scumble daemon start")


application = QtWidgets.QApplication([])
panel = Panel(Editor(), connect)
styles = tuple(StyleChoice("library", "a long name of a style " * 4, amount=0.25) for _ in range(4))
panel.studio.set_effect(Effect(styles))
panel.controls.more.set_open(True)
UNKNOWN = "There is no style named {style} in the library.", "Did you mean {near}?"
panel.show_error(
    ScumbleError("unknown-style", UNKNOWN[0], hint=UNKNOWN[1], style="'waves'", near="café or fire")
)
panel.job.set_live(True)
content = panel._scroll.widget()
json.dump(
    {
        "apply": panel.job.apply_button.text(),
        "discard": panel.job.discard_button.text(),
        "error": panel.job.error_text(),
        "width": content.minimumSizeHint().width(),
    },
    sys.stdout,
)
panel.close_studio()
