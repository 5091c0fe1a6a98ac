"""The bar that says what went wrong, with a button that opens the daemon's log."""

from __future__ import annotations

from gi.repository import Gtk

from . import run
from .i18n import _


class ErrorBar(Gtk.InfoBar):
    """Hidden until `say` is called; `hide` takes it away."""

    def __init__(self) -> None:
        super().__init__(message_type=Gtk.MessageType.ERROR, no_show_all=True)
        self._text = Gtk.Label(wrap=True, xalign=0.0, visible=True, selectable=True)
        self.get_content_area().add(self._text)
        self.add_button(_("Open Lo_g"), Gtk.ResponseType.HELP).show()
        self.connect("response", lambda *_args: run.open_log())

    def say(self, text: str) -> None:
        """Show a sentence."""
        self._text.set_text(text)
        self.show()
