"""Wake a thread that polls, from another thread or from a signal handler."""

from __future__ import annotations

import contextlib
import socket


class Waker:
    """Register `fileno()` for reading; after `wake` it is readable until `clear`."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    def fileno(self) -> int:
        """The descriptor to poll."""
        return self._reader.fileno()

    def wake(self) -> None:
        """Make it readable; without effect once closed."""
        with contextlib.suppress(OSError):
            self._writer.send(b"\0")  # full means that it is readable already

    def stay_awake(self) -> None:
        """Make it readable for good."""
        with contextlib.suppress(OSError):
            self._writer.shutdown(socket.SHUT_WR)

    def clear(self) -> None:
        """Make it unreadable again, but for `stay_awake`."""
        with contextlib.suppress(OSError):
            while self._reader.recv(4096):
                pass

    def close(self) -> None:
        """Free the descriptors."""
        self._writer.close()
        self._reader.close()
