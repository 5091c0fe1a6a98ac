"""The settings below the preview: a few on each page, so that every page shows all that it holds."""

from __future__ import annotations

from typing import NamedTuple

from gi.repository import GObject, Gtk, Pango

from .i18n import _
from .reporting import TEXTS

ROW_SPACE = 6


class Scale(NamedTuple):
    """How a number is shown: what it is multiplied with, its decimals, and what a click on + adds."""

    factor: float
    digits: int
    step: float
    page: float


PERCENT = Scale(100.0, 0, 1.0, 10.0)
FACTOR = Scale(1.0, 2, 0.05, 0.25)
SCALES = {
    "weight": PERCENT,
    "detail": PERCENT,
    "protect-skin": PERCENT,
    "protect-edges": PERCENT,
    "opacity": PERCENT._replace(factor=1.0),
    "stroke-size": FACTOR,
    "contrast": FACTOR,
}


class Controls(Gtk.Box):
    """Widgets for the properties of `config`, made by `dialog` (a GimpUi.ProcedureDialog).

    Beside them `mix`, `places` and `protected`, which are widgets too.
    """

    def __init__(self, dialog, config, mix, places, protected, *, has_selection: bool) -> None:
        super().__init__(orientation=Gtk.Orientation.VERTICAL)
        self._dialog, self._config = dialog, config
        self._engines = {}
        self._labels = Gtk.SizeGroup(mode=Gtk.SizeGroupMode.HORIZONTAL)
        self.engine = Gtk.ComboBoxText()
        self.engine.append(config.get_property("engine"), TEXTS.engine(config.get_property("engine")))
        self.engine.set_active(0)
        self.engine.connect("changed", self._engine_changed)
        cell = self.engine.get_cells()[0]  # a long name must not widen the dialog
        cell.set_property("ellipsize", Pango.EllipsizeMode.END)
        cell.set_property("max-width-chars", 20)

        pages = Gtk.Notebook(scrollable=True)
        self._add_page(pages, _("Style"), self._row("weight"), self._row("preserve-color"), mix)
        self._add_page(pages, _("Places"), places)
        self._strokes = self._row("stroke-size")
        self._add_page(pages, _("Brush"), self._strokes, self._row("detail"), self._row("contrast"))
        kept = (self._row("protect-skin"), self._row("protect-edges"), self._labelled(_("Mask"), protected))
        hint = Gtk.Label(xalign=0.0, wrap=True, sensitive=False, max_width_chars=40)
        hint.set_text(_("Skin is found by its colour: wood and sand may pass for it."))
        self._add_page(pages, _("Protect"), *kept, hint)
        if has_selection:
            apply_to = self._row("apply-to")
        else:  # there is nothing to choose
            apply_to = self._labelled(_("Apply to"), Gtk.Label(label=_("Whole layer"), xalign=0.0))
        self._add_page(pages, _("Layer"), apply_to, self._row("layer-mode"), self._row("opacity"))
        engine = self._labelled(_("Engine"), self.engine)
        self._add_page(pages, _("Computing"), engine, self._row("tiling"), self._row("device"))
        self.pack_start(pages, True, True, 0)

    def set_engines(self, engines) -> None:
        """The engines to choose from, each an EngineChoice by its name; the one set stays in any case."""
        chosen, self._engines = self._config.get_property("engine"), engines
        self.engine.remove_all()
        for name in {chosen: None, **engines}:
            self.engine.append(name, TEXTS.engine(engines[name].title) if name in engines else name)
        self.engine.set_active_id(chosen)
        self._fit_engine()

    def show_engine(self) -> None:
        """Follow the engine that is set: a photo look brings its own."""
        name = self._config.get_property("engine")
        if self.engine.get_active_id() != name:
            if not self.engine.set_active_id(name):
                self.engine.append(name, name)
                self.engine.set_active_id(name)
            self._fit_engine()

    def _fit_engine(self) -> None:
        """Grey out what means nothing to the engine that is set, and say why."""
        engine = self._engines.get(self._config.get_property("engine"))
        has_strokes = engine is None or engine.has_strokes
        self._strokes.set_sensitive(has_strokes)
        self._strokes.set_tooltip_text(None if has_strokes else _("This engine paints no strokes"))

    def _engine_changed(self, combo) -> None:
        if combo.get_active_id() and combo.get_active_id() != self._config.get_property("engine"):
            self._config.set_property("engine", combo.get_active_id())
            self._fit_engine()

    def _row(self, name: str):
        if name not in SCALES:
            return self._aligned(self._dialog.get_widget(name, GObject.TYPE_NONE))
        scale = SCALES[name]
        widget = self._dialog.get_scale_entry(name, scale.factor)
        widget.set_digits(scale.digits)
        widget.set_increments(scale.step, scale.page)
        widget.get_spin_button().set_width_chars(5)
        return self._aligned(widget)

    def _aligned(self, labeled):
        self._labels.add_widget(labeled.get_label())
        return labeled

    def _labelled(self, text: str, widget) -> Gtk.Box:
        label = Gtk.Label(label=text, xalign=0.0)
        self._labels.add_widget(label)
        row = Gtk.Box(spacing=ROW_SPACE)
        row.pack_start(label, False, False, 0)
        row.pack_start(widget, True, True, 0)
        return row

    @staticmethod
    def _add_page(pages, title: str, *rows) -> None:
        page = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=ROW_SPACE, border_width=8)
        for row in rows:
            page.pack_start(row, False, False, 0)
        # On a low screen the page scrolls, and the buttons below stay in reach.
        scrolled = Gtk.ScrolledWindow(hscrollbar_policy=Gtk.PolicyType.NEVER, propagate_natural_height=True)
        scrolled.add(page)
        pages.append_page(scrolled, Gtk.Label(label=title, margin_start=6, margin_end=6))
