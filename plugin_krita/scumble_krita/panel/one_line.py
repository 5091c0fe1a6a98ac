"""A label of one line: a text too long for its place ends with dots, and all of it is in the tooltip."""

from __future__ import annotations

from ..qt import Qt, QtWidgets
from .guard import guarded


class OneLine(QtWidgets.QLabel):
    """Takes the width it is given; its height never changes."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Fixed)
        self.setMinimumHeight(self.fontMetrics().height())

    def show_text(self, text: str) -> None:
        """Show this instead."""
        self.setToolTip(text)
        self._fit()

    @guarded
    def resizeEvent(self, event) -> None:  # noqa: N802
        """Cut the text anew."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        elide = Qt.TextElideMode.ElideRight
        self.setText(self.fontMetrics().elidedText(self.toolTip(), elide, max(1, self.width())))
