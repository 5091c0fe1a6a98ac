"""Which layer is the active one after ours was added."""

from __future__ import annotations

from typing import Any, List

from krita import Krita

from .qt import QtCore

_EVERY_MS = 20
_TRIES = 50
_keepers: "List[_Keeper]" = []


def keep_active(document: Any, added: Any) -> None:
    """Call this before `added` goes into a document: the layer that is active stays so.

    Krita makes a new layer the active one, but only later, from its event loop. So this waits for that and
    then takes it back, unless the artist has chosen another layer meanwhile.
    """
    before = document.activeNode()
    if before is not None:
        _Keeper(document, before, added)


def is_keeping() -> bool:
    """Whether a document is still watched: best not to close one then."""
    return bool(_keepers)


class _Keeper(QtCore.QObject):
    """Looks a few times, and goes."""

    def __init__(self, document: Any, before: Any, added: Any) -> None:
        super().__init__()
        self._document, self._before, self._added = document, before, added
        self._left = _TRIES
        self._timer = QtCore.QTimer(self)
        self._timer.timeout.connect(self._look)
        self._timer.start(_EVERY_MS)
        _keepers.append(self)  # nobody else holds it

    def _look(self) -> None:
        self._left -= 1
        # A closed document must not be asked anything.
        alive = self._document in Krita.instance().documents()
        active = self._document.activeNode() if alive else None
        if active is not None and active == self._added:
            if self._left > 0 and Krita.instance().activeDocument() != self._document:
                return  # Krita asks the image in front for the layer, does not find it, and may crash
            self._document.setActiveNode(self._before)
        elif alive and self._left > 0 and (_is_gone(active) or active == self._before):
            return
        self._timer.stop()
        # Not at once: that would end the timer while it calls us.
        QtCore.QTimer.singleShot(0, lambda: _keepers.remove(self))


def _is_gone(node: Any) -> bool:
    return node is None or node.parentNode() is None
