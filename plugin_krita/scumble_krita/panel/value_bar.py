"""A slider that is also its own label and number, as the editor's own are: there is no room for three."""

from __future__ import annotations

import math

from ..qt import Qt, QtCore, QtGui, QtWidgets, Signal, position
from .guard import guarded, slot
from .kinds import Size

STEPS = 200


class ValueBar(QtWidgets.QAbstractSlider):
    """Shows ``title  value`` over a bar. Drag it, use the wheel or the arrow keys, or double-click and type.

    `unit` is ``%`` for values from 0 to 1 that read as percent; anything else stands behind the number.
    With `ratio` the middle is the geometric one, for values that scale something.
    `edited(value)` is emitted when the artist changes it, not for `show_value`.
    """

    edited = Signal(float)

    def __init__(self, title: str, low: float, high: float, *, unit: str = "%", ratio: bool = False) -> None:
        super().__init__()
        self._title, self._low, self._high, self._unit, self._ratio = title, low, high, unit, ratio
        self._typed = QtWidgets.QLineEdit(self)
        self._typed.setFrame(False)
        self._typed.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._typed.hide()
        self._typed.editingFinished.connect(slot(self, self._take_typed))
        self._value = low
        self.setRange(0, STEPS)
        self.setSingleStep(STEPS // 100)
        self.setPageStep(STEPS // 10)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setAccessibleName(title)
        self.actionTriggered.connect(slot(self, self._moved))

    def value_shown(self) -> float:
        """The value, between low and high."""
        return self._value

    def show_value(self, value: float) -> None:
        """Set the value without a signal."""
        self._value = min(self._high, max(self._low, value))
        blocked = self.blockSignals(True)
        self.setValue(round(STEPS * self._share()))
        self.blockSignals(blocked)
        self.update()

    def set_title(self, title: str) -> None:
        """Change what stands before the number."""
        self._title = title
        self.setAccessibleName(title)
        self.update()

    def text(self) -> str:
        """The number as it is shown."""
        if self._unit == "%":
            return "{:.0f}%".format(100 * self._value)
        return self.locale().toString(float(self._value), "f", 2) + self._unit

    # What Qt asks -------------------------------------------------------------------------------

    def sizeHint(self) -> Size:  # noqa: N802
        """As high as a line of text with some air, like the editor's own sliders."""
        return QtCore.QSize(120, self.fontMetrics().height() + 8)

    def minimumSizeHint(self) -> Size:  # noqa: N802
        """As `sizeHint`, but narrow."""
        return QtCore.QSize(60, self.sizeHint().height())

    @guarded
    def paintEvent(self, _event) -> None:  # noqa: N802
        """Draw the bar, and the text twice: in the colours of the bar where it covers it."""
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        palette, role = self.palette(), QtGui.QPalette.ColorRole
        group = QtGui.QPalette.ColorGroup.Active if self.isEnabled() else QtGui.QPalette.ColorGroup.Disabled
        box = QtCore.QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        frame = QtGui.QPainterPath()
        frame.addRoundedRect(box, 2.0, 2.0)
        painter.fillPath(frame, palette.color(group, role.Base))
        filled = QtCore.QRectF(box)
        filled.setWidth(box.width() * self._share())
        bar = palette.color(group, role.Highlight) if self.isEnabled() else palette.color(group, role.Mid)
        painter.save()
        painter.setClipRect(filled)
        painter.fillPath(frame, bar)
        painter.restore()
        edge = role.Highlight if self.hasFocus() else role.Mid
        painter.setPen(palette.color(group, edge))
        painter.drawPath(frame)
        rest = QtCore.QRectF(filled.right(), 0, self.width() - filled.right(), self.height())
        self._write(painter, filled, palette.color(group, role.HighlightedText))
        self._write(painter, rest, palette.color(group, role.Text))
        painter.end()

    @guarded
    def mousePressEvent(self, event) -> None:  # noqa: N802
        """Go where the mouse is; the right button types."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._drag_to(position(event).x())
        elif event.button() == Qt.MouseButton.RightButton:
            self._type()

    @guarded
    def mouseMoveEvent(self, event) -> None:  # noqa: N802
        """Follow the mouse."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._drag_to(position(event).x())

    @guarded
    def mouseDoubleClickEvent(self, event) -> None:  # noqa: N802
        """Type a number."""
        self._type()

    @guarded
    def wheelEvent(self, event) -> None:  # noqa: N802
        """Change the value only with the focus: else the docker could not be scrolled."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    @guarded
    def keyPressEvent(self, event) -> None:  # noqa: N802
        """A digit starts typing, Return too; Escape ends it."""
        if event.text().isdigit():
            self._type(event.text())
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F2):
            self._type()
        elif event.key() == Qt.Key.Key_Escape and self._typed.isVisible():
            self._typed.hide()
            self.setFocus()
        else:
            super().keyPressEvent(event)

    @guarded
    def resizeEvent(self, _event) -> None:  # noqa: N802
        """The field for typing covers the bar."""
        self._typed.setGeometry(self.rect())

    # Values -------------------------------------------------------------------------------------

    def _share(self) -> float:
        if self._ratio:
            return math.log(self._value / self._low) / math.log(self._high / self._low)
        return (self._value - self._low) / (self._high - self._low)

    def _set(self, value: float) -> None:
        before = self._value
        self.show_value(value)
        if self._value != before:
            self.edited.emit(self._value)

    def _at(self, share: float) -> float:
        share = min(1.0, max(0.0, share))
        if self._ratio:
            return self._low * (self._high / self._low) ** share
        return self._low + (self._high - self._low) * share

    def _drag_to(self, x: int) -> None:
        self._set(round(self._at(x / max(1, self.width() - 1)), 2))

    def _moved(self) -> None:
        self._set(round(self._at(self.sliderPosition() / STEPS), 2))

    def _type(self, text: str = "") -> None:
        self._typed.setText(text or self.text().rstrip("%" + self._unit).strip())
        self._typed.show()
        self._typed.setFocus()
        if text:
            self._typed.setCursorPosition(len(text))
        else:
            self._typed.selectAll()

    def _take_typed(self) -> None:
        if not self._typed.isVisible():
            return
        self._typed.hide()
        number, good = self.locale().toDouble(self._typed.text().strip().rstrip("%" + self._unit).strip())
        if good:
            self._set(number / 100 if self._unit == "%" else number)
        self.setFocus()

    def _write(self, painter, where, colour) -> None:
        painter.save()
        painter.setClipRect(where)
        painter.setPen(colour)
        box = self.rect().adjusted(6, 0, -6, 0)
        number = self.text()
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(box, right, number)
        room = box.width() - self.fontMetrics().horizontalAdvance(number) - 8
        title = self.fontMetrics().elidedText(self._title, Qt.TextElideMode.ElideRight, room)
        painter.drawText(box, left, title)
        painter.restore()
