"""An installation beside a user interface: a thread does it, the interface reads events."""

from __future__ import annotations

import threading
import traceback
from dataclasses import dataclass
from typing import Any, Callable, List, Optional

from ..errors import ScumbleError
from ..events import EventQueue
from .errors import failure
from .installer import Installer, InstallPlan, InstallProgress


@dataclass(frozen=True)
class InstallEvent:
    """Something happened: `kind` is ``progress``, ``line``, ``done`` or ``failed``; the last two end it."""

    kind: str
    progress: Optional[InstallProgress] = None
    line: str = ""
    error: Optional[ScumbleError] = None


class BackgroundInstall:
    """Runs one installation at a time; `wake` is called on its thread whenever there is an event."""

    def __init__(self, wake: Callable[[], Any]) -> None:
        self._events = EventQueue[InstallEvent](wake)
        self._cancel = threading.Event()
        self._thread: Optional[threading.Thread] = None

    def start(self, plan: InstallPlan) -> None:
        """Begin, once the installation before has told its end."""
        if self._thread is not None:
            self._thread.join()
        self._cancel = threading.Event()
        self._thread = threading.Thread(target=self._work, args=(plan,), name="scumble-install", daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """Stop it; its ``failed`` with the code `cancelled` follows. What is done stays done."""
        self._cancel.set()

    def close(self) -> None:
        """Stop it, and wait a few seconds at most until it has let go."""
        self.cancel()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(5.0)

    def events(self) -> List[InstallEvent]:
        """What has happened since the last call; does not wait."""
        return self._events.read()

    def _work(self, plan: InstallPlan) -> None:
        def line(text: str) -> None:
            self._events.tell(InstallEvent("line", line=text))

        def progress(now: InstallProgress) -> None:
            self._events.tell(InstallEvent("progress", progress=now))

        try:
            Installer(plan, on_progress=progress, on_line=line, cancel=self._cancel).run()
        except ScumbleError as error:
            self._events.tell(InstallEvent("failed", error=error))
        except Exception:
            self._events.tell(InstallEvent("failed", error=failure("install-failed", traceback.format_exc())))
        else:
            self._events.tell(InstallEvent("done"))
