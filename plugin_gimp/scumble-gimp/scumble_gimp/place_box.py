"""A list of masks to choose from."""

from __future__ import annotations

from typing import Sequence, Tuple

from gi.repository import Gtk, Pango


class PlaceBox(Gtk.ComboBoxText):
    """Offers `choices`: masks as effects name them, each with what the artist reads."""

    def __init__(self, choices: Sequence[Tuple[str, str]]) -> None:
        super().__init__()
        for value, title in choices:
            self.append(value, title)
        cell = self.get_cells()[0]  # a long name must not widen the dialog
        cell.set_property("ellipsize", Pango.EllipsizeMode.END)
        cell.set_property("max-width-chars", 20)
