"""One run of the plug-in: from GIMP's call to the new layer, or to a sentence about what went wrong."""

from __future__ import annotations

import traceback
from dataclasses import replace
from pathlib import Path
from typing import Callable, Optional

from gi.repository import Gimp, Gio, GLib, GObject

from scumble import Client, Pixels, ScumbleError
from scumble.editing import (
    EditorSettings,
    Effect,
    Gallery,
    JobController,
    Texts,
    load_settings,
    save_settings,
    settings_file,
)
from scumble.editing.log import log_file, write_log
from scumble.editing.texts import fraction
from scumble.folders import log_dir

from . import layers, procedures
from .config import effect_of, layer_by_id
from .i18n import _

READ_SHARE = 0.05
POLL_S = 0.25
TEXTS = Texts(_)


def run_apply(procedure, run_mode, image, drawables, config):
    """Run plug-in-scumble and return its values. Never raises."""
    try:
        layer = layers.check_layer(image, drawables)
        if run_mode == Gimp.RunMode.INTERACTIVE:
            from .dialog import run_dialog

            new = run_dialog(procedure, image, layer, config)
            if new is None:
                return procedure.new_return_values(Gimp.PDBStatusType.CANCEL, GLib.Error())
        else:
            last = run_mode == Gimp.RunMode.WITH_LAST_VALS
            new = _paint_in_the_status_bar(image, layer, config, _last_effect(config, last))
        Gimp.displays_flush()
        values = procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, GLib.Error())
        values.remove(1)
        values.insert(1, GObject.Value(Gimp.Layer.__gtype__, new))
        return values
    except ScumbleError as error:
        return _failed(procedure, error)
    except Exception:
        return _failed(procedure, unexpected(traceback.format_exc()))


def run_repeat(procedure, image, drawables):
    """Run plug-in-scumble with the settings of its last run. Never raises."""
    try:
        layers.check_layer(image, drawables)
        apply = Gimp.get_pdb().lookup_procedure(procedures.APPLY)
        config = apply.create_config()
        config.set_property("run-mode", Gimp.RunMode.WITH_LAST_VALS)
        config.set_property("image", image)
        config.set_core_object_array("drawables", drawables)
        values = apply.run(config)
        status = values.index(0)
        if status != Gimp.PDBStatusType.SUCCESS:
            raise ScumbleError("failed", Gimp.get_pdb().get_last_error())
        return procedure.new_return_values(status, GLib.Error())
    except ScumbleError as error:
        return _failed(procedure, error)
    except Exception:
        return _failed(procedure, unexpected(traceback.format_exc()))


def make_request(image, layer, config, effect: Effect, on_strip: Callable[[float], None]):
    """The job for an effect and the other arguments, with the layer's pixels, and how those travel."""
    region = layers.target(image, layer, config.get_property("apply-to"))
    if not effect.styles:
        raise ScumbleError(
            "no-style",
            _("No style was given."),
            hint=_("Set one of style-name, style-file and style-layer."),
        )
    transfer = layers.transfer_of(layer)
    pixels = layers.read_layer(layer, transfer, on_strip)
    return transfer, effect.request(pixels, region, layer_pixels)


def insert(image, layer, config, effect: Effect, transfer, request, result: Pixels):
    """Add the result to the image, remember the effect, and return the new layer."""
    mode, _title = procedures.LAYER_MODES[config.get_property("layer-mode")]
    name = TEXTS.layer_name(effect, layer.get_name())
    opacity = config.get_property("opacity")
    new = layers.insert_result(image, layer, name, transfer, request.region, result, mode, opacity)
    remember(effect)
    return new


def titled(effect: Effect, gallery: Gallery) -> Effect:
    """The effect with the titles that the gallery has for its styles."""
    styles = []
    for style in effect.styles:
        known = gallery.find(*style.key)
        styles.append(style if known is None else replace(style, title=known.title))
    return replace(effect, styles=tuple(styles))


def remember(effect: Effect) -> None:
    """Make that effect the last one; a disk that is full is no reason to fail."""
    file = settings_file("gimp")
    try:
        save_settings(file, load_settings(file).used(effect))
    except OSError:
        write_log("gimp", traceback.format_exc())


def layer_pixels(value: str) -> Pixels:
    """The pixels of the layer that a StyleChoice names."""
    layer = layer_by_id(value)
    if layer is None:
        raise ScumbleError("bad-style", _("The layer that was the style is gone: choose a style again."))
    return layers.style_pixels(layer)


def unexpected(detail: str) -> ScumbleError:
    """A bug of ours: the traceback goes to the log, and the sentence names it."""
    return ScumbleError(
        "unexpected",
        _("Something unexpected happened in Scumble's plug-in."),
        hint=_("The log tells more: {file}").format(file=log_file("gimp")),
        detail=detail,
    )


def _last_effect(config, last: bool) -> Effect:
    """What the arguments say. GIMP's last values know nothing of runs by scripts; our settings do."""
    effect = effect_of(config)
    return load_settings(settings_file("gimp")).effect if last and not effect.styles else effect


def _paint_in_the_status_bar(image, layer, config, effect: Effect):
    """Without a dialog: the progress is GIMP's own. Its Cancel ends this process, and with it the job."""
    Gimp.progress_init(_("Scumble: reading the layer"))
    controller = JobController()
    try:
        transfer, request = make_request(
            image, layer, config, effect, lambda done: Gimp.progress_update(READ_SHARE * done)
        )
        Gimp.progress_set_text(_("Scumble: waiting for the daemon"))
        if any(style.kind == "library" for style in effect.styles):
            gallery = Gallery(EditorSettings())
            gallery.set_library(_wait(controller, controller.ask(Client.styles)))
            effect = titled(effect, gallery)
        result = _wait(controller, controller.apply(request))
        new = insert(image, layer, config, effect, transfer, request, result)
        Gimp.progress_update(1.0)
        return new
    finally:
        controller.close()
        Gimp.progress_end()


def _wait(controller: JobController, ticket: int):
    """The result or answer of a job; GIMP sees its progress."""
    while True:
        event = controller.wait(POLL_S)
        if event is None or event.ticket != ticket:
            continue
        if event.kind == "failed":
            raise event.error
        if event.kind == "done":
            return event.answer if event.result is None else event.result
        Gimp.progress_update(READ_SHARE + (1.0 - READ_SHARE) * fraction(event.progress))
        Gimp.progress_set_text(TEXTS.progress(event.progress))


def note(error: ScumbleError) -> Path:
    """Write an error to our log, with where the daemon's own is, and return the file."""
    lines = [repr(error), error.hint, error.detail, "daemon: {}".format(log_dir() / "daemon.log")]
    return write_log("gimp", "\n".join(filter(None, lines)))


def open_log() -> Optional[Path]:
    """Show our log in the program that this machine opens texts with; where there is none, the log's path."""
    file = log_file("gimp")
    try:
        Gio.AppInfo.launch_default_for_uri(Gio.File.new_for_path(str(file)).get_uri(), None)
    except GLib.Error:
        return file
    return None


def _failed(procedure, error: ScumbleError):
    if error.code == "cancelled":
        return procedure.new_return_values(Gimp.PDBStatusType.CANCEL, GLib.Error())
    text, log = TEXTS.error(error), note(error)
    if error.detail and str(log) not in text:
        text += "\n" + _("More about it is in {log}").format(log=log)
    message = GLib.Error.new_literal(Gimp.PlugIn.error_quark(), text, 0)
    return procedure.new_return_values(Gimp.PDBStatusType.EXECUTION_ERROR, message)
