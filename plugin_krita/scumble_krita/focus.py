"""Which layer is the active one after ours was added."""

from __future__ import annotations

from typing import Any, List, Tuple

from krita import Krita

from .layers import is_gone
from .qt import QtCore

_EVERY_MS = 20
_TRIES = 150
_TRIES_AFTER = 15  # Krita may do it twice: when the layer comes, and from its event loop
_keepers: "List[_Keeper]" = []


def keep_active(document: Any, *added: Any) -> None:
    """Call this before `added` go into a document: the layer that is active stays so.

    Krita makes a new layer the active one, but often only later, from its event loop. So this waits for that
    and then takes it back, unless the artist has chosen another layer meanwhile.
    """
    before = active_layer(document)
    if before is not None and added:
        _Keeper(document, before, added)


def active_layer(document: Any) -> Any:
    """The layer that is active, or will be again in a moment."""
    active = document.activeNode()
    for keeper in _keepers:
        if active is not None and keeper.document == document and active in keeper.added:
            return keeper.before
    return active


def is_keeping() -> bool:
    """Whether a document is still watched: best not to close one then."""
    return bool(_keepers)


class _Keeper(QtCore.QObject):
    """Looks a few times, and goes."""

    def __init__(self, document: Any, before: Any, added: Tuple[Any, ...]) -> None:
        super().__init__()
        self.document, self.before, self.added = document, before, added
        self._left = _TRIES
        self._timer = QtCore.QTimer(self)
        self._timer.timeout.connect(self._look)
        self._timer.start(_EVERY_MS)
        _keepers.append(self)  # nobody else holds it

    def _look(self) -> None:
        self._left -= 1
        # A closed document must not be asked anything; a layer that was deleted since is not taken back.
        alive = self.document in Krita.instance().documents() and not is_gone(self.before)
        active = self.document.activeNode() if alive else None
        if active is not None and active in self.added:
            # Else Krita asks the image in front for the layer, does not find it, and may crash.
            if Krita.instance().activeDocument() == self.document:
                self.document.setActiveNode(self.before)
                self._left = min(self._left, _TRIES_AFTER)
            if self._left > 0:
                return
        elif alive and self._left > 0 and (is_gone(active) or active == self.before):
            return
        self._timer.stop()
        # Not at once: that would end the timer while it calls us.
        QtCore.QTimer.singleShot(0, lambda: _keepers.remove(self))
