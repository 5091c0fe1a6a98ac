"""What stands in the docker's place when the plug-in could not be loaded."""

from __future__ import annotations

from krita import DockWidget

from .qt import Qt, QtWidgets


class Placeholder(DockWidget):
    """A docker with a sentence about `error`, and where the log is (empty for none)."""

    def __init__(self, error: BaseException, log: str) -> None:
        super().__init__()
        self.setWindowTitle("Scumble")
        incomplete = isinstance(error, ImportError)
        text = (
            "The Scumble plug-in is incomplete: install it again."
            if incomplete
            else "The Scumble plug-in could not be started: install it again, or report this."
        )
        text += "\n\n{}".format(error)
        if log:
            text += "\n\nThe log tells more: {}".format(log)
        label = QtWidgets.QLabel(text)
        label.setWordWrap(True)
        label.setMargin(8)
        label.setAlignment(Qt.AlignmentFlag.AlignTop)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setWidget(label)

    def canvasChanged(self, canvas) -> None:  # noqa: N802 (Krita's name)
        """Krita calls this when another document comes to the front."""
