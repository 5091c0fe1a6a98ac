"""One run of the plug-in: from GIMP's call to the new layer, or to a sentence about what went wrong."""

from __future__ import annotations

import functools
import traceback
from typing import List, Optional

from gi.repository import Gimp, GLib, GObject

from scumble import ScumbleError
from scumble.editing import Effect, load_settings, settings_file
from scumble.editing.installing import needs_install
from scumble.editing.reversals import check_reversible

from . import layers, procedures
from .config import effect_of, set_effect
from .i18n import _
from .kept import kept
from .open_images import paint_others, same_as
from .painting import Edited
from .reporting import TEXTS, note, unexpected
from .reversals import reversals_of
from .showing import show_next
from .status_bar import StatusBar
from .unstyling import take_style_off


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
        with StatusBar(1) as bar:
            new = bar.paint(image, memory.source, config, memory.effect, edited)()
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
def run_open(procedure, image, drawables):
    """Paint all other open images with the same settings. Never raises."""
    told = paint_others(image, same_as(image, [_layer_of(drawable) for drawable in drawables]))
    Gimp.displays_flush()
    text = _("{painted} of {count} images were painted.").format(painted=told.painted, count=told.total)
    text = "\n".join((text, *told.sentences))
    if not told.painted:
        raise ScumbleError("failed", text)
    if told.sentences:
        Gimp.message(text)
    return procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, GLib.Error())


@_reported
def run_next(procedure, image, drawables):
    """Show the next result of the selected layer alone. Never raises."""
    layer, *_others = layers.check_layers(image, [_layer_of(drawable) for drawable in drawables])
    return _painted(procedure, show_next(image, layer))


@_reported
def run_unstyle(procedure, image, drawables):
    """Take the style off each of the selected layers again. Never raises."""
    chosen = layers.check_layers(image, [_layer_of(drawable) for drawable in drawables])
    for layer in chosen:
        check_reversible(reversals_of(layer))
    with StatusBar(len(chosen)) as bar:
        (new, *_others) = [take_style_off(bar, image, layer) for layer in chosen]
    return _painted(procedure, new)


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
    if not chosen:
        return []
    with StatusBar(len(chosen)) as bar:
        return [bar.paint(image, layer, config, effect)() for layer in chosen]


def _layer_of(drawable):
    """The layer of a layer mask; what is none as it is."""
    return Gimp.Layer.from_mask(drawable) if isinstance(drawable, Gimp.LayerMask) else drawable


def _failed(procedure, error: ScumbleError):
    if error.code == "cancelled":
        return _cancelled(procedure)
    text, log = TEXTS.error(error), note(error)
    if error.detail and str(log) not in text:
        text += "\n" + _("More about it is in {log}").format(log=log)
    message = GLib.Error.new_literal(Gimp.PlugIn.error_quark(), text, 0)
    return procedure.new_return_values(Gimp.PDBStatusType.EXECUTION_ERROR, message)
