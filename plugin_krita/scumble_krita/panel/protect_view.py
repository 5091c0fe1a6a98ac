"""What of the layer stays as it is: skin, edges, and what a mask says."""

from __future__ import annotations

from typing import Sequence, Tuple

from scumble.editing import Effect
from scumble.editing.effect import ELSEWHERE
from scumble.settings import PROTECT_RANGE

from ..i18n import _
from ..qt import QtWidgets, Signal
from . import place_menu
from .guard import slot
from .one_line import OneLine
from .place_menu import Places
from .value_bar import ValueBar


class ProtectView(QtWidgets.QWidget):
    """Shows what is protected by an effect; `edited(changes)` is emitted with the fields that the artist has
    changed, as a dict. `places()` gives the masks that there are, each with what the artist reads."""

    edited = Signal(object)

    def __init__(self, places: Places) -> None:
        super().__init__()
        self._places, self._mask = places, ""
        self.skin = self._bar("protect_skin", _("Skin"))
        self.skin.setToolTip(
            _("How much of the layer stays where it has colours of skin, as wood and sand may, too")
        )
        self.edges = self._bar("protect_edges", _("Edges"))
        self.edges.setToolTip(_("How much of the layer's drawing stays along contours"))
        self.place = QtWidgets.QPushButton(_("Mask"))  # beside text a tool button leaves its arrow no room
        self.place.setToolTip(_("White in a layer or mask is what stays"))
        self.menu = QtWidgets.QMenu(self.place)
        self.menu.aboutToShow.connect(slot(self, self._fill))
        self.place.setMenu(self.menu)
        self.where = OneLine()
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.skin)
        column.addWidget(self.edges)
        row = QtWidgets.QHBoxLayout()
        row.addWidget(self.place)
        row.addWidget(self.where, 1)
        column.addLayout(row)
        self.show_effect(Effect())

    def show_effect(self, effect: Effect) -> None:
        """Show what that effect protects."""
        self.skin.show_value(effect.protect_skin)
        self.edges.show_value(effect.protect_edges)
        self._mask = effect.protect_mask
        titles = dict(self._choices()) if self._mask else {"": _("No mask")}
        self.where.show_text(titles.get(self._mask, _("A mask that is not here")))

    def _choices(self) -> Sequence[Tuple[str, str]]:
        masks = [(mask, title) for mask, title in self._places() if mask not in ("", ELSEWHERE)]
        return [("", _("No mask")), *masks]

    def _fill(self) -> None:
        def chosen(mask: str) -> None:
            self.edited.emit({"protect_mask": mask})

        place_menu.fill(self.menu, self, self._choices(), self._mask, chosen)

    def _bar(self, field: str, title: str) -> ValueBar:
        bar = ValueBar(title, *PROTECT_RANGE)
        bar.edited.connect(slot(self, lambda: self.edited.emit({field: bar.value_shown()})))
        return bar
