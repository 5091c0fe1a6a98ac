"""The gallery of styles: pictures to choose from, a search, groups, and files dropped onto it."""

from __future__ import annotations

import urllib.parse
import urllib.request
from typing import Callable, List, NamedTuple, Optional, Sequence, Tuple

from gi.repository import Gdk, GdkPixbuf, GLib, Gtk, Pango

from scumble.editing import Gallery, GalleryStyle, Glimpses, StyleChoice
from scumble.editing.gallery import ALL, FAVOURITES, LAYERS, RECENT

from .file_chooser import choose_picture
from .i18n import _
from .pictures import thumbnail_of_bytes
from .reporting import TEXTS
from .room import screen_height
from .tiles import ACCENT, Key, Tiles, short

SIDE = 88
TILE = "scumble-tile"
#: What the dialog has above and below the gallery.
BELOW = 310
COLUMNS = 4
PICTURE, TITLE, TOOLTIP, KIND, VALUE, BACKGROUND, COLOUR = range(7)
LOOK_MS = 120
"""How long a tile is under the mouse, or the gallery stands still, before the layer is painted for it."""
# Tiles carry their marks themselves: a theme's own are too faint on some, and glaring on others.
CSS = b"""
.scumble-gallery:hover, .scumble-gallery:selected, .scumble-gallery:selected:focus {
  background-color: transparent; background-image: none; box-shadow: none; color: inherit;
}
"""


class Told(NamedTuple):
    """Whom the gallery tells what the artist does.

    Attributes:
        chosen: a style, and whether it joins the mix: a click with Control.
        activated: a double click or Return on a style.
        favourite: the star was pressed for a style.
        file: the path of a file that was opened or dropped.
        learn: whether such pictures are to be learned.
        on_layer: whether the artist's layer is to be shown in each style.
        left: Escape was pressed in an empty search.
    """

    chosen: Callable[[GalleryStyle, bool], None]
    activated: Callable[[], None]
    favourite: Callable[[GalleryStyle], None]
    file: Callable[[str], None]
    learn: Callable[[bool], None]
    on_layer: Callable[[bool], None]
    left: Callable[[], None]


def _height() -> int:
    """Of the gallery at least: on a low screen the buttons stay in sight."""
    return max(160, min(360, screen_height() - BELOW))


class GalleryView(Gtk.Box):
    """Shows a Gallery. `progress(key)` says how far the learning of a style is, 0 to 1, or None."""

    def __init__(
        self,
        gallery: Gallery,
        glimpses: Glimpses,
        told: Told,
        progress: Callable[[Tuple[str, str]], Optional[float]],
        *,
        learns: bool,
        on_layer: bool,
    ) -> None:
        super().__init__(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        self._gallery, self._glimpses, self._told = gallery, glimpses, told
        self._tiles = Tiles(SIDE, self.get_scale_factor(), progress)
        self._tiles.on_layer = on_layer
        self._filling = False
        self._chosen: Sequence[StyleChoice] = ()
        self._look = 0
        self._rows = Gtk.ListStore(GdkPixbuf.Pixbuf, str, str, str, str, str, str)
        self._icons = self._make_icons()

        self._search = Gtk.SearchEntry(
            placeholder_text=_("Search styles"), hexpand=True, activates_default=True
        )
        self._search.connect("search-changed", lambda *_args: self.refresh())
        self._search.connect("stop-search", self._search_stopped)
        self._group = Gtk.ComboBoxText()
        self._group.connect("changed", lambda *_args: self.refresh())
        top = Gtk.Box(spacing=6)
        top.pack_start(self._search, True, True, 0)
        top.pack_start(self._group, False, False, 0)

        scrolled = Gtk.ScrolledWindow(shadow_type=Gtk.ShadowType.IN)
        scrolled.set_policy(Gtk.PolicyType.NEVER, Gtk.PolicyType.AUTOMATIC)
        scrolled.set_size_request(COLUMNS * (SIDE + 8) + 24, _height())
        scrolled.add(self._icons)
        scrolled.get_vadjustment().connect("value-changed", lambda *_args: self._look_later())
        self._take_drops(scrolled)
        self._empty = Gtk.Label(wrap=True, justify=Gtk.Justification.CENTER, no_show_all=True, margin=24)
        self._empty.set_max_width_chars(30)
        over = Gtk.Overlay()
        over.add(scrolled)
        over.add_overlay(self._empty)
        over.set_overlay_pass_through(self._empty, True)

        self.pack_start(top, False, False, 0)
        self.pack_start(over, True, True, 0)
        for row in self._make_buttons(learns, on_layer):
            self.pack_start(row, False, False, 0)
        self._show_groups()
        self.connect("destroy", lambda *_args: self._stop_looking())

    # For the dialog -----------------------------------------------------------------------------

    def mark(self, styles: Sequence[StyleChoice]) -> None:
        """Mark the styles of the mix; nothing moves."""
        self._chosen = styles
        self._tiles.chosen = {style.key for style in styles}
        for row in self._rows:
            self._show_row(row)
        self._show_star()

    def add_button(self, button: Gtk.Widget) -> None:
        """Put a button between those below the gallery."""
        self._buttons.pack_start(button, False, False, 0)

    def scroll_to(self, style: StyleChoice) -> None:
        """Bring a style into view, if it is shown."""
        path = self._path_of(style.key)
        if path is not None:
            self._icons.scroll_to_path(path, True, 0.5, 0.0)

    def set_thumbnail(self, kind: str, value: str, picture: Optional[GdkPixbuf.Pixbuf]) -> None:
        """The picture of a style; until then an empty square stands there."""
        self._tiles.put((kind, value), picture)
        self.show_again((kind, value))

    def set_thumbnail_bytes(self, name: str, data: bytes) -> None:
        """The picture of a style of the library, as an image file's bytes; may be empty."""
        self.set_thumbnail("library", name, thumbnail_of_bytes(data, 2 * SIDE) if data else None)

    def picture(self, choice: StyleChoice) -> Optional[GdkPixbuf.Pixbuf]:
        """What a style looks like, without any mark."""
        return self._tiles.painting(choice)

    def show_glimpse(self, choice: StyleChoice) -> None:
        """The layer in that style has come."""
        pixels = self._glimpses.of(choice)
        if pixels is not None:
            self._tiles.put_layer(choice.key, pixels)
            self.show_again(choice.key)

    def forget_glimpse(self, key: Key) -> None:
        """A style looks different since it was learned."""
        self._glimpses.forget(key)
        self._tiles.forget_layer(key)
        self._look_later()

    def show_again(self, key: Key) -> None:
        """Show a style again: its learning has gone on, or is over."""
        for row in self._rows:
            if (row[KIND], row[VALUE]) == key:
                self._show_row(row)

    def look(self) -> None:
        """Have the layer painted in the styles that are in sight, as far as that is wanted."""
        self._look_later()

    def refresh(self) -> None:
        """Show what the gallery now holds."""
        if self._filling:
            return
        styles = self._gallery.shown(self._search.get_text(), self._group.get_active_id() or ALL)
        self._filling = True
        self._rows.clear()
        for style in styles:
            choice = style.choice
            title = ("★ " if style.favourite else "") + short(style.title)
            mark = TEXTS.mark(style.mark)
            tooltip = "\n".join(filter(None, (style.title, style.family, mark)))
            row = [None, title, GLib.markup_escape_text(tooltip), choice.kind, choice.value, None, None]
            self._show_row(self._rows[self._rows.append(row)])
        self._filling = False
        self._empty.set_text(self._why_empty())
        self._empty.set_visible(not styles)
        self._show_star()
        self._look_later()

    def library_came(self) -> None:
        """The gallery has other styles now, and may have other groups."""
        self._show_groups()

    # Building -----------------------------------------------------------------------------------

    def _make_icons(self) -> Gtk.IconView:
        spacing = {"item_padding": 4, "spacing": 2, "row_spacing": 0, "column_spacing": 0, "margin": 2}
        icons = Gtk.IconView(model=self._rows, item_width=SIDE, tooltip_column=TOOLTIP, **spacing)
        # As a pixbuf its pixels would be so many of a dense screen's; an icon has each of its own.
        sizes = Gtk.icon_size_from_name(TILE) or Gtk.icon_size_register(TILE, SIDE, SIDE)
        picture = Gtk.CellRendererPixbuf(stock_size=sizes)
        title = Gtk.CellRendererText(
            scale=0.85,
            wrap_mode=Pango.WrapMode.WORD_CHAR,
            wrap_width=SIDE,
            width=SIDE,
            alignment=Pango.Alignment.CENTER,
            xalign=0.5,
            yalign=0.0,
        )
        icons.pack_start(picture, False)
        icons.add_attribute(picture, "gicon", PICTURE)
        icons.pack_start(title, False)
        for name, column in (("text", TITLE), ("cell-background", BACKGROUND), ("foreground", COLOUR)):
            icons.add_attribute(title, name, column)
        style, provider = icons.get_style_context(), Gtk.CssProvider()
        provider.load_from_data(CSS)
        style.add_class("scumble-gallery")
        style.add_provider(provider, Gtk.STYLE_PROVIDER_PRIORITY_USER + 1)
        icons.add_events(Gdk.EventMask.POINTER_MOTION_MASK | Gdk.EventMask.LEAVE_NOTIFY_MASK)
        icons.connect("motion-notify-event", lambda _icons, event: self._hover(event.x, event.y))
        icons.connect("leave-notify-event", lambda *_args: self._hover(-1, -1))
        icons.connect("button-press-event", self._pressed)
        icons.connect("selection-changed", self._selection_changed)
        icons.connect("item-activated", lambda *_args: self._told.activated())
        return icons

    def _make_buttons(self, learns: bool, on_layer: bool) -> List[Gtk.Box]:
        from_file = Gtk.Button(label=_("_From a file…"), use_underline=True)
        from_file.set_tooltip_text(_("Take the style of any picture; dropping it here does the same"))
        from_file.connect("clicked", self._choose_file)
        self._star = Gtk.ToggleButton(label=_("★ Fa_vourite"), use_underline=True, sensitive=False)
        self._star.connect("toggled", self._star_toggled)
        shown = Gtk.CheckButton(label=_("My la_yer in each style"), use_underline=True, active=on_layer)
        shown.set_tooltip_text(
            _("Show your layer in each style in place of the paintings; otherwise where the mouse rests")
        )
        shown.connect("toggled", self._on_layer_toggled)
        learn = Gtk.CheckButton(label=_("Learn stro_kes"), use_underline=True, active=learns)
        learn.set_tooltip_text(
            _("Learn the strokes of a picture or layer that you choose as a style, while you work on")
        )
        learn.connect("toggled", lambda button: self._told.learn(button.get_active()))
        rows = [Gtk.Box(spacing=6), Gtk.Box(spacing=6)]
        self._buttons = rows[0]
        rows[0].pack_start(from_file, False, False, 0)
        rows[0].pack_end(self._star, False, False, 0)
        rows[1].pack_start(shown, False, False, 0)
        rows[1].pack_end(learn, False, False, 0)
        return rows

    def _show_groups(self) -> None:
        chosen = self._group.get_active_id() or ALL
        self._filling = True
        self._group.remove_all()
        groups = [(ALL, _("All")), (FAVOURITES, _("Favourites")), (RECENT, _("Recent"))]
        groups += [(LAYERS, _("Layers of this image"))]
        for group, title in [*groups, *((mark, TEXTS.mark(mark)) for mark in self._gallery.marks())]:
            self._group.append(group, title)
        if not self._group.set_active_id(chosen):
            self._group.set_active_id(ALL)
        self._filling = False
        self.refresh()

    def _why_empty(self) -> str:
        if self._search.get_text():
            return _("No style is like that.")
        if self._group.get_active_id() == FAVOURITES:
            return _("No favourite yet: choose a style and press the star.")
        return _("No style is here yet.")

    # The rows -----------------------------------------------------------------------------------

    def _show_row(self, row) -> None:
        choice = StyleChoice(row[KIND], row[VALUE])
        chosen = choice.key in self._tiles.chosen
        row[PICTURE] = self._tiles.of(choice)
        row[BACKGROUND], row[COLOUR] = (ACCENT, "#ffffff") if chosen else (None, None)

    def _style_at(self, path) -> Optional[GalleryStyle]:
        row = self._rows[path]
        return self._gallery.find(row[KIND], row[VALUE])

    def _hover(self, x: float, y: float) -> bool:
        path = self._icons.get_path_at_pos(int(x), int(y)) if x >= 0 else None
        now = (self._rows[path][KIND], self._rows[path][VALUE]) if path is not None else None
        before, self._tiles.hovered = self._tiles.hovered, now
        if now != before:
            for key in filter(None, (before, now)):
                self.show_again(key)
            self._look_later()
        return False

    def _look_later(self) -> None:
        self._stop_looking()
        self._look = GLib.timeout_add(LOOK_MS, self._look_now)

    def _stop_looking(self) -> None:
        if self._look:
            GLib.source_remove(self._look)
            self._look = 0

    def _look_now(self) -> bool:
        self._look = 0
        wanted = [StyleChoice(*self._tiles.hovered)] if self._tiles.hovered is not None else []
        in_sight = self._icons.get_visible_range() if self._tiles.on_layer else None
        if in_sight:
            first, last = (path.get_indices()[0] for path in in_sight)
            rows = [self._rows[number] for number in range(first, last + 1)]
            wanted += [StyleChoice(row[KIND], row[VALUE]) for row in rows]
        self._glimpses.want(wanted)
        return GLib.SOURCE_REMOVE

    # What the artist does -----------------------------------------------------------------------

    def _pressed(self, _icons, event) -> bool:
        """Clicks are ours: GTK finds no tile while they are laid out anew, as when a picture has come."""
        if event.button != 1:
            return False
        click = event.type, int(event.x), int(event.y), bool(event.state & Gdk.ModifierType.CONTROL_MASK)
        if not self._click(*click):
            GLib.idle_add(lambda: self._click(*click) and False)  # once they have their places again
        return True

    def _click(self, kind: Gdk.EventType, x: int, y: int, control: bool) -> bool:
        path = self._icons.get_path_at_pos(x, y) or self._path_of(self._tiles.hovered)
        style = self._style_at(path) if path is not None else None
        if style is not None and kind == Gdk.EventType.BUTTON_PRESS:
            filling, self._filling = self._filling, True
            self._icons.grab_focus()
            self._icons.set_cursor(path, None, False)
            self._filling = filling
            self._told.chosen(style, control)
        elif style is not None and kind == Gdk.EventType.DOUBLE_BUTTON_PRESS:
            self._told.activated()
        return style is not None

    def _path_of(self, key: Optional[Key]):
        return next((row.path for row in self._rows if (row[KIND], row[VALUE]) == key), None)

    def _selection_changed(self, icons) -> None:
        paths = icons.get_selected_items()
        style = self._style_at(paths[0]) if paths and not self._filling else None
        if style is not None:
            self._filling = True
            icons.unselect_all()  # what is selected GTK paints without the mark
            self._filling = False
            self._told.chosen(style, False)

    def _search_stopped(self, search) -> None:
        if search.get_text():
            search.set_text("")
        else:
            self._told.left()

    def _starred(self) -> Optional[GalleryStyle]:
        return self._gallery.find(*self._chosen[-1].key) if self._chosen else None

    def _show_star(self) -> None:
        style = self._starred()
        filling, self._filling = self._filling, True
        self._star.set_sensitive(style is not None and style.choice.kind != "layer")
        self._star.set_active(style is not None and style.favourite)
        self._filling = filling

    def _star_toggled(self, _button) -> None:
        style = self._starred()
        if not self._filling and style is not None:
            self._told.favourite(style)
            self.refresh()

    def _on_layer_toggled(self, button) -> None:
        self._tiles.on_layer = button.get_active()
        for row in self._rows:
            self._show_row(row)
        self._look_later()
        self._told.on_layer(button.get_active())

    def _choose_file(self, _button) -> None:
        path = choose_picture(self.get_toplevel())
        if path:
            self._told.file(path)

    def _take_drops(self, widget) -> None:
        widget.drag_dest_set(Gtk.DestDefaults.ALL, [], Gdk.DragAction.COPY)
        widget.drag_dest_add_uri_targets()
        widget.connect("drag-data-received", self._dropped)

    def _dropped(self, _widget, _context, _x, _y, selection, _info, _time) -> None:
        for uri in selection.get_uris() or []:
            parts = urllib.parse.urlsplit(uri)
            if parts.scheme == "file":
                self._told.file(urllib.request.url2pathname(parts.path))
                return
