"""The button with the presets: take one, save what is set as one, delete one."""

from __future__ import annotations

from typing import Callable, Sequence

from scumble.editing import Effect, Preset, delete_preset, list_presets, save_preset

from ..i18n import _
from ..qt import Qt, QtWidgets, Signal
from .guard import show, slot
from .kinds import Icon


class PresetsButton(QtWidgets.QToolButton):
    """Opens a menu. `effect()` is what is set now.

    `taken(preset)` is emitted for the one that the artist chooses, `said(text)` for what was done.
    """

    taken = Signal(object)
    said = Signal(str)

    def __init__(self, effect: Callable[[], Effect], icon: Icon) -> None:
        super().__init__()
        self._effect = effect
        self.setText("☰")
        if not icon.isNull():
            self.setIcon(icon)
        tip = _("Styles and settings under a name, the same in GIMP, Krita and scripts")
        self.setToolTip("{}: {}".format(_("Presets"), tip))
        self.setAccessibleName(_("Presets"))
        self.setPopupMode(QtWidgets.QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu_of_presets = QtWidgets.QMenu(self)
        self.menu_of_presets.aboutToShow.connect(slot(self, self._fill))
        self.setMenu(self.menu_of_presets)

    def _fill(self) -> None:
        presets, menu = list_presets(), self.menu_of_presets
        menu.clear()
        for preset in presets.found:
            menu.addAction(_plain(preset.name)).triggered.connect(self._emitting(preset))
        if not presets.found:
            menu.addAction(_("No preset is saved yet")).setEnabled(False)
        menu.addSeparator()
        save = menu.addAction(_("Save as a Preset…"))
        save.setEnabled(bool(self._effect().styles))
        save.triggered.connect(slot(self, lambda: self._ask_name([preset.name for preset in presets.found])))
        if presets.found:
            deleted = menu.addMenu(_("Delete a Preset"))
            for preset in presets.found:
                deleted.addAction(_plain(preset.name)).triggered.connect(self._asking(preset.name))
        for error in presets.errors:
            show(self, error)

    def _emitting(self, preset: Preset) -> Callable[..., None]:
        return slot(self, lambda: self.taken.emit(preset))

    def _asking(self, name: str) -> Callable[..., None]:
        return slot(self, lambda: self._ask_delete(name))

    def _ask_name(self, taken: Sequence[str]) -> None:
        dialog = NameDialog(self.window(), taken)
        dialog.accepted.connect(slot(self, lambda: self._save(dialog.name())))
        dialog.open()

    def _save(self, name: str) -> None:
        preset = save_preset(name, self._effect())
        self.said.emit(_("The preset {name} is saved.").format(name=preset.name))

    def _ask_delete(self, name: str) -> None:
        box = QtWidgets.QMessageBox(self.window())
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setObjectName("scumble_delete_preset")
        box.setWindowTitle(_("Delete a Preset"))
        box.setIcon(QtWidgets.QMessageBox.Icon.Question)
        box.setTextFormat(Qt.TextFormat.PlainText)
        question = _("Delete the preset {name}? GIMP and scripts will not have it any more either.")
        box.setText(question.format(name=name))
        delete = box.addButton(_("Delete"), QtWidgets.QMessageBox.ButtonRole.DestructiveRole)
        box.addButton(_("Cancel"), QtWidgets.QMessageBox.ButtonRole.RejectRole)
        delete.clicked.connect(slot(self, lambda: self._delete(name)))
        box.open()

    def _delete(self, name: str) -> None:
        delete_preset(name)
        self.said.emit(_("The preset {name} is deleted.").format(name=name))


class NameDialog(QtWidgets.QDialog):
    """Asks for the name of a preset, and says where it takes the place of another."""

    def __init__(self, parent, taken: Sequence[str]) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("scumble_save_preset")
        self.setWindowTitle(_("Save as a Preset"))
        self._taken = {name.casefold() for name in taken}
        self.field = QtWidgets.QLineEdit()
        self.field.setPlaceholderText(_("Name of the preset"))
        self.field.setMinimumWidth(28 * self.fontMetrics().averageCharWidth())
        self.note = QtWidgets.QLabel(" ")
        buttons = QtWidgets.QDialogButtonBox()
        self.save_button = buttons.addButton(_("Save"), QtWidgets.QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(_("Cancel"), QtWidgets.QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QtWidgets.QVBoxLayout(self)
        for widget in (self.field, self.note, buttons):
            column.addWidget(widget)
        self.field.textChanged.connect(slot(self, self._look))
        self._look()

    def name(self) -> str:
        """What is typed."""
        return " ".join(self.field.text().split())

    def _look(self) -> None:
        there = self.name().casefold() in self._taken
        self.note.setText(_("It takes the place of the preset of that name.") if there else " ")
        self.save_button.setEnabled(bool(self.name()))


def _plain(name: str) -> str:
    """The name as a menu shows it: an ampersand is not a key to press."""
    return name.replace("&", "&&")
