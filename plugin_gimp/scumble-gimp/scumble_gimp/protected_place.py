"""What of the layer stays as it is: a list of masks to choose from."""

from __future__ import annotations

from typing import Sequence, Tuple

from gi.repository import Gtk, Pango

from . import places
from .config import set_mask
from .i18n import _

ARGUMENT = "protect-mask"


class ProtectedPlace(Gtk.ComboBoxText):
    """Shows and sets the argument `protect-mask` of `config`; `choices` are the masks that there are, each
    with what the artist reads."""

    def __init__(self, config, choices: Sequence[Tuple[str, str]]) -> None:
        super().__init__()
        self._config = config
        self.set_tooltip_text(_("White in a layer, mask or channel is what stays."))
        self.append("", _("Nothing more"))
        for value, title in choices:
            self.append(value, title)
        cell = self.get_cells()[0]  # a long name must not widen the dialog
        cell.set_property("ellipsize", Pango.EllipsizeMode.END)
        cell.set_property("max-width-chars", 20)
        self._show()
        heard = config.connect("notify::" + ARGUMENT, lambda *_args: self._show())
        self.connect("changed", self._chosen)
        self.connect("destroy", lambda _widget: config.disconnect(heard))

    def _show(self) -> None:
        mask = self._config.get_property(ARGUMENT)
        self.set_active_id("" if mask is None else str(mask.get_id()))

    def _chosen(self, _combo) -> None:
        mask = self.get_active_id() or ""
        if places.is_selection(mask):
            self._config.set_property("apply-to", "layer")  # what is painted is outside the selection
        set_mask(self._config, ARGUMENT, mask)
