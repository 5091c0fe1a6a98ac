"""Ctrl-C cancels the job first; a second one leaves at once."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def cancel_on_interrupt() -> Iterator[threading.Event]:
    """An event that the first SIGINT sets; the second raises KeyboardInterrupt as usual."""
    cancel = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield cancel  # Python delivers signals to the main thread only
        return

    def on_interrupt(number, frame) -> None:
        if cancel.is_set():
            signal.default_int_handler(number, frame)
        cancel.set()

    previous = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield cancel
    finally:
        signal.signal(signal.SIGINT, previous)
