"""What was painted before: a click brings its settings back and shows it, a double click paints it again."""

from __future__ import annotations

from typing import List, Sequence

from scumble.editing import Effect, HistoryEntry

from ..i18n import TEXTS, _
from ..qt import Qt, QtCore, QtGui, QtWidgets, Signal
from .guard import guarded
from .pictures import square

SHOWN = 4


class HistoryView(QtWidgets.QListWidget):
    """Shows the entries, newest first. `taken(entry)` comes with a click or Space, `again(entry)` with a
    double click or Return."""

    taken = Signal(object)
    again = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._entries: List[HistoryEntry] = []
        side = 2 * self.fontMetrics().lineSpacing() + 2
        self.setIconSize(QtCore.QSize(side, side))
        self.setUniformItemSizes(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QtWidgets.QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setToolTip(_("Click to see it and have its settings back, double-click to paint with them"))
        self.itemClicked.connect(self._clicked)
        self.itemDoubleClicked.connect(self._double_clicked)

    def show_entries(self, entries: Sequence[HistoryEntry]) -> None:
        """Show these instead."""
        if self._entries == list(entries):
            return
        self._entries = list(entries)
        self.clear()
        ratio, side = self.devicePixelRatioF(), self.iconSize().width()
        for entry in self._entries:
            item = QtWidgets.QListWidgetItem("{}\n{}".format(*TEXTS.history(entry)))
            image = QtGui.QImage.fromData(entry.picture) if entry.picture else QtGui.QImage()
            if image.isNull():
                image = QtGui.QImage(side, side, QtGui.QImage.Format.Format_ARGB32)
                image.fill(Qt.GlobalColor.transparent)
            item.setIcon(QtGui.QIcon(square(image, side, ratio)))
            item.setSizeHint(QtCore.QSize(0, side + 4))
            item.setToolTip("\n".join([_described(entry.effect), self.toolTip()]))
            self.addItem(item)
        rows = min(SHOWN, max(1, len(self._entries)))
        self.setFixedHeight(rows * (side + 4) + 2 * self.frameWidth())

    @guarded
    def keyPressEvent(self, event) -> None:  # noqa: N802
        """Space takes the settings, Return paints."""
        entry = self._entry(self.currentRow())
        if entry is not None and event.key() == Qt.Key.Key_Space:
            self.taken.emit(entry)
        elif entry is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.again.emit(entry)
        else:
            super().keyPressEvent(event)

    @guarded
    def _clicked(self, item) -> None:
        entry = self._entry(self.row(item))
        if entry is not None:
            self.taken.emit(entry)

    @guarded
    def _double_clicked(self, item) -> None:
        entry = self._entry(self.row(item))
        if entry is not None:
            self.again.emit(entry)

    def _entry(self, row: int):
        return self._entries[row] if 0 <= row < len(self._entries) else None


def _described(effect: Effect) -> str:
    parts = [TEXTS.layer_name(effect, "")]
    plain = Effect()
    if effect.stroke_size != plain.stroke_size:
        parts.append("{} {:.2f}×".format(_("Stroke size"), effect.stroke_size))
    if effect.contrast != plain.contrast:
        parts.append("{} {:.2f}×".format(_("Contrast"), effect.contrast))
    if effect.detail != plain.detail:
        parts.append("{} {:.0f}%".format(_("Detail"), 100 * effect.detail))
    protected = ((_("Skin"), effect.protect_skin), (_("Edges"), effect.protect_edges))
    kept = ["{} {:.0f}%".format(title, 100 * share) for title, share in protected if share]
    kept += [_("Mask")] if effect.protect_mask else []
    if kept:
        parts.append("{}: {}".format(_("Protect"), ", ".join(kept)))
    if effect.engine != plain.engine:
        parts.append("{} {}".format(_("Engine"), TEXTS.engine(effect.engine)))
    return " · ".join(parts)
