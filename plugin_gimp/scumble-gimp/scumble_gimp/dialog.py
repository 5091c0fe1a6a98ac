"""The dialog: choose a style, see it on the layer, apply it. All waiting is done beside it."""

from __future__ import annotations

import traceback
from typing import Any, Callable, Dict, Optional, Tuple

import gi

gi.require_version("GimpUi", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import GimpUi, GLib, Gtk

from scumble import Bounds, Client, ScumbleError
from scumble.editing import (
    EditorSettings,
    Effect,
    Gallery,
    GalleryStyle,
    Glimpses,
    JobController,
    JobEvent,
    StyleChoice,
    load_settings,
    save_settings,
    settings_file,
)
from scumble.editing.engines import engine_choices
from scumble.editing.glimpses import SIDE as GLIMPSE
from scumble.editing.texts import fraction

from . import layers, places
from .chosen_styles import ChosenStyles
from .config import effect_of, forget_other_masks, set_effect
from .controls import Controls
from .error_bar import ErrorBar
from .gallery_view import SIDE as THUMBNAIL
from .gallery_view import GalleryView, Told
from .i18n import LANGUAGE, _
from .learning import DialogLearning
from .painting import READ_SHARE, Edited, insert, layer_pixels, make_request, titled
from .presets_button import PresetsButton
from .previewing import Previewing
from .protected_place import ProtectedPlace
from .reporting import TEXTS, note, unexpected
from .room import put_buttons_in_one_row

MAX_LAYERS = 40


def run_dialog(procedure, image, layer, config, edited: Optional[Edited] = None):
    """Show the dialog until the artist applies a style or leaves; the new layer, or None.

    The new layer takes the place of one that is `edited`.

    Raises ScumbleError only where no dialog can be shown; other errors are shown in it.
    """
    GimpUi.init("scumble-gimp")
    dialog = ScumbleDialog(procedure, image, layer, config, edited)
    try:
        return dialog.run()
    finally:
        dialog.close()


class ScumbleDialog:
    """One dialog for one layer."""

    def __init__(self, procedure, image, layer, config, edited: Optional[Edited]) -> None:
        self._image, self._layer, self._config, self._edited = image, layer, config, edited
        forget_other_masks(config, image)
        self._settings: EditorSettings = load_settings(settings_file("gimp"))
        self._gallery = Gallery(self._settings, LANGUAGE, TEXTS)
        self._answers: Dict[int, Callable[[JobEvent], None]] = {}
        self._showing = 0
        self._loop: Optional[GLib.MainLoop] = None
        self._outcome: Optional[JobEvent] = None
        # Called on the worker's thread; the events are read on this one.
        self._controller = JobController(wake=lambda: GLib.idle_add(self._read_events))
        self._previewing = Previewing(image, layer, config, self._controller, self._show_error)
        self._line = self._previewing.line
        self._glimpses = Glimpses(self._controller, layer_pixels, self._gallery.engine_for)
        self._learning = DialogLearning(self._settings, self._learning_went_on, self._show_error)
        self._build(procedure)
        self._ask_daemon()
        self._previewing.part_changed()
        self._layer_for_glimpses()
        self._was_lost = edited is not None and edited.lost is not None
        """Whether something could not be had back of an edited layer, and nothing has been set since."""
        if edited is not None and edited.lost is not None:
            self._show_error(edited.lost)

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
        self._previewing.close()
        if self._showing:
            GLib.source_remove(self._showing)
            self._showing = 0
        self._dialog.destroy()
        self._controller.close()
        self._learning.close()

    # Building -----------------------------------------------------------------------------------

    def _build(self, procedure) -> None:
        self._dialog = GimpUi.ProcedureDialog.new(procedure, self._config, _("Scumble"))
        self._dialog.set_ok_label(_("_Paint"))
        selection = layers.target(self._image, self._layer, "selection") is not None
        told = Told(
            chosen=self._style_chosen,
            activated=lambda: self._dialog.response(Gtk.ResponseType.OK),
            favourite=self._favourite_toggled,
            file=self._file_chosen,
            learn=self._learn_toggled,
            on_layer=lambda on: self._save(load_settings(settings_file("gimp")).showing_layer(on)),
            left=lambda: self._dialog.response(Gtk.ResponseType.CANCEL),
        )
        self._view = GalleryView(
            self._gallery,
            self._glimpses,
            told,
            self._learning.progress,
            learns=self._settings.learn,
            on_layer=self._settings.on_layer,
        )
        self._view.add_button(
            PresetsButton(
                self._effect,
                self._effect_taken,
                lambda: self._settings.history,
                self._line.say,
                self._show_error,
            )
        )
        self._chosen = ChosenStyles(
            self._image, self._config, self._gallery, self._view.picture, self._show_styles, self._line.say
        )
        protected = ProtectedPlace(self._config, places.protectable(self._image))
        views = (self._chosen.mix, self._chosen.places, protected)
        self._controls = Controls(self._dialog, self._config, *views, has_selection=selection)

        right = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        right.pack_start(self._previewing.view, True, True, 0)
        right.pack_start(self._controls, False, False, 0)
        self._columns = Gtk.Box(spacing=12)
        self._view.set_hexpand(False)  # the preview takes what room there is
        self._columns.pack_start(self._view, False, False, 0)
        self._columns.pack_start(right, True, True, 0)

        self._error = ErrorBar()
        self._bar = Gtk.ProgressBar(no_show_all=True)
        content = self._dialog.get_content_area()
        content.pack_start(self._columns, True, True, 0)
        for widget in (self._error, self._line, self._bar):
            content.pack_start(widget, False, False, 0)
        content.show_all()
        put_buttons_in_one_row(self._dialog)

        for layer in layers.all_layers(self._image)[-MAX_LAYERS:]:  # the gallery shows the last one first
            choice = StyleChoice("layer", str(layer.get_id()), layer.get_name())
            self._gallery.add(choice)
            self._view.set_thumbnail(*choice.key, layer.get_thumbnail(2 * THUMBNAIL, 2 * THUMBNAIL, 0))
        for style in self._chosen.now():
            if style.kind == "file":
                self._gallery.add(style)
        self._show_styles()
        for style in self._chosen.now()[:1]:
            self._view.scroll_to(style)
        self._dialog.connect("response", self._responded)
        self._dialog.connect("delete-event", lambda *_args: self._loop is not None)
        self._config.connect("notify", self._setting_changed)

    def _effect(self) -> Effect:
        """All that is set. Raises ScumbleError as `effect_of`."""
        return titled(effect_of(self._config), self._gallery)

    def _layer_for_glimpses(self) -> None:
        whole = Bounds(0, 0, self._layer.get_width(), self._layer.get_height())
        small = layers.scaled(self._layer, whole, GLIMPSE)
        self._glimpses.set_layer(small, effect_of(self._config) if self._chosen.now() else None)
        self._view.look()

    # The daemon ---------------------------------------------------------------------------------

    def _ask_daemon(self) -> None:
        self._line.say(_("Connecting to the daemon, which may have to start first…"))
        self._ask(Client.styles, self._library_came)

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
        self._view.library_came()
        self._show_styles()
        for style in self._chosen.now()[:1]:
            self._view.scroll_to(style)
        if not self._chosen.now():
            self._line.rest()
        for fields in styles:
            name = fields.get("name", "")
            if fields.get("thumbnail"):
                self._ask(
                    lambda client, name=name: client.style_thumbnail(name),
                    lambda data, name=name: self._picture_came(name, data),
                )
        # To tell the models the worker has to be ready, and only then are its devices known. Last, as the
        # pictures would wait for that too.
        self._ask(lambda client: (engine_choices(client), client.status()), self._worker_came)

    def _picture_came(self, name: str, data: bytes) -> None:
        self._view.set_thumbnail_bytes(name, data)
        self._chosen.show_pictures()

    def _worker_came(self, answer) -> None:
        engines, status = answer
        self._controls.set_engines(engines)
        self._line.know(status)
        if self._previewing.is_painting:
            self._previewing.say()

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
        elif event.task == "glimpse":
            key = self._glimpses.read(event)
            if key is not None:
                self._view.show_glimpse(StyleChoice(*key))
        elif self._previewing.read(event) and not self._was_lost:
            self._error.hide()

    # What the artist does -----------------------------------------------------------------------

    def _style_chosen(self, style: GalleryStyle, add: bool) -> None:
        self._chosen.choose(style, add)
        self._learning.learn(style.choice, self._config, self._previewing.before)

    def _effect_taken(self, effect: Effect) -> None:
        for style in effect.styles:
            if style.kind == "file":
                self._gallery.add(style)
        self._view.refresh()
        set_effect(self._config, effect)
        self._show_styles()
        for style in effect.styles:
            self._view.scroll_to(style)
            self._learning.learn(style, self._config, self._previewing.before)

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
        self._view.refresh()
        found = self._gallery.find(*choice.key)
        if found is not None:
            self._style_chosen(found, False)
            self._view.scroll_to(choice)

    def _show_styles(self) -> None:
        """Show which styles are chosen; without one there is nothing to paint."""
        styles = self._chosen.show()
        names = TEXTS.style_names(styles) if styles else _("No style is chosen yet")
        self._previewing.view.set_title(names)
        self._view.mark(styles)
        self._dialog.set_response_sensitive(Gtk.ResponseType.OK, bool(styles))

    def _setting_changed(self, _config, spec) -> None:
        self._was_lost = False
        if not self._showing:  # one at the end, not one for each argument of a mix
            self._showing = GLib.idle_add(self._settings_changed)
        if spec.name == "apply-to":
            self._previewing.part_changed()
        elif spec.name in ("engine", "device"):
            self._layer_for_glimpses()
        if spec.name not in ("layer-mode", "opacity", "run-mode", "image", "apply-to"):
            self._previewing.later()

    def _settings_changed(self) -> bool:
        self._showing = 0
        self._show_styles()
        self._controls.show_engine()
        return GLib.SOURCE_REMOVE

    def _learn_toggled(self, on: bool) -> None:
        self._learning.on = on
        self._save(load_settings(settings_file("gimp")).learning(on))
        for style in self._chosen.now():
            self._learning.learn(style, self._config, self._previewing.before)

    def _learning_went_on(self, key: Tuple[str, str], painted: bool) -> None:
        self._view.show_again(key)
        if painted:
            self._view.forget_glimpse(key)
        if painted and any(style.key == key for style in self._chosen.now()):
            self._previewing.later()

    # Applying -----------------------------------------------------------------------------------

    def _apply(self):
        self._busy(True)
        self._line.say(_("Reading the layer…"))
        given = (self._image, self._layer, self._config, self._effect())
        transfer, request = make_request(*given, self._read_on, self._edited)
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
        return insert(*given, transfer, request, event.result, self._edited)

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
        self._previewing.paused = busy
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
