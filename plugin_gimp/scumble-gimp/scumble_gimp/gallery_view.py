"""The gallery of styles: pictures to choose from, a search, groups, and files dropped onto it."""

from __future__ import annotations

import urllib.parse
import urllib.request
from typing import Callable, Dict, Optional, Tuple

from gi.repository import Gdk, GdkPixbuf, GLib, Gtk, Pango

from scumble.editing import Gallery, GalleryStyle, StyleChoice
from scumble.editing.gallery import ALL, FAVOURITES, LAYERS, RECENT

from .i18n import _
from .pictures import centred, thumbnail_of_bytes, thumbnail_of_file, with_bar

SIDE = 88
COLUMNS = 4
PICTURE, TITLE, TOOLTIP, KIND, VALUE = range(5)


class GalleryView(Gtk.Box):
    """Shows a Gallery. `on_choose(style)` is called when the artist chooses one, `on_activate` after a
    double click or Return on it, `on_favourite(style)` when the star is pressed, and `on_file(path)` for
    a file that was opened or dropped; `on_learn(on)` when the learning of such pictures is turned on or off;
    `on_leave` when Escape is pressed in an empty search. `progress(key)` says how far the learning of a
    style is, 0 to 1, or None."""

    def __init__(
        self,
        gallery: Gallery,
        *,
        on_choose: Callable[[GalleryStyle], None],
        on_favourite: Callable[[GalleryStyle], None],
        on_file: Callable[[str], None],
        on_activate: Callable[[], None],
        on_learn: Callable[[bool], None],
        on_leave: Callable[[], None],
        progress: Callable[[Tuple[str, str]], Optional[float]],
        learns: bool,
    ) -> None:
        super().__init__(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        self._gallery = gallery
        self._on_choose, self._on_favourite, self._on_file = on_choose, on_favourite, on_file
        self._on_leave, self._progress = on_leave, progress
        self._thumbnails: Dict[Tuple[str, str], GdkPixbuf.Pixbuf] = {}
        self._filling = False
        self._chosen: Optional[StyleChoice] = None

        self._search = Gtk.SearchEntry(
            placeholder_text=_("Search styles"), hexpand=True, activates_default=True
        )
        self._search.connect("search-changed", lambda *_args: self.refresh())
        self._search.connect("stop-search", self._search_stopped)
        self._group = Gtk.ComboBoxText()
        for group, title in (
            (ALL, _("All")),
            (FAVOURITES, _("Favourites")),
            (RECENT, _("Recent")),
            (LAYERS, _("Layers of this image")),
        ):
            self._group.append(group, title)
        self._group.set_active_id(ALL)
        self._group.connect("changed", lambda *_args: self.refresh())
        top = Gtk.Box(spacing=6)
        top.pack_start(self._search, True, True, 0)
        top.pack_start(self._group, False, False, 0)

        self._rows = Gtk.ListStore(GdkPixbuf.Pixbuf, str, str, str, str)
        self._icons = Gtk.IconView(model=self._rows)
        picture = Gtk.CellRendererPixbuf()
        title = Gtk.CellRendererText(
            scale=0.85,
            wrap_mode=Pango.WrapMode.WORD_CHAR,
            wrap_width=SIDE,
            width=SIDE,
            alignment=Pango.Alignment.CENTER,
            xalign=0.5,
            yalign=0.0,
        )
        self._icons.pack_start(picture, False)
        self._icons.add_attribute(picture, "pixbuf", PICTURE)
        self._icons.pack_start(title, False)
        self._icons.add_attribute(title, "text", TITLE)
        self._icons.set_tooltip_column(TOOLTIP)
        self._icons.set_item_width(SIDE)
        self._icons.set_item_padding(4)
        self._icons.set_spacing(2)
        self._icons.set_row_spacing(0)
        self._icons.set_column_spacing(0)
        self._icons.set_margin(2)
        self._icons.connect("selection-changed", self._selection_changed)
        self._icons.connect("item-activated", lambda *_args: on_activate())
        scrolled = Gtk.ScrolledWindow(shadow_type=Gtk.ShadowType.IN)
        scrolled.set_policy(Gtk.PolicyType.NEVER, Gtk.PolicyType.AUTOMATIC)
        scrolled.set_size_request(COLUMNS * (SIDE + 8) + 24, 360)
        scrolled.add(self._icons)
        self._take_drops(scrolled)

        from_file = Gtk.Button(label=_("_From a file…"), use_underline=True)
        from_file.set_tooltip_text(_("Take the style of any picture; dropping it here does the same"))
        from_file.connect("clicked", self._choose_file)
        self._star = Gtk.ToggleButton(label=_("★ Fa_vourite"), use_underline=True, sensitive=False)
        self._star.connect("toggled", self._star_toggled)
        learn = Gtk.CheckButton(label=_("Learn stro_kes"), use_underline=True, active=learns)
        learn.set_tooltip_text(
            _("Learn the strokes of a picture or layer that you choose as a style, while you work on")
        )
        learn.connect("toggled", lambda button: on_learn(button.get_active()))
        bottom = Gtk.Box(spacing=6)
        bottom.pack_start(from_file, False, False, 0)
        bottom.pack_start(learn, False, False, 0)
        bottom.pack_end(self._star, False, False, 0)

        self.pack_start(top, False, False, 0)
        self.pack_start(scrolled, True, True, 0)
        self.pack_start(bottom, False, False, 0)
        self.refresh()

    def choose(self, style: Optional[StyleChoice]) -> None:
        """Mark a style as the chosen one, without a call to `on_choose`."""
        self._chosen = style
        self.refresh()

    def set_thumbnail(self, kind: str, value: str, picture: Optional[GdkPixbuf.Pixbuf]) -> None:
        """The picture of a style; until then an empty square stands there."""
        self._thumbnails[(kind, value)] = centred(picture, SIDE)
        self.show_progress(kind, value)

    def show_progress(self, kind: str, value: str) -> None:
        """Show the picture of a style again: the learning of it has gone on, or is over."""
        for row in self._rows:
            if (row[KIND], row[VALUE]) == (kind, value):
                row[PICTURE] = self._with_progress((kind, value))

    def set_thumbnail_bytes(self, name: str, data: bytes) -> None:
        """The picture of a style of the library, as an image file's bytes; may be empty."""
        self.set_thumbnail("library", name, thumbnail_of_bytes(data, SIDE) if data else None)

    def refresh(self) -> None:
        """Show what the gallery now holds."""
        self._filling = True
        self._rows.clear()
        for style in self._gallery.shown(self._search.get_text(), self._group.get_active_id()):
            choice = style.choice
            title = ("★ " if style.favourite else "") + _short(style.title)
            tooltip = GLib.markup_escape_text("\n".join(filter(None, (style.title, style.family))))
            row = self._rows.append([self._picture(choice), title, tooltip, choice.kind, choice.value])
            if self._chosen is not None and choice.key == self._chosen.key:
                path = self._rows.get_path(row)
                self._icons.select_path(path)
                self._icons.scroll_to_path(path, False, 0.0, 0.0)
        self._filling = False
        self._show_star()

    def _picture(self, choice: StyleChoice) -> GdkPixbuf.Pixbuf:
        if choice.key not in self._thumbnails:
            picture = thumbnail_of_file(choice.value, SIDE) if choice.kind == "file" else None
            self._thumbnails[choice.key] = centred(picture, SIDE)
        return self._with_progress(choice.key)

    def _with_progress(self, key: Tuple[str, str]) -> GdkPixbuf.Pixbuf:
        done = self._progress(key)
        return self._thumbnails[key] if done is None else with_bar(self._thumbnails[key], done)

    def _search_stopped(self, search) -> None:
        if search.get_text():
            search.set_text("")
        else:
            self._on_leave()

    def _selection_changed(self, icons) -> None:
        paths = icons.get_selected_items()
        if self._filling or not paths:
            return
        row = self._rows[paths[0]]
        style = self._gallery.find(row[KIND], row[VALUE])
        if style is not None:
            self._chosen = style.choice
            self._show_star()
            self._on_choose(style)

    def _show_star(self) -> None:
        style = self._gallery.find(*self._chosen.key) if self._chosen is not None else None
        self._filling = True
        self._star.set_sensitive(style is not None and style.choice.kind != "layer")
        self._star.set_active(style is not None and style.favourite)
        self._filling = False

    def _star_toggled(self, _button) -> None:
        style = self._gallery.find(*self._chosen.key) if self._chosen is not None else None
        if not self._filling and style is not None:
            self._on_favourite(style)
            self.refresh()

    def _choose_file(self, _button) -> None:
        chooser = Gtk.FileChooserNative.new(
            _("Choose a picture as the style"), self.get_toplevel(), Gtk.FileChooserAction.OPEN, None, None
        )
        pictures = Gtk.FileFilter()
        pictures.set_name(_("Pictures"))
        pictures.add_pixbuf_formats()
        chooser.add_filter(pictures)
        if chooser.run() == Gtk.ResponseType.ACCEPT:
            self._on_file(chooser.get_filename())
        chooser.destroy()

    def _take_drops(self, widget) -> None:
        widget.drag_dest_set(Gtk.DestDefaults.ALL, [], Gdk.DragAction.COPY)
        widget.drag_dest_add_uri_targets()
        widget.connect("drag-data-received", self._dropped)

    def _dropped(self, _widget, _context, _x, _y, selection, _info, _time) -> None:
        for uri in selection.get_uris() or []:
            parts = urllib.parse.urlsplit(uri)
            if parts.scheme == "file":
                self._on_file(urllib.request.url2pathname(parts.path))
                return


def _short(title: str) -> str:
    return title if len(title) <= 22 else title[:21].rstrip() + "…"
