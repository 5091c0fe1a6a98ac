"""One run of the plug-in: from GIMP's call to the new layer, or to a sentence about what went wrong."""

from __future__ import annotations

import functools
import traceback
from typing import Any, List, Optional

from gi.repository import Gimp, GLib, GObject

from scumble import Client, ScumbleError
from scumble.editing import EditorSettings, Effect, Gallery, JobController, load_settings, settings_file
from scumble.editing.installing import needs_install
from scumble.editing.texts import fraction

from . import layers, procedures
from .config import effect_of, set_effect
from .i18n import LANGUAGE, _
from .kept import kept
from .painting import READ_SHARE, Edited, insert, make_request, titled
from .reporting import TEXTS, note, unexpected

POLL_S = 0.25


def _reported(run):
    """Never raises: whatever goes wrong becomes a sentence for GIMP to show."""

    @functools.wraps(run)
    def reported(procedure, *arguments):
        try:
            return run(procedure, *arguments)
        except ScumbleError as error:
            return _failed(procedure, error)
        except Exception:
            return _failed(procedure, unexpected(traceback.format_exc()))

    return reported


@_reported
def run_apply(procedure, run_mode, image, drawables, config):
    """Run plug-in-scumble and return its values. Never raises."""
    if run_mode == Gimp.RunMode.INTERACTIVE:
        from .conversion import offer_rgb

        if not offer_rgb(image):
            return _cancelled(procedure)
    layer, *others = layers.check_layers(image, drawables)
    if run_mode == Gimp.RunMode.INTERACTIVE:
        new = _paint_in_the_dialog(procedure, image, layer, config)
        if new is None:
            return _cancelled(procedure)
        _paint_each(image, others, config, effect_of(config))
    else:
        effect = _last_effect(config, run_mode == Gimp.RunMode.WITH_LAST_VALS)
        (new, *_others) = _paint_each(image, [layer, *others], config, effect)
    return _painted(procedure, new)


@_reported
def run_edit(procedure, run_mode, image, drawables):
    """Run plug-in-scumble on what a painted layer was made of, with its settings. Never raises."""
    painted, *others = layers.check_layers(image, drawables)
    if others:
        raise ScumbleError("bad-layer", _("Painted layers are edited one at a time: select one of them."))
    memory = kept(image, painted)
    apply = Gimp.get_pdb().lookup_procedure(procedures.APPLY)
    config = apply.create_config()
    set_effect(config, memory.effect)
    config.set_property("apply-to", "layer")
    mode = procedures.name_of_mode(painted.get_mode())
    config.set_property("layer-mode", mode)
    config.set_property("opacity", painted.get_opacity())
    edited = Edited(painted, memory.region, mode, memory.lost)
    if memory.lost is not None and run_mode != Gimp.RunMode.INTERACTIVE:
        raise memory.lost
    if run_mode == Gimp.RunMode.INTERACTIVE:
        new = _paint_in_the_dialog(apply, image, memory.source, config, edited)
        if new is None:
            return _cancelled(procedure)
    else:
        new = _paint_in_the_status_bar(image, memory.source, config, memory.effect, edited)
    return _painted(procedure, new)


@_reported
def run_repeat(procedure, image, drawables):
    """Run plug-in-scumble with the settings of its last run. Never raises."""
    layers.check_layers(image, drawables)
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


@_reported
def run_engine(procedure):
    """Run plug-in-scumble-engine. Never raises."""
    from .install_dialog import manage_engine

    manage_engine()
    return procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, GLib.Error())


def _painted(procedure, new):
    Gimp.displays_flush()
    values = procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, GLib.Error())
    values.remove(1)
    values.insert(1, GObject.Value(Gimp.Layer.__gtype__, new))
    return values


def _cancelled(procedure):
    return procedure.new_return_values(Gimp.PDBStatusType.CANCEL, GLib.Error())


def _paint_in_the_dialog(
    procedure, image, layer, config, edited: Optional[Edited] = None
) -> Optional[Gimp.Layer]:
    """With the dialog, which without an engine comes after the offer to install one; None: not painted."""
    from .dialog import run_dialog

    if needs_install():
        from .install_dialog import offer_install

        if not offer_install():
            return None
    return run_dialog(procedure, image, layer, config, edited)


def _last_effect(config, last: bool) -> Effect:
    """What the arguments say. GIMP's last values know nothing of runs by scripts; our settings do."""
    effect = effect_of(config)
    return load_settings(settings_file("gimp")).effect if last and not effect.styles else effect


def _paint_each(image, chosen, config, effect: Effect) -> List[Gimp.Layer]:
    """Paint several layers alike; what is painted stays when one of them fails.

    Each is an undo step. One group around all would be open while they are painted, and GIMP's Cancel,
    which ends this process, would leave it open.
    """
    return [_paint_in_the_status_bar(image, layer, config, effect) for layer in chosen]


def _paint_in_the_status_bar(image, layer, config, effect: Effect, edited: Optional[Edited] = None):
    """Without a dialog: the progress is GIMP's own. Its Cancel ends this process, and with it the job."""
    Gimp.progress_init(_("Scumble: reading the layer"))
    controller = JobController()
    try:
        transfer, request = make_request(
            image, layer, config, effect, lambda done: Gimp.progress_update(READ_SHARE * done), edited
        )
        Gimp.progress_set_text(_("Scumble: waiting for the daemon"))
        if any(style.kind == "library" for style in effect.styles):
            gallery = Gallery(EditorSettings(), LANGUAGE)
            gallery.set_library(_wait(controller, controller.ask(Client.styles)))
            effect = titled(effect, gallery)
        result = _wait(controller, controller.apply(request))
        new = insert(image, layer, config, effect, transfer, request, result, edited)
        Gimp.progress_update(1.0)
        return new
    finally:
        controller.close()
        Gimp.progress_end()


def _wait(controller: JobController, ticket: int) -> Any:
    """The result or answer of a job; GIMP sees its progress."""
    while True:
        event = controller.wait(POLL_S)
        if event is None or event.ticket != ticket:
            continue
        if event.error is not None:
            raise event.error
        if event.kind == "done":
            return event.answer if event.result is None else event.result
        if event.progress is not None:
            Gimp.progress_update(READ_SHARE + (1.0 - READ_SHARE) * fraction(event.progress))
            Gimp.progress_set_text(TEXTS.progress(event.progress))


def _failed(procedure, error: ScumbleError):
    if error.code == "cancelled":
        return _cancelled(procedure)
    text, log = TEXTS.error(error), note(error)
    if error.detail and str(log) not in text:
        text += "\n" + _("More about it is in {log}").format(log=log)
    message = GLib.Error.new_literal(Gimp.PlugIn.error_quark(), text, 0)
    return procedure.new_return_values(Gimp.PDBStatusType.EXECUTION_ERROR, message)
