"""Where each style of the mix is: a list to choose from beside each of them."""

from __future__ import annotations

from typing import Callable, Optional, Sequence, Tuple

from gi.repository import GdkPixbuf, Gtk, Pango

from scumble.editing import StyleChoice
from scumble.editing.mix import with_mask

from .i18n import _
from .mix_view import SIDE
from .pictures import square
from .place_box import PlaceBox


class PlacesView(Gtk.Box):
    """A row for each style of a mix: picture, title, and where it is.

    `on_change(styles)` is called when the artist puts one elsewhere; `picture(choice)` gives what a style
    looks like, or None; `choices()` the masks that there are, each with what the artist reads.
    """

    def __init__(
        self,
        on_change: Callable[[Sequence[StyleChoice]], None],
        picture: Callable[[StyleChoice], Optional[GdkPixbuf.Pixbuf]],
        choices: Callable[[], Sequence[Tuple[str, str]]],
    ) -> None:
        super().__init__(orientation=Gtk.Orientation.VERTICAL, spacing=2)
        self._on_change, self._picture, self._choices = on_change, picture, choices
        self._styles: Sequence[StyleChoice] = ()
        self._rows: list = []
        self._showing = False
        hint = Gtk.Label(xalign=0.0, wrap=True, sensitive=False)
        hint.set_text(_("White in a layer, mask or channel is where the style is."))
        self.pack_end(hint, False, False, 0)

    def show_styles(self, styles: Sequence[StyleChoice]) -> None:
        """Show these styles with their places."""
        if [style.key for style in self._styles] != [style.key for style in styles]:
            self._rebuild(styles)
        self._styles = tuple(styles)
        self._showing = True
        for (_row, _image, place), style in zip(self._rows, styles, strict=True):
            place.set_active_id(style.mask)
        self._showing = False

    def show_pictures(self) -> None:
        """The pictures of styles have come."""
        for (_row, image, _place), style in zip(self._rows, self._styles, strict=True):
            image.set_from_pixbuf(square(self._picture(style), SIDE))

    def _rebuild(self, styles: Sequence[StyleChoice]) -> None:
        for row, _image, _place in self._rows:
            row.destroy()
        self._rows = []
        names = Gtk.SizeGroup(mode=Gtk.SizeGroupMode.HORIZONTAL)
        choices = self._choices()
        for number, style in enumerate(styles):
            row, image, place = Gtk.Box(spacing=6), Gtk.Image(), PlaceBox(choices)
            image.set_from_pixbuf(square(self._picture(style), SIDE))
            name = Gtk.Label(label=style.label, xalign=0.0, ellipsize=Pango.EllipsizeMode.END, width_chars=16)
            name.set_max_width_chars(16)
            name.set_tooltip_text(style.label)
            names.add_widget(name)
            place.connect("changed", self._moved, number)
            row.pack_start(image, False, False, 0)
            row.pack_start(name, False, False, 0)
            row.pack_start(place, True, True, 0)
            self.pack_start(row, False, False, 0)
            row.show_all()
            self._rows.append((row, image, place))

    def _moved(self, place, number: int) -> None:
        if not self._showing:
            self._on_change(with_mask(self._styles, number, place.get_active_id() or ""))
