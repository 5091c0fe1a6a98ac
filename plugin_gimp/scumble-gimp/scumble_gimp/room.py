"""Room for the settings on low screens: 1920x1200 at 200% is 600 high."""

from __future__ import annotations

from gi.repository import Gdk, Gtk

LOW = 700
"""What is less high is a low screen, in pixels as widgets are measured."""


def screen_height() -> int:
    """Of the screen, without panels."""
    display = Gdk.Display.get_default()
    monitor = display.get_primary_monitor() or display.get_monitor(0)
    return monitor.get_workarea().height


def shorter(usual: int, low: int) -> int:
    """The usual height of something, or what it has on a low screen."""
    return low if screen_height() < LOW else usual


def put_buttons_in_one_row(dialog) -> None:
    """GIMP gives the buttons of the saved settings a row of their own: put them beside the others."""
    actions = dialog.get_action_area()
    for row in dialog.get_content_area().get_children():
        if isinstance(row, Gtk.ButtonBox):
            for button in row.get_children():
                row.remove(button)
                actions.pack_start(button, False, False, 0)
                actions.set_child_secondary(button, True)
            row.hide()
    for button in actions.get_children():  # else all are as wide as the longest words in German
        actions.set_child_non_homogeneous(button, True)
