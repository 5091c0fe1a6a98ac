"""The dialog that installs the engine: the first that an artist sees of Scumble."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import gi

gi.require_version("GimpUi", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import GimpUi, GLib, Gtk

from scumble import ScumbleError
from scumble.editing.installing import Installing
from scumble.install.installer import install_log
from scumble.install.state import MISSING, OUTDATED, READY

from .i18n import _
from .reporting import note, open_file

WIDTH = 560
PRESS, LATER, REMOVE = 1, 2, 3


def offer_install() -> bool:
    """Show the offer until there is an engine or the artist leaves; whether there is one to paint with."""
    GimpUi.init("scumble-gimp")
    dialog = InstallDialog(manage=False)
    try:
        return dialog.run()
    finally:
        dialog.close()


def manage_engine() -> None:
    """Show what there is, to update it, install it again or remove it."""
    GimpUi.init("scumble-gimp")
    dialog = InstallDialog(manage=True)
    try:
        dialog.run()
    finally:
        dialog.close()


class InstallDialog:
    """One dialog. With `manage` it stays open after an installation, and can remove the engine."""

    def __init__(self, *, manage: bool) -> None:
        self._manage, self._done = manage, False
        # Called on the installing thread; the events are read on this one.
        self._installing = Installing(_, wake=lambda: GLib.idle_add(self._read))
        self._dialog = Gtk.Dialog(title=_("Scumble: Engine"), resizable=True)
        self._dialog.set_default_size(WIDTH, -1)
        self._build()
        self._show()

    def run(self) -> bool:
        """Until the artist leaves; whether there is an engine."""
        while True:
            answer = self._dialog.run()
            if self._done:
                return True
            if answer == PRESS:
                self._installing.press()
            elif answer == REMOVE:
                self._remove()
            else:
                return answer == LATER
            self._show()

    def close(self) -> None:
        """Take the dialog away, and stop what runs for it."""
        self._installing.close()
        self._dialog.destroy()

    def _build(self) -> None:
        self._headline, self._explanation, self._status, self._problem = (
            Gtk.Label(xalign=0.0, wrap=True, max_width_chars=70, selectable=selectable)
            for selectable in (False, True, False, True)
        )
        self._bar = Gtk.ProgressBar(no_show_all=True)
        self._build_box = Gtk.ComboBoxText()
        for build, title in self._installing.builds():
            size = self._installing.size(build)
            text = _("{title} (about {size} MB)").format(title=title, size=size) if size else title
            self._build_box.append(build, text)
        self._build_box.set_active_id(self._installing.choices.build)
        self._build_box.connect("changed", self._build_chosen)
        self._places = Gtk.Box(spacing=6)
        for title, act in (
            (_("Another _Folder…"), self._choose_folder),
            (_("Without _Network…"), self._choose_wheels),
        ):
            button = Gtk.Button(label=title, use_underline=True)
            button.connect("clicked", act)
            self._places.pack_start(button, False, False, 0)
        self._log = Gtk.TextView(editable=False, monospace=True, cursor_visible=False)
        scrolled = Gtk.ScrolledWindow(min_content_height=140)
        scrolled.add(self._log)
        log_box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        log_box.pack_start(scrolled, True, True, 0)
        opener = Gtk.Button(label=_("Open Lo_g"), use_underline=True, halign=Gtk.Align.START)
        opener.connect("clicked", self._open_log)
        log_box.pack_start(opener, False, False, 0)
        expander = Gtk.Expander(label=_("_Details"), use_underline=True)
        expander.add(log_box)

        content = self._dialog.get_content_area()
        content.set_spacing(8)
        content.set_border_width(12)
        for widget in (self._headline, self._explanation, self._build_box, self._places):
            content.pack_start(widget, False, False, 0)
        for widget in (self._problem, self._status, self._bar):
            widget.set_no_show_all(True)
            content.pack_start(widget, False, False, 0)
        content.pack_start(expander, True, True, 0)
        self._remove_button = self._dialog.add_button(_("_Remove"), REMOVE)
        self._remove_button.set_no_show_all(True)
        self._later = self._dialog.add_button(_("_Not Now"), LATER)
        self._later.set_no_show_all(True)
        self._dialog.add_button(_("_Close"), Gtk.ResponseType.CLOSE)
        self._press = self._dialog.add_button(self._installing.button(), PRESS)
        self._dialog.set_default_response(PRESS)
        content.show_all()
        self._press.grab_focus()

    # What goes on -------------------------------------------------------------------------------

    def _read(self) -> bool:
        outcome = self._installing.read()
        if outcome and not self._manage:
            self._done = True
            self._dialog.response(Gtk.ResponseType.CLOSE)
        if outcome is False and self._installing.error is not None:
            note(self._installing.error)
        self._show()
        return GLib.SOURCE_REMOVE

    def _show(self) -> None:
        installing = self._installing
        running, state = installing.running, installing.state
        self._headline.set_markup("<b>{}</b>".format(GLib.markup_escape_text(installing.headline())))
        self._explanation.set_text(installing.explanation())
        _say(self._status, installing.status())
        _say(self._problem, installing.problem())
        self._bar.set_visible(running)
        self._bar.set_fraction(installing.fraction)
        self._press.set_label(installing.button())
        self._press.set_visible(installing.bundle is not None)
        for widget in (self._build_box, self._places):
            widget.set_visible(not running)
        self._later.set_visible(state == OUTDATED and not running and not self._manage)
        self._remove_button.set_visible(self._manage and state != MISSING and not running)
        if self._manage and state == READY and not running and not installing.problem():
            _say(self._status, _("Ready to paint."))
        buffer = self._log.get_buffer()
        buffer.set_text("\n".join(installing.log))
        self._log.scroll_to_iter(buffer.get_end_iter(), 0.0, False, 0.0, 1.0)

    # What the artist does -----------------------------------------------------------------------

    def _build_chosen(self, box) -> None:
        self._installing.choose_build(box.get_active_id())
        self._show()

    def _choose_folder(self, _button) -> None:
        folder = self._ask(_("Where shall the engine be?"))
        if folder is not None:
            self._try(lambda: self._installing.choose_folder(folder))

    def _choose_wheels(self, _button) -> None:
        self._installing.choose_wheels(self._ask(_("Which folder holds all packages?")))
        self._show()

    def _remove(self) -> None:
        self._try(self._installing.remove)

    def _try(self, act) -> None:
        try:
            act()
        except ScumbleError as error:
            note(error)
            self._installing.error = error
        self._show()

    def _ask(self, title: str) -> Optional[Path]:
        action = Gtk.FileChooserAction.SELECT_FOLDER
        chooser = Gtk.FileChooserNative.new(title, self._dialog, action, None, None)
        path = chooser.get_filename() if chooser.run() == Gtk.ResponseType.ACCEPT else None
        chooser.destroy()
        return Path(path) if path else None

    def _open_log(self, _button) -> None:
        if not open_file(install_log()):
            _say(self._status, _("No program here opens texts. The log is {file}").format(file=install_log()))


def _say(label, text: str) -> None:
    label.set_text(text)
    label.set_visible(bool(text))
