"""The paintings that the artist chooses in the dialog are learned, while the dialog stays in use."""

from __future__ import annotations

from typing import Callable, Optional, Tuple

from gi.repository import GLib

from scumble import Pixels, ScumbleError
from scumble.editing import BackgroundLearning, EditorSettings, StyleChoice

from .painting import layer_pixels

Key = Tuple[str, str]


class DialogLearning:
    """Has styles learned while `on` is true, for as long as the settings say.

    `on_changed(key, painted)` is called when the learning of a style has gone on, `painted` telling whether
    previews look different since; `on_error(error)` for what the artist should hear of.
    """

    def __init__(
        self,
        settings: EditorSettings,
        on_changed: Callable[[Key, bool], None],
        on_error: Callable[[ScumbleError], None],
    ) -> None:
        self.on = settings.learn
        self._on_changed, self._on_error = on_changed, on_error
        # Called on another thread; the events are read on this one.
        self._learning = BackgroundLearning(
            "gimp", wake=lambda: GLib.idle_add(self._read_events), steps=settings.learn_steps
        )

    def learn(self, choice: Optional[StyleChoice], config, before: Optional[Pixels]) -> None:
        """Have a picture or a layer learned; until that is done it is painted at first sight."""
        if not self.on or choice is None or choice.kind == "library":
            return
        engine, device = (config.get_property(name) for name in ("engine", "device"))
        try:
            if self._learning.learn(choice, engine, device, before, layer_pixels):
                self._on_changed(choice.key, False)
        except ScumbleError as error:
            self._on_error(error)

    def progress(self, key: Key) -> Optional[float]:
        """How far the learning of a style is, 0 to 1; None when it is not being learned."""
        return self._learning.progress(key)

    def close(self) -> None:
        """Hear no more of it; the daemon goes on."""
        self._learning.close()

    def _read_events(self) -> bool:
        for event in self._learning.events():
            self._on_changed(event.key, event.kind in ("stored", "done"))
            if event.error is not None:
                self._on_error(event.error)
        return GLib.SOURCE_REMOVE
