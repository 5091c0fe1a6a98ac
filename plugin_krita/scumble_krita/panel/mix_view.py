"""The styles of the mix with their shares."""

from __future__ import annotations

from typing import Callable, List, Optional, Sequence

from scumble.editing import Effect, StyleChoice
from scumble.editing.effect import MAX_MIX
from scumble.editing.mix import with_mask, with_share, without

from ..i18n import _
from ..qt import Qt, QtWidgets, Signal
from . import place_menu
from .guard import slot
from .kinds import Icon, Image, Menu
from .one_line import OneLine
from .pictures import Pictures, square
from .place_menu import Places
from .value_bar import ValueBar


class MixView(QtWidgets.QWidget):
    """Shows the styles of an effect; `edited(styles)` is emitted when the artist changes the mix.

    `places()` gives what a style can be placed by, each with what the artist reads.
    `joins` says whether the next style that is clicked joins the mix: without a Control key to hold.
    """

    edited = Signal(object)

    def __init__(self, pictures: Pictures, icon: Callable[[str], Icon], places: Places) -> None:
        super().__init__()
        self._pictures, self._places, self._icon = pictures, places, icon
        self._styles: Sequence[StyleChoice] = ()
        self._rows: List[_Row] = []
        self._hint = QtWidgets.QLabel(_("Choose a style"))
        self._hint.setEnabled(False)
        self._more = QtWidgets.QToolButton()
        self._more.setText(_("Mix in another style"))
        plus = icon("list-add")
        if not plus.isNull():
            self._more.setIcon(plus)
            self._more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._more.setCheckable(True)
        self._more.setAutoRaise(True)
        self._more.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed)
        self._more.setToolTip(_("The next style that you click joins the mix; so does a click with Control"))
        self._column = QtWidgets.QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(3)
        self._column.addWidget(self._hint)
        self._column.addWidget(self._more)
        pictures.changed.connect(slot(self, self._show_pictures))
        self._rebuild()

    @property
    def joins(self) -> bool:
        """Whether the artist wants the next style in the mix."""
        return self._more.isChecked()

    def show_effect(self, effect: Effect) -> None:
        """Show the styles of that effect."""
        same = [style.key for style in self._styles] == [style.key for style in effect.styles]
        self._styles = effect.styles
        if not same:
            self._more.setChecked(False)
            self._rebuild()
        for row, style in zip(self._rows, self._styles):
            row.show_share(style.amount, several=len(self._styles) > 1)
        self.show_places()

    def show_places(self) -> None:
        """Say anew where each style is: layers may have other names now."""
        titles = dict(self._places()) if any(style.mask for style in self._styles) else {}
        for row, style in zip(self._rows, self._styles):
            title = titles.get(style.mask, _("In a mask that is not here"))
            row.show_place(title if style.mask else "", several=len(self._styles) > 1)

    def _fill(self, menu: Menu, at: int) -> None:
        def chosen(mask: str) -> None:
            self.edited.emit(with_mask(self._styles, at, mask))

        place_menu.fill(menu, self, self._places(), self._styles[at].mask, chosen)

    def _rebuild(self) -> None:
        for row in self._rows:
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        self._rows = []
        for at, style in enumerate(self._styles):
            row = _Row(style.label, self._icon("selectionMask"))
            row.menu.aboutToShow.connect(slot(self, lambda at=at, row=row: self._fill(row.menu, at)))
            row.bar.edited.connect(self._share_edited(at))
            row.removed.connect(slot(self, lambda at=at: self._remove(at)))
            self._column.insertWidget(1 + at, row)
            self._rows.append(row)
        self._hint.setVisible(not self._styles)
        self._more.setVisible(0 < len(self._styles) < MAX_MIX)
        self._show_pictures()

    def _show_pictures(self) -> None:
        for row, style in zip(self._rows, self._styles):
            row.show_picture(self._pictures.of(style))

    def _share_edited(self, at: int) -> Callable[[float], None]:
        return lambda share: self.edited.emit(with_share(self._styles, at, share))

    def _remove(self, at: int) -> None:
        self.edited.emit(without(self._styles, at))


class _Row(QtWidgets.QFrame):
    """One style: its picture, its title with its share, and a cross."""

    removed = Signal()

    def __init__(self, title: str, icon: Icon) -> None:
        super().__init__()
        self._image: Optional[Image] = None
        self.bar = ValueBar(title, 0.0, 1.0)
        self.bar.setToolTip(title)
        self._name = OneLine()
        self._name.show_text(title)
        self._side = self.bar.sizeHint().height()
        self._picture = QtWidgets.QLabel()
        self._picture.setFixedSize(self._side, self._side)
        cross = QtWidgets.QToolButton()
        cross.setAutoRaise(True)
        cross.setToolTip(_("Remove"))
        cross.setText("×")
        cross.clicked.connect(self.removed)
        self.place = QtWidgets.QToolButton()
        self.place.setAutoRaise(True)
        self.place.setToolTip(_("Where in the layer this style is"))
        self.place.setPopupMode(QtWidgets.QToolButton.ToolButtonPopupMode.InstantPopup)
        self.place.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        if icon.isNull():
            self.place.setText("◐")
        else:
            self.place.setIcon(icon)
        self.menu = QtWidgets.QMenu(self.place)
        self.menu.setToolTipsVisible(True)
        self.place.setMenu(self.menu)
        self._where = OneLine()
        self._where.hide()
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        row = QtWidgets.QHBoxLayout()
        column.addLayout(row)
        below = QtWidgets.QHBoxLayout()
        below.addSpacing(self._side + 4)
        below.addWidget(self._where)
        column.addLayout(below)
        row.setSpacing(4)
        row.addWidget(self._picture)
        row.addWidget(self._name, 1)
        row.addWidget(self.bar, 1)
        row.addWidget(self.place)
        row.addWidget(cross)

    def show_share(self, share: float, *, several: bool) -> None:
        """The share of the mix; for the only style there is nothing to set."""
        self.bar.setVisible(several)
        self._name.setVisible(not several)
        self.bar.show_value(share)

    def show_place(self, title: str, *, several: bool) -> None:
        """Where the style is; empty for everywhere, which of a style alone need not be said."""
        self.place.setVisible(several or bool(title))
        self._where.setVisible(bool(title))
        self._where.show_text(title)

    def place_text(self) -> str:
        """What is said of where the style is."""
        return self._where.toolTip()

    def show_picture(self, image: Optional[Image]) -> None:
        """The picture of the style."""
        if image is not None:
            self._picture.setPixmap(square(image, self._side, self.devicePixelRatioF()))
