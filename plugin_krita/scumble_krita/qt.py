"""The Qt that Krita itself runs on: PyQt5 up to Krita 5, PyQt6 from Krita 6 on.

Everything of ours takes Qt from here. Enumerations are written out in full, as in
``Qt.AlignmentFlag.AlignLeft``: that is valid in both. What differs has a name below.

    QtCore, QtGui, QtWidgets      the modules
    QT_MAJOR                      5 or 6
    QAction, QShortcut            which moved from QtWidgets to QtGui
    Signal, Slot                  pyqtSignal and pyqtSlot
    number(value)                 the integer of an enumeration or of flags
    position(event)               where a mouse, hover, wheel or drop event is, as a QPoint of the widget
    global_position(event)        the same on the screen, for mouse events

``exec()`` without an underscore is in both for dialogs, menus and drags.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any


def binding_name() -> str:
    """``PyQt5`` or ``PyQt6``: what Krita's own widgets are made of, and without Krita what is there.

    Raises ImportError where there is neither.
    """
    try:
        from krita import DockWidget
    except ImportError:
        return _importable()
    for base in DockWidget.__mro__:
        package = base.__module__.partition(".")[0]
        if package in ("PyQt5", "PyQt6"):
            return package
    return _importable()


def _importable() -> str:
    for package in ("PyQt6", "PyQt5"):
        if package + ".QtCore" in sys.modules:
            return package
    for package in ("PyQt6", "PyQt5"):
        try:
            importlib.import_module(package + ".QtWidgets")
        except ImportError:
            continue
        return package
    raise ImportError("Neither PyQt5 nor PyQt6 is there.")


def number(value: Any) -> int:
    """The integer of a member of an enumeration, or of flags, of either Qt."""
    return int(getattr(value, "value", value))


def position(event: Any) -> Any:
    """Where an event is in its widget, as a QPoint."""
    return event.position().toPoint() if hasattr(event, "position") else event.pos()


def global_position(event: Any) -> Any:
    """Where a mouse event is on the screen, as a QPoint."""
    return event.globalPosition().toPoint() if hasattr(event, "globalPosition") else event.globalPos()


BINDING = binding_name()
QT_MAJOR = int(BINDING[-1])

# Typed as Any: which of the two it is only shows at run time.
QtCore: Any = importlib.import_module(BINDING + ".QtCore")
QtGui: Any = importlib.import_module(BINDING + ".QtGui")
QtWidgets: Any = importlib.import_module(BINDING + ".QtWidgets")
Qt: Any = QtCore.Qt
Signal: Any = QtCore.pyqtSignal
Slot: Any = QtCore.pyqtSlot
QAction: Any = getattr(QtGui, "QAction", None) or QtWidgets.QAction
QShortcut: Any = getattr(QtGui, "QShortcut", None) or QtWidgets.QShortcut
