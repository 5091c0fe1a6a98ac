"""Registers the docker and the actions with Krita, or a docker that says why they are not there."""

from __future__ import annotations

import traceback

from krita import DockWidgetFactory, DockWidgetFactoryBase, Krita

DOCKER_ID = "scumble_docker"
"""Also the object name of each docker: there is one in every window."""


def register() -> None:
    """Give Krita our docker and our actions. Never raises."""
    try:
        app = Krita.instance()
        app.addDockWidgetFactory(DockWidgetFactory(DOCKER_ID, _dock_right(), create_docker))
        from .extension import ScumbleExtension

        app.addExtension(ScumbleExtension(app))
    except Exception:
        log(traceback.format_exc())


def create_docker():
    """The docker for a window; one that says what is wrong where it cannot be made."""
    try:
        from .docker import ScumbleDocker

        return ScumbleDocker()
    except Exception as error:
        from .placeholder import Placeholder

        return Placeholder(error, log(traceback.format_exc()))


def log(text: str) -> str:
    """Write to the plug-in's log and return where that is; empty where not even that is possible."""
    try:
        from scumble.editing.log import write_log

        return str(write_log("krita", text))
    except Exception:
        return ""


def _dock_right():
    try:
        return DockWidgetFactoryBase.DockRight
    except AttributeError:  # PyQt6 knows members by their enumeration only
        return DockWidgetFactoryBase.DockPosition.DockRight
