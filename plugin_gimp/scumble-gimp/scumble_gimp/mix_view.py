"""The styles that are mixed, with their shares."""

from __future__ import annotations

from typing import Callable, Optional, Sequence

from gi.repository import GdkPixbuf, Gtk, Pango

from scumble.editing import StyleChoice
from scumble.editing.mix import with_share, without

from .i18n import _
from .pictures import square
from .room import shorter

SIDE = 24
HIGH, LOW = 112, 56
"""So high from the beginning, enough for three styles: the dialog does not jump when they are mixed. On a low
screen it is enough for two."""
# The buttons of some themes are higher than the rows.
CSS = b"button { min-height: 0; min-width: 0; padding: 0 6px; }"


class MixView(Gtk.Box):
    """A row for each style of a mix: picture, title, a slider for its share, and a cross.

    `on_change(styles)` is called when the artist changes the mix; `picture(choice)` gives what a style looks
    like, or None.
    """

    def __init__(
        self,
        on_change: Callable[[Sequence[StyleChoice]], None],
        picture: Callable[[StyleChoice], Optional[GdkPixbuf.Pixbuf]],
    ) -> None:
        super().__init__(orientation=Gtk.Orientation.VERTICAL, spacing=2)
        self._on_change, self._picture = on_change, picture
        self._styles: Sequence[StyleChoice] = ()
        self._rows: list = []
        self._showing = False
        self._hint = Gtk.Label(xalign=0.0, wrap=True, sensitive=False)
        self._hint.set_max_width_chars(40)
        self._names = Gtk.SizeGroup(mode=Gtk.SizeGroupMode.HORIZONTAL)
        self.pack_end(self._hint, False, False, 0)
        self.show_styles(())

    def show_styles(self, styles: Sequence[StyleChoice]) -> None:
        """Show these styles with their shares."""
        same = [(style.key, style.title) for style in self._styles]
        if not self._rows or same != [(style.key, style.title) for style in styles]:
            self._rebuild(styles)
        self._styles = tuple(styles)
        self._showing = True
        for row, style in zip(self._rows, styles, strict=True):
            row.scale.set_value(100 * style.amount)
            row.show_share(len(styles) > 1)
        self._showing = False

    def show_pictures(self) -> None:
        """The pictures of styles have come."""
        for row, style in zip(self._rows, self._styles, strict=True):
            row.image.set_from_pixbuf(square(self._picture(style), SIDE))

    def _rebuild(self, styles: Sequence[StyleChoice]) -> None:
        for row in self._rows:
            row.destroy()
        self._rows = []
        for number, style in enumerate(styles):
            row = _Row(style, self._names)
            row.scale.connect("value-changed", self._share_changed, number)
            row.cross.connect("clicked", self._removed, number)
            row.image.set_from_pixbuf(square(self._picture(style), SIDE))
            self.pack_start(row, False, False, 0)
            row.show_all()
            self._rows.append(row)
        hints = (_("Choose a style in the gallery."), _("Click another with Ctrl to mix it in."))
        self._hint.set_text(hints[min(len(styles), 1)])
        self._hint.set_visible(len(styles) < 2)
        self.set_size_request(-1, shorter(HIGH, LOW))

    def _share_changed(self, scale, number: int) -> None:
        if not self._showing:
            self._on_change(with_share(self._styles, number, scale.get_value() / 100))

    def _removed(self, _button, number: int) -> None:
        self._on_change(without(self._styles, number))


class _Row(Gtk.Box):
    def __init__(self, style: StyleChoice, names: Gtk.SizeGroup) -> None:
        super().__init__(spacing=6)
        self.image = Gtk.Image()
        name = Gtk.Label(label=style.label, xalign=0.0, ellipsize=Pango.EllipsizeMode.END, width_chars=16)
        name.set_max_width_chars(16)
        name.set_tooltip_text(style.label)
        names.add_widget(name)
        self.scale = Gtk.Scale.new_with_range(Gtk.Orientation.HORIZONTAL, 0, 100, 1)
        self.scale.set_value_pos(Gtk.PositionType.RIGHT)
        self.scale.connect("format-value", lambda _scale, value: "{:.0f}%".format(value))
        self.scale.set_tooltip_text(_("Share of the mix"))
        self.cross = Gtk.Button(label="×", relief=Gtk.ReliefStyle.NONE)
        provider = Gtk.CssProvider()
        provider.load_from_data(CSS)
        self.cross.get_style_context().add_provider(provider, Gtk.STYLE_PROVIDER_PRIORITY_USER + 1)
        self.cross.set_tooltip_text(_("Remove"))
        self._name = name
        self.pack_start(self.image, False, False, 0)
        self.pack_start(name, False, False, 0)
        self.pack_start(self.scale, True, True, 0)
        self.pack_end(self.cross, False, False, 0)

    def show_share(self, shown: bool) -> None:
        """Show the slider; without it the name has the room."""
        self.scale.set_visible(shown)
        self.set_child_packing(self._name, not shown, not shown, 0, Gtk.PackType.START)
