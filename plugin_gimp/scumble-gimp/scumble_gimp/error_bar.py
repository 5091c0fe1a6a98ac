"""The bar that says what went wrong, with a button that opens the log."""

from __future__ import annotations

from gi.repository import Gtk

from .i18n import _
from .reporting import open_log


class ErrorBar(Gtk.InfoBar):
    """Hidden until `say` is called; `hide` takes it away."""

    def __init__(self) -> None:
        super().__init__(message_type=Gtk.MessageType.ERROR, no_show_all=True)
        self._text = Gtk.Label(wrap=True, xalign=0.0, visible=True, selectable=True)
        self._text.set_max_width_chars(80)
        self.get_content_area().pack_start(self._text, True, True, 0)
        self.add_button(_("Open Lo_g"), Gtk.ResponseType.HELP).show()
        self.connect("response", self._responded)

    def say(self, text: str) -> None:
        """Show a sentence."""
        self._text.set_text(text)
        if not self.get_visible():
            self.show()
            self._resize_window(1)

    def hide(self) -> None:
        """Take the bar away."""
        if self.get_visible():
            self._resize_window(-1)
            super().hide()

    def _resize_window(self, direction: int) -> None:
        # The bar shall not take its room from the settings.
        window = self.get_toplevel()
        _least, height = self.get_preferred_height()
        if isinstance(window, Gtk.Window):
            width, all_height = window.get_size()
            window.resize(width, all_height + direction * height)

    def _responded(self, _bar, _response) -> None:
        unopened = open_log()
        if unopened is not None:
            self.say(_("No program here opens texts. The log is {file}").format(file=unopened))
