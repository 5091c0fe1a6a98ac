"""Asks for a picture whose style is wanted."""

from __future__ import annotations

from typing import Optional

from gi.repository import Gtk

from .i18n import _


def choose_picture(parent) -> Optional[str]:
    """The path of the picture that the artist chose; None for none."""
    action = Gtk.FileChooserAction.OPEN
    chooser = Gtk.FileChooserNative.new(_("Choose a picture as the style"), parent, action, None, None)
    pictures = Gtk.FileFilter()
    pictures.set_name(_("Pictures"))
    pictures.add_pixbuf_formats()
    chooser.add_filter(pictures)
    path = chooser.get_filename() if chooser.run() == Gtk.ResponseType.ACCEPT else None
    chooser.destroy()
    return path
