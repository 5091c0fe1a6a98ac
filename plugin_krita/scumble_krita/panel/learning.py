"""The paintings that the artist chooses as styles are learned, while the panel stays in use."""

from __future__ import annotations

import contextlib
from typing import Callable, Optional, Tuple

from scumble import Client, Pixels, ScumbleError
from scumble.editing import BackgroundLearning, Effect, StyleChoice

from ..qt import QtCore, Signal
from .editor import Editor
from .guard import EDITOR, as_error, show, slot
from .kinds import Object

GLANCE_SIDE = 384
"""Longest side of the picture of the layer that the style is learned on, besides others."""


class PanelLearning(QtCore.QObject):
    """Has styles learned. `went_on(key, painted)` is emitted when the learning of one has gone on; `painted`
    tells whether previews look different since. `steps` are those of each learning."""

    went_on = Signal(object, bool)
    _woken = Signal()

    def __init__(self, editor: Editor, parent: Object, connect: Callable[[], Client], steps: int) -> None:
        super().__init__(parent)
        self._editor, self._closed = editor, False
        # Another thread wakes this one: a queued signal is the only call that may cross.
        queued = QtCore.Qt.ConnectionType.QueuedConnection
        self._woken.connect(slot(self, self._read_events), queued)
        self._learning = BackgroundLearning(EDITOR, connect, wake=self._wake, steps=steps)

    def learn(self, choice: StyleChoice, effect: Effect) -> None:
        """Have a picture or a layer learned; until that is done it is painted at first sight.

        Raises ScumbleError as reading it does.
        """
        if choice.kind == "library":
            return
        image: Optional[Pixels] = None
        with contextlib.suppress(ScumbleError):  # without a document there is nothing to learn on
            image = self._editor.glance(GLANCE_SIDE).pixels
        pixels_of = self._editor.layer_pixels
        if self._learning.learn(choice, effect.engine, effect.device, image, pixels_of):
            self.went_on.emit(choice.key, False)

    def progress(self, key: Tuple[str, str]) -> Optional[float]:
        """How far the learning of a style is, 0 to 1; None when it is not being learned."""
        return self._learning.progress(key)

    def close(self) -> None:
        """Hear no more of it; the daemon goes on."""
        self._closed = True
        self._learning.close()

    def _wake(self) -> None:
        try:
            self._woken.emit()
        except RuntimeError:
            return  # the widgets are gone: nobody is left to tell

    def _read_events(self) -> None:
        if self._closed:
            return
        for event in self._learning.events():
            self.went_on.emit(event.key, event.kind in ("stored", "done"))
            if event.error is not None:
                show(self, as_error(event.error))
