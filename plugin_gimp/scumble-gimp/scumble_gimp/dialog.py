"""The dialog: choose a style, see it on the layer, apply it. All waiting is done beside it."""

from __future__ import annotations

import traceback
from typing import Any, Callable, Dict, Optional, Tuple

import gi

gi.require_version("GimpUi", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import GimpUi, GLib, Gtk

from scumble import Bounds, Client, Pixels, ScumbleError
from scumble.editing import (
    EditorSettings,
    Gallery,
    GalleryStyle,
    JobController,
    JobEvent,
    StyleChoice,
    load_settings,
    save_settings,
    settings_file,
)
from scumble.editing.texts import fraction

from . import layers
from .config import effect_of, set_style, style_of
from .controls import NO_SECOND, Controls
from .error_bar import ErrorBar
from .gallery_view import SIDE as THUMBNAIL
from .gallery_view import GalleryView
from .i18n import _
from .learning import DialogLearning
from .painting import READ_SHARE, insert, layer_pixels, make_request, titled
from .preview_view import SIDE as PREVIEW
from .preview_view import PreviewView
from .reporting import TEXTS, note, unexpected
from .status_line import StatusLine
from .viewport import PAINTED, Viewport, within

DEBOUNCE_MS = 200
MAX_LAYERS = 40


def run_dialog(procedure, image, layer, config):
    """Show the dialog until the artist applies a style or leaves; the new layer, or None.

    Raises ScumbleError only where no dialog can be shown; other errors are shown in it.
    """
    GimpUi.init("scumble-gimp")
    dialog = ScumbleDialog(procedure, image, layer, config)
    try:
        return dialog.run()
    finally:
        dialog.close()


class ScumbleDialog:
    """One dialog for one layer."""

    def __init__(self, procedure, image, layer, config) -> None:
        self._image, self._layer, self._config = image, layer, config
        self._settings: EditorSettings = load_settings(settings_file("gimp"))
        self._gallery = Gallery(self._settings)
        self._answers: Dict[int, Callable[[JobEvent], None]] = {}
        self._debounce = 0
        self._preview = 0
        self._viewport = Viewport(PREVIEW)
        self._part: Optional[Bounds] = None
        self._asked: Optional[Pixels] = None
        self._pixels: Optional[Pixels] = None
        self._loop: Optional[GLib.MainLoop] = None
        self._outcome: Optional[JobEvent] = None
        # Called on the worker's thread; the events are read on this one.
        self._controller = JobController(wake=lambda: GLib.idle_add(self._read_events))
        self._learning = DialogLearning(self._settings.learn, self._learning_went_on, self._show_error)
        self._build(procedure)
        self._ask_daemon()
        self._part_changed()

    def run(self):
        """The new layer, or None when the artist left."""
        while self._dialog.run():
            try:
                return self._apply()
            except ScumbleError as error:
                self._busy(False)
                if error.code == "cancelled":
                    self._line.say(_("Cancelled. Nothing was changed."))
                else:
                    self._show_error(error)
        return None

    def close(self) -> None:
        """Take the dialog away and end what still runs for it."""
        if self._debounce:
            GLib.source_remove(self._debounce)
            self._debounce = 0
        self._dialog.destroy()
        self._controller.close()
        self._learning.close()

    # Building -----------------------------------------------------------------------------------

    def _build(self, procedure) -> None:
        self._dialog = GimpUi.ProcedureDialog.new(procedure, self._config, _("Scumble"))
        self._dialog.set_ok_label(_("_Paint"))
        selection = layers.target(self._image, self._layer, "selection") is not None
        self._view = GalleryView(
            self._gallery,
            on_choose=self._style_chosen,
            on_favourite=self._favourite_toggled,
            on_file=self._file_chosen,
            on_activate=lambda: self._dialog.response(Gtk.ResponseType.OK),
            on_learn=self._learn_toggled,
            on_leave=lambda: self._dialog.response(Gtk.ResponseType.CANCEL),
            progress=self._learning.progress,
            learns=self._settings.learn,
        )
        self._preview_view = PreviewView(self._panned, self._part_changed)
        self._controls = Controls(self._dialog, self._config, has_selection=selection)
        self._controls.second.connect("changed", self._second_chosen)

        right = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        right.pack_start(self._preview_view, True, True, 0)
        right.pack_start(self._controls, False, False, 0)
        self._columns = Gtk.Box(spacing=12)
        self._columns.pack_start(self._view, True, True, 0)
        self._columns.pack_start(right, False, False, 0)

        self._error = ErrorBar()
        self._line = StatusLine(self._config, self._pixels_to_paint)
        self._bar = Gtk.ProgressBar(no_show_all=True)
        content = self._dialog.get_content_area()
        content.pack_start(self._columns, True, True, 0)
        for widget in (self._error, self._line, self._bar):
            content.pack_start(widget, False, False, 0)
        content.show_all()

        for layer in layers.all_layers(self._image)[-MAX_LAYERS:]:  # the gallery shows the last one first
            choice = StyleChoice("layer", str(layer.get_id()), layer.get_name())
            self._gallery.add(choice)
            self._view.set_thumbnail(*choice.key, layer.get_thumbnail(THUMBNAIL, THUMBNAIL, 0))
        for prefix in ("", "second-"):
            style = self._style(prefix)
            if style is not None and style.kind == "file":
                self._gallery.add(style)
        self._fill_second()
        self._view.choose(self._style(""))
        self._show_title()
        self._dialog.connect("response", self._responded)
        self._dialog.connect("delete-event", lambda *_args: self._loop is not None)
        self._config.connect("notify", self._setting_changed)

    def _style(self, prefix: str) -> Optional[StyleChoice]:
        try:
            return style_of(self._config, prefix)
        except ScumbleError:
            return None  # settings of a script that named two: choose anew

    def _fill_second(self) -> None:
        combo, chosen = self._controls.second, self._style("second-")
        combo.handler_block_by_func(self._second_chosen)
        combo.remove_all()
        combo.append(NO_SECOND, _("None"))
        for style in [*self._gallery.shown(), *self._gallery.shown(group="layers")]:
            combo.append(":".join(style.choice.key), style.title)
        if chosen is None or not combo.set_active_id(":".join(chosen.key)):
            combo.set_active_id(NO_SECOND)
        combo.handler_unblock_by_func(self._second_chosen)

    # The daemon ---------------------------------------------------------------------------------

    def _ask_daemon(self) -> None:
        self._line.say(_("Connecting to the daemon, which may have to start first…"))
        self._ask(Client.styles, self._library_came)
        # To tell the models the worker has to be ready, and only then are its devices known.
        self._ask(
            lambda client: ([model["name"] for model in client.models()], client.status()), self._worker_came
        )

    def _ask(self, question: Callable[[Client], Any], on_answer: Callable[[Any], None]) -> None:
        def answered(event: JobEvent) -> None:
            if event.kind == "done":
                on_answer(event.answer)
            elif event.error is not None and event.error.code != "cancelled":
                self._line.rest()
                self._show_error(event.error)

        self._answers[self._controller.ask(question)] = answered

    def _library_came(self, styles) -> None:
        self._gallery.set_library(styles)
        self._view.refresh()
        self._fill_second()
        self._show_title()
        if self._style("") is None:
            self._line.rest()
        for fields in styles:
            name = fields.get("name", "")
            if fields.get("thumbnail"):
                self._ask(
                    lambda client, name=name: client.style_thumbnail(name),
                    lambda data, name=name: self._view.set_thumbnail_bytes(name, data),
                )

    def _worker_came(self, answer) -> None:
        engines, status = answer
        self._controls.set_engines(engines)
        self._line.know(status)
        if self._preview:
            self._say_preview()

    def _read_events(self) -> bool:
        for event in self._controller.events():
            try:
                self._read_event(event)
            except Exception:  # one bad event must not leave the dialog deaf to the next
                self._show_error(unexpected(traceback.format_exc()))
        return GLib.SOURCE_REMOVE

    def _read_event(self, event: JobEvent) -> None:
        if event.task == "question" and event.ticket in self._answers:
            self._answers.pop(event.ticket)(event)
        elif event.task == "apply":
            self._apply_went_on(event)
        elif event.ticket == self._preview:
            self._preview_went_on(event)

    def _preview_went_on(self, event: JobEvent) -> None:
        if self._part is None:
            self._line.measure(event, self._small.extent.area)
        if event.kind == "progress":
            return
        self._preview = 0
        if event.result is not None:
            self._error.hide()
            if self._asked is self._before:
                self._preview_view.set_after(event.result)
            self._line.rest()
            # Only the fitted preview is measured: one at actual size would ask for itself for ever.
            if self._part is None and self._line.measures == 1:
                self._later()  # the same once more tells how long the layer will take
        elif event.error is not None and event.error.code != "cancelled":
            self._show_error(event.error)
            self._line.rest()

    # What the artist does -----------------------------------------------------------------------

    def _style_chosen(self, style: GalleryStyle) -> None:
        set_style(self._config, "", style.choice)
        for name, value in style.settings.items():
            spec = self._config.find_property(name.replace("_", "-"))
            if spec is not None and isinstance(value, (int, float, str)):
                self._config.set_property(spec.name, value)
        self._show_title()
        self._learning.learn(style.choice, self._config, self._before)

    def _second_chosen(self, combo) -> None:
        kind, _colon, value = (combo.get_active_id() or "").partition(":")
        found = self._gallery.find(kind, value)
        set_style(self._config, "second-", found.choice if found is not None else None)
        if found is not None:
            self._learning.learn(found.choice, self._config, self._before)

    def _favourite_toggled(self, style: GalleryStyle) -> None:
        self._save(load_settings(settings_file("gimp")).toggled(style.choice))

    def _save(self, settings: EditorSettings) -> None:
        self._settings = settings
        self._gallery.remember(self._settings)
        try:
            save_settings(settings_file("gimp"), self._settings)
        except OSError as error:
            self._line.say(_("The settings could not be saved: {reason}").format(reason=error))

    def _file_chosen(self, path: str) -> None:
        choice = StyleChoice("file", path)
        self._gallery.add(choice)
        self._fill_second()
        self._view.choose(choice)
        found = self._gallery.find(*choice.key)
        if found is not None:
            self._style_chosen(found)

    def _show_title(self) -> None:
        """Name the chosen styles above the preview; without one there is nothing to paint."""
        try:
            styles = titled(effect_of(self._config), self._gallery).styles
        except ScumbleError:
            styles = ()
        names = TEXTS.style_names(styles) if styles else _("No style is chosen yet")
        self._preview_view.set_title(names)
        self._dialog.set_response_sensitive(Gtk.ResponseType.OK, bool(styles))

    def _setting_changed(self, _config, spec) -> None:
        self._show_title()
        if spec.name == "apply-to":
            self._part_changed()
        elif spec.name not in ("layer-mode", "opacity", "run-mode", "image"):
            self._later()

    def _learn_toggled(self, on: bool) -> None:
        self._learning.on = on
        self._save(load_settings(settings_file("gimp")).learning(on))
        for prefix in ("", "second-"):
            self._learning.learn(self._style(prefix), self._config, self._before)

    def _learning_went_on(self, key: Tuple[str, str], painted: bool) -> None:
        self._view.show_progress(*key)
        chosen = [self._style(prefix) for prefix in ("", "second-")]
        if painted and any(style is not None and style.key == key for style in chosen):
            self._later()

    # The preview --------------------------------------------------------------------------------

    def _part_changed(self) -> None:
        """Show the part of the layer that will be painted, or as much of it as has room."""
        area = self._area()
        part, side = self._viewport.fitted(area)
        if self._preview_view.actual_size:
            part = self._viewport.actual(area)
            side = max(part.width, part.height)
        self._preview_view.can_pan = part != area
        self._part = part if self._preview_view.actual_size and part != self._whole() else None
        self._before = layers.scaled(self._layer, part, side)
        # All of the layer as large as its strokes want it: then those are the result's, whatever its size.
        self._small = layers.scaled(self._layer, self._whole(), PAINTED)
        self._preview_view.set_before(self._before)
        self._later()

    def _whole(self) -> Bounds:
        return Bounds(0, 0, self._layer.get_width(), self._layer.get_height())

    def _area(self) -> Bounds:
        """The part of the layer that will be painted."""
        return layers.target(self._image, self._layer, self._config.get_property("apply-to")) or self._whole()

    def _panned(self, right: float, down: float) -> None:
        self._viewport.move(right, down)
        self._part_changed()

    def _later(self) -> None:
        if self._debounce:
            GLib.source_remove(self._debounce)
        self._debounce = GLib.timeout_add(DEBOUNCE_MS, self._start_preview)

    def _start_preview(self) -> bool:
        self._debounce = 0
        if self._loop is not None:
            return GLib.SOURCE_REMOVE
        try:
            effect = effect_of(self._config)
            if effect.styles:
                self._asked = self._before
                pixels, region = self._small, within(self._area(), self._whole(), self._small.extent)
                if self._part is not None:
                    # A region of the whole layer, as Paint paints it: what is seen is what will be there.
                    pixels, region = self._whole_pixels(), self._part
                request = effect.request(pixels, region, layer_pixels)
                self._preview = self._controller.preview(request)
                self._say_preview()
        except ScumbleError as error:
            self._show_error(error)
        return GLib.SOURCE_REMOVE

    def _say_preview(self) -> None:
        if self._line.worker_is_ready:  # else the line tells what it waits for
            self._line.say(_("Painting the preview…"))

    def _whole_pixels(self) -> Pixels:
        if self._pixels is None:
            whole = self._whole()
            self._pixels = layers.scaled(self._layer, whole, max(whole.extent))
        return self._pixels

    def _pixels_to_paint(self) -> int:
        return 0 if self._style("") is None else self._area().area

    # Applying -----------------------------------------------------------------------------------

    def _apply(self):
        self._busy(True)
        self._line.say(_("Reading the layer…"))
        effect = titled(effect_of(self._config), self._gallery)
        transfer, request = make_request(self._image, self._layer, self._config, effect, self._read_on)
        self._outcome = None
        self._loop = loop = GLib.MainLoop()
        ticket = self._controller.apply(request)
        self._line.say(_("Waiting for the daemon…"))
        loop.run()
        self._loop = None
        event = self._outcome
        if event is None or event.error is not None:
            self._controller.cancel(ticket)
            raise event.error if event is not None else ScumbleError("cancelled", "Cancelled.")
        return insert(self._image, self._layer, self._config, effect, transfer, request, event.result)

    def _apply_went_on(self, event: JobEvent) -> None:
        if event.progress is not None:
            self._bar.set_fraction(READ_SHARE + (1.0 - READ_SHARE) * fraction(event.progress))
            self._line.say(TEXTS.progress(event.progress))
        elif self._loop is not None:
            self._outcome = event
            self._loop.quit()

    def _responded(self, _dialog, _response) -> None:
        if self._loop is not None:  # Cancel, Escape or the window's cross, while a job runs
            self._controller.cancel()

    def _read_on(self, done: float) -> None:
        self._bar.set_fraction(READ_SHARE * done)
        while Gtk.events_pending():
            Gtk.main_iteration()

    def _busy(self, busy: bool) -> None:
        self._loop = None
        self._columns.set_sensitive(not busy)
        for response in (Gtk.ResponseType.OK, Gtk.ResponseType.APPLY):
            self._dialog.set_response_sensitive(response, not busy)
        self._bar.set_fraction(0.0)
        self._bar.set_visible(busy)
        self._error.hide()

    # What it says -------------------------------------------------------------------------------

    def _show_error(self, error: ScumbleError) -> None:
        note(error)
        self._error.say(TEXTS.error(error))
