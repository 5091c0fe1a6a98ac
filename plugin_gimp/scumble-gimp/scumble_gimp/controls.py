"""The settings beside the gallery: what is used each time on one page, the rest on another."""

from __future__ import annotations

from gi.repository import GObject, Gtk

from .i18n import _

NO_SECOND = ""
SCALES = {"weight": 100.0, "mix": 100.0, "stroke-size": 1.0, "contrast": 1.0, "detail": 100.0, "opacity": 1.0}


class Controls(Gtk.Box):
    """Widgets for the properties of `config`, made by `dialog` (a GimpUi.ProcedureDialog)."""

    def __init__(self, dialog, config, *, has_selection: bool) -> None:
        super().__init__(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        self._config = config
        self.second = Gtk.ComboBoxText()
        """The second style: ids are ``kind:value``, `NO_SECOND` for none."""
        self.engine = Gtk.ComboBoxText()
        self.engine.append(config.get_property("engine"), config.get_property("engine"))
        self.engine.set_active(0)
        self.engine.connect("changed", self._engine_changed)

        basics = _page()
        self._pack(basics, dialog, "weight")
        basics.pack_start(_labelled(_("Second style"), self.second), False, False, 0)
        self._mix = self._pack(basics, dialog, "mix")
        self.second.connect("changed", lambda *_args: self._show_mix())
        self._pack(basics, dialog, "preserve-color")
        if has_selection:
            self._pack(basics, dialog, "apply-to")

        more = _page()
        for name in ("stroke-size", "detail", "contrast", "layer-mode", "opacity"):
            self._pack(more, dialog, name)
        more.pack_start(_labelled(_("Engine"), self.engine), False, False, 0)
        for name in ("tiling", "device"):
            self._pack(more, dialog, name)
        scrolled = Gtk.ScrolledWindow(hscrollbar_policy=Gtk.PolicyType.NEVER)
        scrolled.add(more)

        pages = Gtk.Notebook()
        pages.append_page(basics, Gtk.Label(label=_("Style")))
        pages.append_page(scrolled, Gtk.Label(label=_("More")))
        self.pack_start(pages, False, False, 0)
        self._show_mix()

    def set_engines(self, names) -> None:
        """The engines to choose from; the one that is set stays, even if it is none of them."""
        chosen = self._config.get_property("engine")
        self.engine.remove_all()
        for name in dict.fromkeys([*names, chosen]):
            self.engine.append(name, name)
        self.engine.set_active_id(chosen)

    def _engine_changed(self, combo) -> None:
        if combo.get_active_id() and combo.get_active_id() != self._config.get_property("engine"):
            self._config.set_property("engine", combo.get_active_id())

    def _show_mix(self) -> None:
        self._mix.set_sensitive(bool(self.second.get_active_id()))

    @staticmethod
    def _pack(box, dialog, name):
        if name in SCALES:
            widget = dialog.get_scale_entry(name, SCALES[name])
        else:
            widget = dialog.get_widget(name, GObject.TYPE_NONE)
        box.pack_start(widget, False, False, 0)
        return widget


def _page() -> Gtk.Box:
    return Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6, border_width=8)


def _labelled(text: str, widget) -> Gtk.Box:
    row = Gtk.Box(spacing=12)
    row.pack_start(Gtk.Label(label=text, xalign=0.0), False, False, 0)
    row.pack_start(widget, True, True, 0)
    return row
