"""What of the layer stays as it is: a list of masks to choose from."""

from __future__ import annotations

from typing import Sequence, Tuple

from . import places
from .config import set_mask
from .i18n import _
from .place_box import PlaceBox

ARGUMENT = "protect-mask"


class ProtectedPlace(PlaceBox):
    """Shows and sets the argument `protect-mask` of `config`; `choices` are the masks that there are, each
    with what the artist reads."""

    def __init__(self, config, choices: Sequence[Tuple[str, str]]) -> None:
        super().__init__([("", _("No mask")), *choices])
        self._config = config
        self.set_tooltip_text(_("White in a layer, mask or channel is what stays."))
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
