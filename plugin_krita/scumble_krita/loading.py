"""Registers the docker and the actions with Krita, or a docker that says why they are not there."""

from __future__ import annotations

import traceback

from krita import DockWidgetFactory, DockWidgetFactoryBase, Krita

from .naming import DOCKER_ID, log


def register() -> None:
    """Give Krita our docker and our actions. Never raises."""
    try:
        app = Krita.instance()
        app.addDockWidgetFactory(DockWidgetFactory(DOCKER_ID, _dock_right(), create_docker))
        from .extension import ScumbleExtension  # needs Qt, whose absence the docker says

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


def _dock_right():
    try:
        return DockWidgetFactoryBase.DockRight
    except AttributeError:  # PyQt6 knows members by their enumeration only
        return DockWidgetFactoryBase.DockPosition.DockRight
