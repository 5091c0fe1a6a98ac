"""The gallery: a search, groups, the grid of styles, and where else styles come from."""

from __future__ import annotations

from typing import Callable, Optional, Sequence

from scumble.editing import Gallery, GalleryStyle, StyleChoice
from scumble.editing.gallery import ALL, FAVOURITES, LAYERS, RECENT

from ..i18n import TEXTS, _
from ..qt import Qt, QtGui, QtWidgets, Signal
from .gallery_list import GalleryList
from .guard import guarded, slot
from .kinds import Icon, Widget
from .pictures import Pictures

SUFFIXES = "*.jpg *.jpeg *.png *.webp *.tif *.tiff *.bmp *.gif"
LEAST_LINES = 20
"""Two rows of pictures and a part of the next, which tells that there are more."""


class GalleryView(QtWidgets.QWidget):
    """Shows a Gallery.

    `chosen(style, add)` is emitted for a style that was clicked, `paint()` after a double click,
    `favourite(style)` for the star, `file(path)` for a file that was opened, `layer()` for the layer, and
    `on_layer(on)` when the layer is to be shown in each style.
    """

    chosen = Signal(object, bool)
    paint = Signal()
    favourite = Signal(object)
    file = Signal(str)
    layer = Signal()
    on_layer = Signal(bool)

    def __init__(
        self, gallery: Gallery, pictures: Pictures, layers: Pictures, icon: Callable[[str], Icon]
    ) -> None:
        super().__init__()
        self._gallery = gallery
        self._current: Optional[StyleChoice] = None
        self._empty = ""
        self._search = QtWidgets.QLineEdit()
        self._search.setPlaceholderText(_("Search styles"))
        self._search.setClearButtonEnabled(True)
        self._search.textChanged.connect(slot(self, self.refresh))
        self._group = QtWidgets.QComboBox()
        self._group.setMinimumContentsLength(6)
        policy = QtWidgets.QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        self._group.setSizeAdjustPolicy(policy)
        self._group.currentIndexChanged.connect(slot(self, self.refresh))

        self.list = GalleryList(pictures, layers)
        self.list.setMinimumHeight(LEAST_LINES * self.fontMetrics().lineSpacing())
        self.list.chosen.connect(self.chosen)
        self.list.activated_one.connect(self.paint)
        self.list.menu_wanted.connect(self._show_menu)

        self._from_file = _button(_("File…"), icon("document-open"))
        self._from_file.setToolTip(_("Take the style of any picture; dropping it here does the same"))
        self._from_file.clicked.connect(slot(self, self._choose_file))
        self._from_layer = _button(_("Layer"), icon("paintLayer"))
        self._from_layer.setToolTip(_("Use the current layer as a style"))
        self._from_layer.clicked.connect(slot(self, self.layer.emit))
        self._star = _button("★", QtGui.QIcon())
        self._star.setCheckable(True)
        self._star.setToolTip(_("Favourite"))
        self._star.clicked.connect(slot(self, self._star_clicked))

        self.layer_box = QtWidgets.QCheckBox(_("My layer in each style"))
        self.layer_box.setToolTip(
            _("Show your layer in each style in place of the paintings; otherwise where the mouse rests")
        )
        self.layer_box.toggled.connect(self.list.show_layer)
        self.layer_box.clicked.connect(self.on_layer)

        top = QtWidgets.QHBoxLayout()
        top.setSpacing(4)
        top.addWidget(self._search, 3)
        top.addWidget(self._group, 2)
        bottom = QtWidgets.QHBoxLayout()
        bottom.setSpacing(4)
        bottom.addWidget(self._from_file, 1)
        bottom.addWidget(self._from_layer, 1)
        bottom.addWidget(self._star)
        self._bottom = bottom
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(top)
        column.addWidget(self.list, 1)
        column.addLayout(bottom)
        column.addWidget(self.layer_box)
        self.refresh()

    def add_button(self, button: Widget) -> None:
        """Put a button at the end of those below the pictures."""
        self._bottom.addWidget(button)

    def refresh(self) -> None:
        """Show what the gallery now holds."""
        self._show_groups()
        group, search = self._group.currentData(), self._search.text()
        empty = self._empty
        if not empty:
            empty = _("No style is like that.") if search else _("No style is here yet.")
            if group == FAVOURITES and not search:
                empty = _("No favourite yet: choose a style and press the star.")
        self.list.show_styles(self._gallery.shown(search, group), empty)
        self._show_star()

    def _show_groups(self) -> None:
        groups = [
            (ALL, _("All")),
            (FAVOURITES, _("Favourites")),
            (RECENT, _("Recent")),
            (LAYERS, _("Layers")),
        ]
        groups += [(mark, TEXTS.mark(mark)) for mark in self._gallery.marks()]
        if [group for group, _title in groups] == [
            self._group.itemData(row) for row in range(self._group.count())
        ]:
            return
        chosen, blocked = self._group.currentData(), self._group.blockSignals(True)
        self._group.clear()
        for group, title in groups:
            self._group.addItem(title, group)
        self._group.setCurrentIndex(max(0, self._group.findData(chosen)))
        self._group.blockSignals(blocked)

    def mark(self, styles: Sequence[StyleChoice], current: Optional[StyleChoice]) -> None:
        """Frame the styles of the mix; the star is about `current`."""
        self._current = current
        self.list.mark(styles)
        self._show_star()

    def set_empty_text(self, text: str) -> None:
        """What stands in an empty gallery instead of the usual."""
        self._empty = text
        self.refresh()

    def show_group(self, group: str) -> None:
        """Change to another group of styles."""
        self._search.clear()
        self._group.setCurrentIndex(self._group.findData(group))

    def _found(self) -> Optional[GalleryStyle]:
        return self._gallery.find(*self._current.key) if self._current is not None else None

    def _show_star(self) -> None:
        style = self._found()
        self._star.setEnabled(style is not None and style.choice.kind != "layer")
        self._star.setChecked(style is not None and style.favourite)

    def _star_clicked(self) -> None:
        style = self._found()
        if style is not None:
            self.favourite.emit(style)

    @guarded
    def _show_menu(self, style: GalleryStyle, point) -> None:
        menu = QtWidgets.QMenu(self)
        menu.addAction(_("Use this style")).triggered.connect(
            slot(self, lambda: self.chosen.emit(style, False))
        )
        text = _("Remove") if self.list.is_marked(style) else _("Mix it in")
        menu.addAction(text).triggered.connect(slot(self, lambda: self.chosen.emit(style, True)))
        if style.choice.kind != "layer":
            text = _("No favourite any more") if style.favourite else _("Make it a favourite")
            menu.addAction(text).triggered.connect(slot(self, lambda: self.favourite.emit(style)))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(point)

    def _choose_file(self) -> None:
        pictures = "{} ({})".format(_("Pictures"), SUFFIXES)
        path, _filter = QtWidgets.QFileDialog.getOpenFileName(
            self, _("Choose a picture as the style"), "", pictures
        )
        if path:
            self.file.emit(path)


def _button(text: str, icon: Icon) -> Widget:
    button = QtWidgets.QToolButton()
    button.setText(text)
    if not icon.isNull():
        button.setIcon(icon)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed)
    return button
