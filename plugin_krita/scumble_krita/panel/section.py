"""A part of the panel that folds away under its title."""

from __future__ import annotations

from ..qt import Qt, QtWidgets
from .guard import slot
from .kinds import Widget


class Section(QtWidgets.QWidget):
    """A title with an arrow, and `content` below it while it is open."""

    def __init__(self, title: str, content: Widget, *, opened: bool = False) -> None:
        super().__init__()
        self._content = content
        self._button = QtWidgets.QToolButton()
        self._button.setText(title)
        self._button.setAutoRaise(True)
        self._button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._button.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed)
        self._button.clicked.connect(slot(self, lambda: self.set_open(not self.is_open)))
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self._button)
        column.addWidget(content)
        self.set_open(opened)

    @property
    def is_open(self) -> bool:
        """Whether the content shows."""
        return self._content.isVisibleTo(self)

    def set_open(self, opened: bool) -> None:
        """Show the content or fold it away."""
        self._button.setArrowType(Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow)
        self._content.setVisible(opened)
