"""The actions, which Settings > Configure Krita > Keyboard Shortcuts lists under Scripts.

Each does what the docker of its window does when asked to `perform("apply")`, and so on.
"""

from __future__ import annotations

import traceback

from krita import Extension, Krita

from .i18n import _
from .naming import DOCKER_ID, log
from .qt import QtWidgets

ACTIONS = {
    "scumble_apply": (
        "apply",
        _("Scumble: Apply"),
        _("Paint the layer with the style that is chosen in the docker"),
    ),
    "scumble_repeat": (
        "repeat",
        _("Scumble: Repeat Last"),
        _("Paint the layer with the style and the settings that were used last"),
    ),
    "scumble_open": (
        "open",
        _("Scumble: Paint the Same in All Open Documents"),
        _(
            "Paint the active layer of every other document with the settings of the active layer, or those "
            "used last"
        ),
    ),
    "scumble_frames": (
        "frames",
        _("Scumble: Paint All Frames"),
        _("Paint all frames of an animated layer, in a copy of the image"),
    ),
    "scumble_next": (
        "next",
        _("Scumble: Show Next Result"),
        _("Show what was painted from the layer, one result after another"),
    ),
    "scumble_edit": (
        "edit",
        _("Scumble: Edit Painted Layer"),
        _("Show the settings that the layer was painted with; Apply then replaces it"),
    ),
    "scumble_unstyle": (
        "unstyle",
        _("Scumble: Take Style Off"),
        _("Take the style that was put on last off a painted layer, as a new layer above it"),
    ),
    "scumble_live": (
        "live",
        _("Scumble: Live Preview On or Off"),
        _("Show what the style would do, in a layer that follows the canvas"),
    ),
    "scumble_cancel": (
        "cancel",
        _("Scumble: Cancel"),
        _("End the job that runs; the document stays as it is"),
    ),
    "scumble_engine": (
        "engine",
        _("Scumble: Engine"),
        _("Install, update or remove what Scumble paints with"),
    ),
}
"""Krita's name for an action, what the docker is asked to perform, what the menu says, and its tip."""
MENU = "tools/scripts"


class ScumbleExtension(Extension):
    """Makes the actions of each window."""

    def setup(self) -> None:
        """Krita calls this once, at its start."""

    def createActions(self, window) -> None:  # noqa: N802 (Krita's name)
        """Krita calls this for each new window."""
        for identifier, (verb, title, tip) in ACTIONS.items():
            action = window.createAction(identifier, title, MENU)
            if action is not None:
                action.setToolTip(tip)  # the .action file has it in English only
                action.triggered.connect(lambda *_args, verb=verb: perform(verb))


def perform(verb: str) -> None:
    """Let the docker of the window in front do something. Never raises: Krita would show a script error."""
    try:
        # Not the window of createActions: that one is Krita's to delete once the call is over.
        docker = Krita.instance().activeWindow().qwindow().findChild(QtWidgets.QDockWidget, DOCKER_ID)
        if docker is None:
            return
        if verb in ("apply", "open", "frames", "edit", "unstyle", "engine"):
            docker.setVisible(True)
        if hasattr(docker, "perform"):
            docker.perform(verb)
    except Exception:
        log(traceback.format_exc())
