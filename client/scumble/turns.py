"""One thread at a time for each thing that several may want to do."""

from __future__ import annotations

import contextlib
import threading
from typing import Hashable, Iterator, Set


class Turns:
    """Whose turn it is, by key. For any thread."""

    def __init__(self) -> None:
        self._taken: Set[Hashable] = set()
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def turn(self, key: Hashable) -> Iterator[bool]:
        """Wait until no other thread has a turn with this key; whether one had it until now."""
        with self._changed:
            waited = key in self._taken
            self._changed.wait_for(lambda: key not in self._taken)
            self._taken.add(key)
        try:
            yield waited
        finally:
            with self._changed:
                self._taken.discard(key)
                self._changed.notify_all()
