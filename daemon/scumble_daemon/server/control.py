"""The control socket: ping, status, cancel, unload and shutdown, answered whatever else goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import zmq

from scumble.errors import ScumbleError
from scumble.wire import messages as m
from scumble.wire.session import Packet
from scumble.wire.zmtp_transport import Wakeup

from .sessions import Session, Sessions

TICK_MS = 1000
STALLED_TICK_MS = 10


class ControlThread:
    """Serves the control socket on a thread of its own.

    `status` gives a dict that nobody changes any more. `order` gets ``cancel`` with a job id,
    ``unload`` or ``shutdown``; it is called on this thread and must not wait.
    """

    def __init__(
        self,
        socket: zmq.Socket,
        sessions: Sessions,
        status: Callable[[], dict[str, Any]],
        order: Callable[[str, str], None],
    ) -> None:
        self._socket, self._sessions, self._status, self._order = socket, sessions, status, order
        self._waker = Wakeup()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="control", daemon=True)

    @property
    def last_heard(self) -> float:
        """When a client that holds the key was last heard of."""
        return self._sessions.last_heard

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, after what it owes has had a moment to go out."""
        self._stopping = True
        self._waker.wake()
        self._thread.join()
        self._waker.close()

    def _run(self) -> None:
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        poller.register(self._waker.fileno(), zmq.POLLIN)
        stalled = False
        while not self._stopping:
            poller.poll(STALLED_TICK_MS if stalled else TICK_MS)
            self._waker.clear()
            now = time.monotonic()
            for session, message, packet in self._sessions.receive(now):
                try:
                    self._handle(session, message, packet)
                except ScumbleError as error:
                    request = getattr(message, "request", 0)
                    self._sessions.send(session, m.Error.of(error, request=request))
            stalled = self._sessions.flush(now)

    def _handle(self, session: Session, message: m.Message, packet: Packet) -> None:
        if packet.payloads:
            raise ScumbleError("bad-message", "No message on the control socket has a payload.")
        if isinstance(message, m.Ping):
            self._sessions.send(session, m.Pong(message.request))
        elif isinstance(message, m.Status):
            self._sessions.send(session, m.Report(message.request, self._status()))
        elif isinstance(message, m.Cancel):
            self._order("cancel", message.job)
            self._sessions.send(session, m.Done(message.request))
        elif isinstance(message, (m.Unload, m.Shutdown)):
            self._sessions.send(session, m.Done(message.request))
            self._sessions.flush(time.monotonic())
            self._order(message.type, "")
        else:
            raise ScumbleError(
                "unknown-message", "A {type} message has no place on the control socket.", type=message.type
            )
