"""What threads tell a user interface, which reads it when it comes to it."""

from __future__ import annotations

import queue
from typing import Any, Callable, Generic, List, Optional, TypeVar

Event = TypeVar("Event")


class EventQueue(Generic[Event]):
    """Events in the order in which they were told; `wake` is called on the teller's thread for each."""

    def __init__(self, wake: Optional[Callable[[], Any]] = None) -> None:
        self._wake = wake
        self._events: queue.Queue[Event] = queue.Queue()

    def tell(self, event: Event) -> None:
        """Add an event. Does not wait."""
        self._events.put(event)
        if self._wake is not None:
            self._wake()

    def read(self) -> List[Event]:
        """What was told since the last call. Does not wait."""
        found = []
        while True:
            try:
                found.append(self._events.get_nowait())
            except queue.Empty:
                return found

    def wait(self, timeout: float) -> Optional[Event]:
        """The next event, or None when none comes within `timeout` seconds."""
        try:
            return self._events.get(timeout=timeout)
        except queue.Empty:
            return None
