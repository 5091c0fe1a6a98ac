"""The actions, which Settings > Configure Krita > Keyboard Shortcuts lists under Scripts.

Each does what the docker of its window does when asked to `perform("apply")`, and so on.
"""

from __future__ import annotations

import traceback

from krita import Extension, Krita

from .naming import DOCKER_ID, log
from .qt import QtWidgets

ACTIONS = {
    "scumble_apply": ("apply", "Scumble: Apply"),
    "scumble_repeat": ("repeat", "Scumble: Repeat Last"),
    "scumble_open": ("open", "Scumble: Paint the Same in All Open Documents"),
    "scumble_frames": ("frames", "Scumble: Paint All Frames"),
    "scumble_next": ("next", "Scumble: Show Next Result"),
    "scumble_edit": ("edit", "Scumble: Edit Painted Layer"),
    "scumble_live": ("live", "Scumble: Live Preview On or Off"),
    "scumble_cancel": ("cancel", "Scumble: Cancel"),
    "scumble_engine": ("engine", "Scumble: Engine"),
}
"""Krita's name for an action, what the docker is asked to perform, and what the menu says."""
MENU = "tools/scripts"


class ScumbleExtension(Extension):
    """Makes the actions of each window."""

    def setup(self) -> None:
        """Krita calls this once, at its start."""

    def createActions(self, window) -> None:  # noqa: N802 (Krita's name)
        """Krita calls this for each new window."""
        for identifier, (verb, title) in ACTIONS.items():
            action = window.createAction(identifier, title, MENU)
            if action is not None:
                action.triggered.connect(lambda *_args, verb=verb: perform(verb))


def perform(verb: str) -> None:
    """Let the docker of the window in front do something. Never raises: Krita would show a script error."""
    try:
        # Not the window of createActions: that one is Krita's to delete once the call is over.
        docker = Krita.instance().activeWindow().qwindow().findChild(QtWidgets.QDockWidget, DOCKER_ID)
        if docker is None:
            return
        if verb in ("apply", "open", "frames", "edit", "engine"):
            docker.setVisible(True)
        if hasattr(docker, "perform"):
            docker.perform(verb)
    except Exception:
        log(traceback.format_exc())
