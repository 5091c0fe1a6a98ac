"""The grid of pictures: as many columns as there is room for, without a gap at the side."""

from __future__ import annotations

import re
from typing import Callable, List, Optional, Sequence, Tuple

from scumble.editing import GalleryStyle, StyleChoice

from ..i18n import TEXTS
from ..qt import Qt, QtCore, QtGui, QtWidgets, Signal, number, position
from .guard import guarded, slot
from .kinds import Image, Pixmap, Rect, Size
from .pictures import Pictures, square

NARROWEST_LINES = 4.6
"""Width of a narrow column, in lines of text: three fit into a docker of 250 pixels."""
TITLE_LINES = 3
TITLE_SCALES = (0.88, 0.8, 0.72)
"""A name has room for three lines, in letters a little smaller than the rest; a long one has smaller letters
yet before it is cut."""
LOOK_MS = 150
"""How long a style is under the mouse, or the list stands still, before the layer is painted for it."""
GAP = 3
BAR_HEIGHT = 5
"""Height of the bar on a style that is being learned."""


class GalleryList(QtWidgets.QListWidget):
    """Shows styles. `chosen(style, add)` comes with a click (`add` with Control), `activated_one` with a
    double click or Return, `menu_wanted(style, point)` with the right button, and `in_sight(choices)` when
    the layer is to be shown in these styles."""

    chosen = Signal(object, bool)
    activated_one = Signal()
    menu_wanted = Signal(object, object)
    in_sight = Signal(object)

    def __init__(self, pictures: Pictures, layers: Pictures) -> None:
        super().__init__()
        self.progress_of: Callable[[Tuple[str, str]], Optional[float]] = lambda _key: None
        """How far the learning of a style is, 0 to 1; None when it is not being learned."""
        self._pictures, self._layers = pictures, layers
        self._on_layer = False
        self._hovered = -1
        self._styles: List[GalleryStyle] = []
        self._marked: Sequence[StyleChoice] = ()
        self._empty = ""
        self.setViewMode(QtWidgets.QListView.ViewMode.IconMode)
        self.setResizeMode(QtWidgets.QListView.ResizeMode.Adjust)
        self.setMovement(QtWidgets.QListView.Movement.Static)
        self.setUniformItemSizes(True)
        self.setWordWrap(False)
        self.setSelectionMode(QtWidgets.QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QtWidgets.QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setDragDropMode(QtWidgets.QAbstractItemView.DragDropMode.NoDragDrop)
        self.setAcceptDrops(False)  # the panel takes what is dropped, wherever
        self.viewport().setAcceptDrops(False)
        self.setMouseTracking(True)
        self.setItemDelegate(_Painter(self))
        self.itemEntered.connect(slot(self, self._hover))
        self._look = QtCore.QTimer(self)
        self._look.setSingleShot(True)
        self._look.setInterval(LOOK_MS)
        self._look.timeout.connect(slot(self, self._look_now))
        self.verticalScrollBar().valueChanged.connect(slot(self, self._look.start))
        for known in (pictures, layers):
            known.changed.connect(self.viewport().update)

    def show_styles(self, styles: Sequence[GalleryStyle], empty: str) -> None:
        """Show these; without any the text `empty`."""
        self._empty = empty
        if self._styles != list(styles):
            self._styles = list(styles)
            self.clear()
            for style in self._styles:
                item = QtWidgets.QListWidgetItem(style.title)
                item.setToolTip("\n".join(filter(None, (style.title, style.family, TEXTS.mark(style.mark)))))
                self.addItem(item)
            self._hovered = -1
            self._look.start()
        self.viewport().update()

    def show_layer(self, on: bool) -> None:
        """Show the artist's layer in each style, or the paintings; under the mouse the other one."""
        self._on_layer = on
        self._look.start()
        self.viewport().update()

    def look(self) -> None:
        """Ask again for what is in sight."""
        self._look.start()

    def mark(self, styles: Sequence[StyleChoice]) -> None:
        """Frame the styles of the mix."""
        self._marked = styles
        self.viewport().update()

    def scroll_to(self, style: StyleChoice) -> None:
        """Bring a style into view, if it is shown."""
        for row, shown in enumerate(self._styles):
            if shown.choice.key == style.key:
                self.scrollToItem(self.item(row))

    def style_at(self, row: int) -> Optional[GalleryStyle]:
        """The style of a row."""
        return self._styles[row] if 0 <= row < len(self._styles) else None

    def side(self) -> int:
        """Side of a picture in pixels."""
        return self.gridSize().width() - 2 * GAP

    # What Qt asks -------------------------------------------------------------------------------

    @guarded
    def resizeEvent(self, event) -> None:  # noqa: N802
        """Share the width among the columns."""
        room = self.viewport().width() - 1
        columns = max(1, int(room // (NARROWEST_LINES * self.fontMetrics().lineSpacing())))
        width = max(24, room // columns)
        self.setGridSize(QtCore.QSize(width, width + title_height(self.font()) + 1))
        super().resizeEvent(event)
        self._look.start()

    @guarded
    def mouseReleaseEvent(self, event) -> None:  # noqa: N802
        """A click chooses; with Control it adds to the mix."""
        super().mouseReleaseEvent(event)
        style = self.style_at(self.indexAt(position(event)).row())
        if event.button() == Qt.MouseButton.LeftButton and style is not None:
            self.chosen.emit(style, bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier))

    @guarded
    def mouseDoubleClickEvent(self, event) -> None:  # noqa: N802
        """A double click paints."""
        if event.button() == Qt.MouseButton.LeftButton and self.indexAt(position(event)).isValid():
            self.activated_one.emit()

    @guarded
    def keyPressEvent(self, event) -> None:  # noqa: N802
        """Space chooses, Return chooses and paints; the arrows go from one to the next."""
        style = self.style_at(self.currentRow())
        key = event.key()
        if style is not None and key in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.chosen.emit(style, bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier))
            if key != Qt.Key.Key_Space:
                self.activated_one.emit()
        else:
            super().keyPressEvent(event)

    @guarded
    def contextMenuEvent(self, event) -> None:  # noqa: N802
        """What can be done with the style under the mouse."""
        style = self.style_at(self.indexAt(event.pos()).row())
        if style is not None:
            self.menu_wanted.emit(style, event.globalPos())

    @guarded
    def paintEvent(self, event) -> None:  # noqa: N802
        """Without styles say why there are none."""
        super().paintEvent(event)
        if self.count() == 0 and self._empty:
            painter = QtGui.QPainter(self.viewport())
            painter.setOpacity(0.6)
            box = self.viewport().rect().adjusted(8, 8, -8, -8)
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(box, int(flags), self._empty)
            painter.end()

    @guarded
    def leaveEvent(self, event) -> None:  # noqa: N802
        """Nothing is under the mouse any more."""
        super().leaveEvent(event)
        self._hovered = -1
        self._look.start()

    def _hover(self) -> None:
        row = self.indexAt(self.viewport().mapFromGlobal(QtGui.QCursor.pos())).row()
        if row != self._hovered:
            self._hovered = row
            self._look.start()

    def _look_now(self) -> None:
        """Ask for the layer where it is to be seen: under the mouse, or in all that is in sight."""
        room = self.viewport().rect()
        rows = [self._hovered]
        if self._on_layer:
            rows += [
                row for row in range(self.count()) if self.visualItemRect(self.item(row)).intersects(room)
            ]
        wanted = [style.choice for style in map(self.style_at, rows) if style is not None]
        if wanted and self.isVisible():
            self.in_sight.emit(wanted)

    # For the painter ----------------------------------------------------------------------------

    def is_marked(self, style: GalleryStyle) -> bool:
        """Whether the style is in the mix."""
        return any(choice.key == style.choice.key for choice in self._marked)

    def picture(self, style: GalleryStyle, hovered: bool) -> Optional[Image]:
        """What it looks like, or the layer in it."""
        layer = self._layers.of(style.choice) if self._on_layer != hovered else None
        return layer if layer is not None else self._pictures.of(style.choice)


class _Painter(QtWidgets.QStyledItemDelegate):
    """Draws one style: its picture, its title, a star for a favourite, a frame when it is chosen."""

    def __init__(self, view: GalleryList) -> None:
        super().__init__(view)
        self._view = view
        self._squares: dict = {}

    def sizeHint(self, _option, _index) -> Size:  # noqa: N802
        """One cell of the grid."""
        return self._view.gridSize()

    @guarded
    def paint(self, painter, option, index) -> None:
        """Draw the cell."""
        style = self._view.style_at(index.row())
        if style is None:
            return
        painter.save()
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        palette, role = option.palette, QtGui.QPalette.ColorRole
        side, marked = self._view.side(), self._view.is_marked(style)
        hovered = bool(option.state & QtWidgets.QStyle.StateFlag.State_MouseOver)
        focused = bool(option.state & QtWidgets.QStyle.StateFlag.State_HasFocus)
        cell = QtCore.QRect(option.rect.x() + GAP, option.rect.y() + GAP, side, side)
        square_ = self._square(style, side, hovered)
        if square_ is None:
            painter.fillRect(cell, palette.color(role.Window))
        else:
            painter.drawPixmap(cell.topLeft(), square_)
        text = cell.adjusted(1 - GAP, side, GAP - 1, title_height(option.font))
        if marked:
            painter.fillRect(text, palette.color(role.Highlight))
            painter.setPen(_mitred(palette.color(role.Highlight), 4.0))
            painter.drawRect(cell.adjusted(2, 2, -2, -2))
            # A painting may be of the highlight's colour: the line tells where it begins.
            painter.setPen(_mitred(palette.color(role.HighlightedText), 1.0))
            painter.drawRect(cell.adjusted(4, 4, -5, -5))
        if hovered or focused:
            painter.setPen(_mitred(palette.color(role.HighlightedText), 2.0 if hovered else 1.0))
            painter.drawRect(cell.adjusted(1, 1, -1, -1))
        done = self._view.progress_of(style.choice.key)
        if done is not None:
            _bar(painter, cell, done)
        if style.favourite:
            _star(painter, cell, option.fontMetrics.height())
        painter.setPen(palette.color(role.HighlightedText if marked else role.Text))
        letters, lines = fitted(style.title, option.font, text.width())
        painter.setFont(letters)
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
        painter.drawText(text, number(flags), "\n".join(lines))
        painter.restore()

    def _square(self, style: GalleryStyle, side: int, hovered: bool) -> Optional[Pixmap]:
        image = self._view.picture(style, hovered)
        if image is None:
            return None
        ratio = self._view.devicePixelRatioF()
        key = (image.cacheKey(), side, ratio)
        if key not in self._squares:
            if len(self._squares) > 1000:
                self._squares.clear()
            self._squares[key] = square(image, side, ratio)
        return self._squares[key]


def title_height(font) -> int:
    """What the names below the pictures have room for."""
    return TITLE_LINES * QtGui.QFontMetrics(_smaller(font, TITLE_SCALES[0])).lineSpacing()


def fitted(title: str, font, width: int):
    """The letters that a name is written with, and its lines; what is too long even so ends with dots."""
    for scale in TITLE_SCALES:
        letters = _smaller(font, scale)
        metrics = QtGui.QFontMetrics(letters)
        lines = _in_lines(title, metrics, width)
        if scale == TITLE_SCALES[-1] or all(metrics.horizontalAdvance(line) < width for line in lines):
            return letters, [metrics.elidedText(line, Qt.TextElideMode.ElideRight, width) for line in lines]
    raise AssertionError("there is a last one")


def _in_lines(title: str, metrics, width: int) -> List[str]:
    """A name broken between its words and after hyphens; the last of `TITLE_LINES` has what is left."""
    lines = [""]
    for piece in re.findall(r"\s*[^\s-]*-|\s*[^\s-]+", title):
        longer = lines[-1] + piece
        fits = metrics.horizontalAdvance(longer.strip()) < width
        if fits or not lines[-1] or len(lines) == TITLE_LINES:
            lines[-1] = longer
        else:
            lines.append(piece)
    return [line.strip() for line in lines]


def _smaller(font, scale: float):
    smaller = QtGui.QFont(font)
    if font.pointSizeF() > 0:
        smaller.setPointSizeF(scale * font.pointSizeF())
    return smaller


def _mitred(colour, width: float):
    pen = QtGui.QPen(colour, width)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    return pen


def _bar(painter, cell: Rect, done: float) -> None:
    bar = QtCore.QRect(cell.left(), cell.bottom() + 1 - BAR_HEIGHT, cell.width(), BAR_HEIGHT)
    painter.fillRect(bar, QtGui.QColor(0, 0, 0, 160))
    bar.adjust(1, 1, -1, -1)
    bar.setWidth(round(bar.width() * done))
    painter.fillRect(bar, QtGui.QColor(255, 255, 255))


def _star(painter, cell: Rect, height: int) -> None:
    badge = QtCore.QRect(cell.right() - height, cell.top(), height + 1, height + 1)
    painter.fillRect(badge, QtGui.QColor(0, 0, 0, 150))
    painter.setPen(QtGui.QColor(255, 210, 80))
    painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, "★")
