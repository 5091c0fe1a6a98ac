"""The settings beside the gallery: what is used each time in sight, the rest under "More"."""

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

        self._pack(self, dialog, "weight")
        mixed = Gtk.Box(spacing=6)
        label = Gtk.Label(label=_("Second st_yle"), use_underline=True, xalign=0.0)
        label.set_mnemonic_widget(self.second)
        mixed.pack_start(label, False, False, 0)
        mixed.pack_start(self.second, True, True, 0)
        self.pack_start(mixed, False, False, 0)
        self._mix = self._pack(self, dialog, "mix")
        self.second.connect("changed", lambda *_args: self._show_mix())
        self._pack(self, dialog, "preserve-color")
        if has_selection:
            self._pack(self, dialog, "apply-to")

        more = Gtk.Expander(label=_("More"))
        inside = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6, margin_start=12, margin_top=6)
        for name in ("stroke-size", "detail", "contrast", "tiling", "device", "layer-mode", "opacity"):
            self._pack(inside, dialog, name)
        engine = Gtk.Box(spacing=6)
        engine.pack_start(Gtk.Label(label=_("Engine"), xalign=0.0), False, False, 0)
        engine.pack_start(self.engine, True, True, 0)
        inside.pack_start(engine, False, False, 0)
        more.add(inside)
        self.pack_start(more, False, False, 0)
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
