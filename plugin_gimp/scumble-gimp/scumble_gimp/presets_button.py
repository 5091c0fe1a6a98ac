"""The button with the presets: take one, or what was painted before, save what is set, delete one."""

from __future__ import annotations

from typing import Callable, Sequence

from gi.repository import Gdk, Gtk

from scumble import ScumbleError
from scumble.editing import Effect, HistoryEntry, Preset, delete_preset, list_presets, save_preset

from .i18n import _
from .reporting import TEXTS

SHOWN = 10
"""Of what was painted before: the newest."""


class PresetsButton(Gtk.Button):
    """Opens a menu. `effect()` is what is set now, `take(effect)` sets another; both may raise ScumbleError.

    `history()` is what was painted before. `say(text)` hears what was done, `fail(error)` what could not be.
    """

    def __init__(
        self,
        effect: Callable[[], Effect],
        take: Callable[[Effect], None],
        history: Callable[[], Sequence[HistoryEntry]],
        say: Callable[[str], None],
        fail: Callable[[ScumbleError], None],
    ) -> None:
        super().__init__(label=_("Pr_esets"), use_underline=True)
        self._effect, self._take, self._history = effect, take, history
        self._say, self._fail = say, fail
        self.set_tooltip_text(_("Styles and settings under a name, the same in GIMP, Krita and scripts"))
        self.connect("clicked", self._open)

    def _open(self, _button) -> None:
        presets = list_presets()
        menu = Gtk.Menu()
        for preset in presets.found:
            _add(menu, preset.name, self._chosen, preset.effect)
        if not presets.found:
            _add(menu, _("No preset is saved yet")).set_sensitive(False)
        menu.append(Gtk.SeparatorMenuItem())
        _add(menu, _("Save as a Preset…"), self._save)
        before = self._history()[:SHOWN]
        if before:
            painted = Gtk.Menu()
            for entry in before:
                # Its places are of the image that it was painted in, as a preset has none.
                _add(painted, " · ".join(TEXTS.history(entry)), self._chosen, entry.effect.everywhere)
            _add(menu, _("Painted Before")).set_submenu(painted)
        if presets.found:
            deleted = Gtk.Menu()
            for preset in presets.found:
                _add(deleted, preset.name, self._delete, preset)
            _add(menu, _("Delete a Preset")).set_submenu(deleted)
        menu.attach_to_widget(self, None)
        menu.connect("deactivate", lambda gone: gone.detach())
        menu.show_all()
        menu.popup_at_widget(self, Gdk.Gravity.SOUTH_WEST, Gdk.Gravity.NORTH_WEST, None)
        for error in presets.errors:
            self._fail(error)

    def _try(self, act: Callable[[], None]) -> None:
        try:
            act()
        except ScumbleError as error:
            self._fail(error)

    def _chosen(self, effect: Effect) -> None:
        self._try(lambda: self._take(effect))

    def _save(self) -> None:
        name = _ask_name(self.get_toplevel(), [preset.name for preset in list_presets().found])
        if name is not None:
            self._try(lambda: self._save_as(name))

    def _save_as(self, name: str) -> None:
        preset = save_preset(name, self._effect())
        self._say(_("The preset {name} is saved.").format(name=preset.name))

    def _delete(self, preset: Preset) -> None:
        question = _("Delete the preset {name}? Krita and scripts will not have it any more either.")
        if _is_sure(self.get_toplevel(), question.format(name=preset.name)):
            self._try(lambda: self._delete_now(preset.name))

    def _delete_now(self, name: str) -> None:
        delete_preset(name)
        self._say(_("The preset {name} is deleted.").format(name=name))


def _add(menu, text: str, act=None, *given):
    item = Gtk.MenuItem(label=text)
    if act is not None:
        item.connect("activate", lambda _item: act(*given))
    menu.append(item)
    return item


def _ask_name(parent, taken):
    """The name that the artist gives; None for none."""
    dialog = Gtk.Dialog(title=_("Save as a Preset"), transient_for=parent, modal=True)
    dialog.add_button(_("_Cancel"), Gtk.ResponseType.CANCEL)
    dialog.add_button(_("_Save"), Gtk.ResponseType.OK)
    dialog.set_default_response(Gtk.ResponseType.OK)
    entry = Gtk.Entry(activates_default=True, width_chars=32, placeholder_text=_("Name of the preset"))
    note = Gtk.Label(xalign=0.0, label=" ")
    known = {name.casefold() for name in taken}

    def changed(*_args) -> None:
        name = " ".join(entry.get_text().split())
        there = name.casefold() in known
        note.set_text(_("It takes the place of the preset of that name.") if there else " ")
        dialog.set_response_sensitive(Gtk.ResponseType.OK, bool(name))

    entry.connect("changed", changed)
    changed()
    box = dialog.get_content_area()
    box.set_property("margin", 12)
    box.set_spacing(6)
    box.pack_start(entry, False, False, 0)
    box.pack_start(note, False, False, 0)
    box.show_all()
    name = entry.get_text() if dialog.run() == Gtk.ResponseType.OK else None
    dialog.destroy()
    return name


def _is_sure(parent, question: str) -> bool:
    dialog = Gtk.MessageDialog(
        title=_("Delete a Preset"),
        transient_for=parent,
        modal=True,
        message_type=Gtk.MessageType.QUESTION,
        text=question,
    )
    dialog.add_button(_("_Cancel"), Gtk.ResponseType.CANCEL)
    dialog.add_button(_("_Delete"), Gtk.ResponseType.OK)
    sure = dialog.run() == Gtk.ResponseType.OK
    dialog.destroy()
    return sure
