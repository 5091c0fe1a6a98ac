"""One thread at a time for each thing that several may want to do."""

from __future__ import annotations

import contextlib
import threading
from typing import Hashable, Iterator, Set


class Turns:
    """Whose turn it is, by key. For any thread.

    Attributes:
        ended: how many turns are over, of all keys. Who looks at it first and at something else then can
            tell from :meth:`turn` whether what was seen may have changed.
    """

    def __init__(self) -> None:
        self.ended = 0
        self._taken: Set[Hashable] = set()
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def turn(self, key: Hashable, ended: int) -> Iterator[bool]:
        """Wait until no other thread has a turn with this key; whether any has ended since `ended`."""
        with self._changed:
            self._changed.wait_for(lambda: key not in self._taken)
            self._taken.add(key)
            since = self.ended != ended
        try:
            yield since
        finally:
            with self._changed:
                self._taken.discard(key)
                self.ended += 1
                self._changed.notify_all()
