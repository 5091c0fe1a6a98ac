"""Indexed images hold no colours but those of their palette: converting one is the artist's to decide."""

from __future__ import annotations

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("GimpUi", "3.0")
from gi.repository import Gimp, GimpUi, Gtk

from .i18n import _


def offer_rgb(image) -> bool:
    """Ask whether an indexed image may become RGB, and do it; whether the image can be painted now."""
    if image.get_base_type() != Gimp.ImageBaseType.INDEXED:
        return True
    GimpUi.init("scumble-gimp")
    dialog = Gtk.MessageDialog(
        title=_("Scumble: Indexed Image"),
        message_type=Gtk.MessageType.QUESTION,
        text=_("This image is indexed, and a painting has more colours than its palette."),
        secondary_text=_("Convert it to RGB? One undo brings the palette back."),
    )
    dialog.add_button(_("_Cancel"), Gtk.ResponseType.CANCEL)
    dialog.add_button(_("Con_vert to RGB"), Gtk.ResponseType.OK)
    dialog.set_default_response(Gtk.ResponseType.OK)
    wanted = dialog.run() == Gtk.ResponseType.OK
    dialog.destroy()
    return wanted and image.convert_rgb()
