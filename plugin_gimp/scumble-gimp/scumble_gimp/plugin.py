"""The plug-in as GIMP sees it. Importing this and answering GIMP's questions must never fail:
a menu entry that is missing is the hardest error to understand."""

from __future__ import annotations

from gi.repository import Gimp, GLib

from . import procedures
from .i18n import _


class ScumblePlugIn(Gimp.PlugIn):
    """Apply a style, here and elsewhere, take it off, choose and change results, look after the engine."""

    def do_set_i18n(self, procedure_name):
        return False  # our own gettext, see i18n

    def do_query_procedures(self):
        return [
            procedures.APPLY,
            procedures.REPEAT,
            procedures.OPEN,
            procedures.NEXT,
            procedures.EDIT,
            procedures.UNSTYLE,
            procedures.ENGINE,
        ]

    def do_create_procedure(self, name):
        if name == procedures.REPEAT:
            return procedures.create_repeat(self, _run_repeat)
        if name == procedures.OPEN:
            return procedures.create_open(self, _run_open)
        if name == procedures.NEXT:
            return procedures.create_next(self, _run_next)
        if name == procedures.EDIT:
            return procedures.create_edit(self, _run_edit)
        if name == procedures.UNSTYLE:
            return procedures.create_unstyle(self, _run_unstyle)
        if name == procedures.ENGINE:
            return procedures.create_engine(self, _run_engine)
        return procedures.create_apply(self, _run_apply)


def _run_apply(procedure, run_mode, image, drawables, config, data):
    return _run(procedure, lambda run: run.run_apply(procedure, run_mode, image, drawables, config))


def _run_repeat(procedure, run_mode, image, drawables, config, data):
    return _run(procedure, lambda run: run.run_repeat(procedure, image, drawables))


def _run_open(procedure, run_mode, image, drawables, config, data):
    return _run(procedure, lambda run: run.run_open(procedure, image, drawables))


def _run_next(procedure, run_mode, image, drawables, config, data):
    return _run(procedure, lambda run: run.run_next(procedure, image, drawables))


def _run_edit(procedure, run_mode, image, drawables, config, data):
    return _run(procedure, lambda run: run.run_edit(procedure, run_mode, image, drawables))


def _run_unstyle(procedure, run_mode, image, drawables, config, data):
    return _run(procedure, lambda run: run.run_unstyle(procedure, image, drawables))


def _run_engine(procedure, config, data):
    return _run(procedure, lambda run: run.run_engine(procedure))


def _run(procedure, call):
    """Call with the module that does the work: it needs the client, which may be missing."""
    try:
        from . import run
    except ImportError as error:
        return _incomplete(procedure, error)
    return call(run)


def _incomplete(procedure, error):
    text = _("The Scumble plug-in is incomplete ({reason}): install it again.").format(reason=error)
    failure = GLib.Error.new_literal(Gimp.PlugIn.error_quark(), text, 0)
    return procedure.new_return_values(Gimp.PDBStatusType.EXECUTION_ERROR, failure)
