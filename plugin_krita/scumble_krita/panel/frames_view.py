"""Which frames of an animation to paint."""

from __future__ import annotations

from ..i18n import _
from ..qt import QtWidgets, Signal
from .guard import slot

LAST_FRAME = 999999


class FramesView(QtWidgets.QWidget):
    """Two numbers and a button; `paint(first, last)` is emitted by that."""

    paint = Signal(int, int)

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = QtWidgets.QSpinBox(), QtWidgets.QSpinBox()
        for box in (self.first, self.last):
            box.setRange(0, LAST_FRAME)
            box.setMinimumWidth(1)
        self.first.valueChanged.connect(slot(self, self._keep_order))
        self.button = QtWidgets.QPushButton(_("Apply to frames"))
        self.button.setToolTip(_("Paint each of these frames, alike, as keyframes of one new layer"))
        self.button.setMinimumWidth(1)
        self.button.clicked.connect(
            slot(self, lambda: self.paint.emit(self.first.value(), self.last.value()))
        )
        row = QtWidgets.QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(QtWidgets.QLabel(_("Frames")))
        row.addWidget(self.first, 1)
        row.addWidget(QtWidgets.QLabel("–"))
        row.addWidget(self.last, 1)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self.button)

    def show_range(self, first: int, last: int) -> None:
        """Show these numbers."""
        self.first.setValue(first)
        self.last.setValue(last)

    def set_can_apply(self, can: bool) -> None:
        """Whether there is a style, and nothing else runs."""
        self.button.setEnabled(can)

    def _keep_order(self) -> None:
        self.last.setMinimum(self.first.value())
