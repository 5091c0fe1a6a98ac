"""The line that says which painted layer is being edited."""

from __future__ import annotations

from typing import Optional

from ..i18n import _
from ..qt import QtWidgets, Signal
from .guard import slot
from .one_line import OneLine


class EditLine(QtWidgets.QFrame):
    """In sight while a layer is edited; `left` is emitted when the artist no longer wants to."""

    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QtWidgets.QFrame.Shape.StyledPanel)
        self._text = OneLine()
        self.leave_button = QtWidgets.QToolButton()
        self.leave_button.setText("×")
        self.leave_button.setAutoRaise(True)
        self.leave_button.setToolTip(_("Leave this layer as it is, and paint new ones"))
        self.leave_button.clicked.connect(slot(self, self.left.emit))
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(6, 2, 2, 2)
        row.setSpacing(4)
        row.addWidget(self._text, 1)
        row.addWidget(self.leave_button)
        self.hide()

    def show_layer(self, name: Optional[str]) -> None:
        """The layer that is edited; None for none."""
        self.setVisible(name is not None)
        if name is not None:
            self._text.show_text(_("Editing: {layer}").format(layer=name))

    def text(self) -> str:
        """What the line says, or nothing."""
        return self._text.toolTip() if self.isVisibleTo(self.parent()) else ""
