"""The styles and what the artist has made of them: favourites, recent ones, files, results of before."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, Callable, Mapping, Optional, Sequence

from scumble import ScumbleError
from scumble.editing import (
    EditorSettings,
    Effect,
    Gallery,
    GalleryStyle,
    HistoryEntry,
    StyleChoice,
    load_settings,
    save_settings,
    settings_file,
)
from scumble.editing.mix import evened

from ..i18n import LANGUAGE, TEXTS, _
from ..qt import QtCore, QtGui, Signal
from .guard import EDITOR
from .kinds import Image, Object
from .pictures import Pictures, jpeg

HISTORY_SIDE = 96


class Library(QtCore.QObject):
    """Gallery, pictures and settings. `changed` is emitted when any of them has."""

    changed = Signal()

    def __init__(self, parent: Object) -> None:
        super().__init__(parent)
        self._file = settings_file(EDITOR)
        self.settings: EditorSettings = load_settings(self._file)
        self.gallery = Gallery(self.settings, LANGUAGE, TEXTS)
        self.pictures = Pictures(self)

    def last_effect(self) -> Effect:
        """What was used last, in this Krita or the one before; layers of then are no styles of now,
        nor masks."""
        effect = self.settings.effect
        styles = [replace(style, mask="") for style in effect.styles if style.kind != "layer"]
        return replace(effect, styles=evened(styles), protect_mask="")

    def set_styles(self, styles: Sequence[Mapping[str, Any]]) -> None:
        """Take the styles of the daemon's library."""
        self.gallery.set_library(styles)
        self.changed.emit()

    def toggle_favourite(self, style: GalleryStyle) -> None:
        """Make a style a favourite, or not one any more."""
        self._save(lambda settings: settings.toggled(style.choice))

    def set_learning(self, on: bool) -> None:
        """Turn the learning of added paintings on or off."""
        self._save(lambda settings: settings.learning(on))

    def set_on_layer(self, on: bool) -> None:
        """Show the layer in each style, or the paintings."""
        self._save(lambda settings: settings.showing_layer(on))

    def painted(self, effect: Effect, layer: str, picture: Image) -> None:
        """Remember a result: how it was painted, the name of the layer, and a small picture of it."""
        entry = HistoryEntry(effect, layer, time.time(), jpeg(picture, HISTORY_SIDE))
        self._save(lambda settings: settings.painted(entry))

    def add_file(self, path: str) -> GalleryStyle:
        """Take a picture as a style. Raises ScumbleError `bad-style` for a file that is none."""
        choice = StyleChoice("file", path)
        if self.pictures.of(choice) is None and QtGui.QImageReader.imageFormat(path).isEmpty():
            raise ScumbleError("bad-style", _("This file is no picture: choose a JPEG, PNG or WebP file."))
        return self.add(choice)

    def add_layer(self, choice: StyleChoice, picture: Image) -> GalleryStyle:
        """Take a layer as a style."""
        self.pictures.put(choice.kind, choice.value, picture)
        return self.add(choice)

    def add(self, choice: StyleChoice) -> GalleryStyle:
        """Have the gallery show that style."""
        self.gallery.add(choice)
        self.changed.emit()
        found = self.gallery.find(*choice.key)
        return found if found is not None else GalleryStyle(choice)

    def _save(self, change: Callable[[EditorSettings], EditorSettings]) -> None:
        """Change the settings as they are on the disk now: another window may have changed them too."""
        problem: Optional[OSError] = None
        self.settings = change(load_settings(self._file))
        try:
            save_settings(self._file, self.settings)
        except OSError as error:
            problem = error
        self.gallery.remember(self.settings)
        self.changed.emit()
        if problem is not None:
            raise ScumbleError(
                "settings-not-saved",
                _("The settings could not be saved: {reason}").format(reason=problem.strerror),
                hint=_("Make room on the disk, or let Scumble write to its folder."),
            )
