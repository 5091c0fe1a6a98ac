"""Something the daemon has been asked to do that takes a while: waited for, cancelled, asked for again."""

from __future__ import annotations

import queue
import threading
import time
from abc import abstractmethod
from typing import Any, Callable, Generic, Optional, Protocol, Tuple, TypeVar, Union

from .errors import ScumbleError
from .pixels.geometry import Extent
from .pixels.pixels import BytesLike, PixelFormat, Pixels
from .request_codec import Contents
from .wire import messages as m
from .wire.connection import Connection

CANCEL_POLL_S = 0.1
SILENCE_S = 5.0
CANCEL_PATIENCE_S = 2.0
MAX_RECOVERIES = 5
LOST = ("connection-lost", "no-session", "no-daemon", "bad-signature")
"""Codes that mean: connect again."""
PREVIEW_SIDE = 4096

Event = Union[m.Message, ScumbleError]
R = TypeVar("R")
OnEvent = Callable[[Event, Tuple[BytesLike, ...]], Optional[R]]


class Asking(Protocol):
    """What a request that is waited for needs of the client that made it."""

    def ping(self, timeout: float = ...) -> float:
        """Seconds until the daemon answers. Raises `daemon-not-responding`, `connection-lost`."""
        ...

    def _submit_again(self, job: AnyPending) -> None:
        """Ask for it once more under its id, on a new connection if need be."""
        ...

    def _send_cancel(self, job: AnyPending) -> None:
        """Tell the daemon that nobody wants it any more."""
        ...

    def _send_taken(self, job: AnyPending, offset: int) -> None:
        """Tell the daemon how many bytes of the result have been taken."""
        ...

    def _send_received(self, job: AnyPending) -> None:
        """Tell the daemon that the whole result is here."""
        ...

    def _forget(self, job: AnyPending) -> None:
        """Bring it no more events."""
        ...


class Pending(Generic[R]):
    """What jobs and learnings have in common; `R` is what comes of them.

    One thread waits for it, and any may cancel it. If the daemon dies it is started again and asked again,
    under the same id.
    """

    def __init__(self, client: Asking, job_id: str) -> None:
        self.id = job_id
        """32 hexadecimal digits."""
        self.connection: Optional[Connection] = None
        """The connection that it was last asked for on."""
        self._client = client
        self._events: queue.Queue[Tuple[Event, Tuple[BytesLike, ...]]] = queue.Queue()
        self._cancelled_at: Optional[float] = None
        self._recoveries = 0
        self._result: Optional[R] = None
        self._error: Optional[ScumbleError] = None

    @abstractmethod
    def _prepare(self) -> Contents:
        """The contents that the daemon must have first."""

    def _require(self, connection: Connection) -> None:
        """Raise ScumbleError `daemon-too-old` where that daemon lacks what is asked for."""

    @abstractmethod
    def _message(self, connection: Connection) -> m.Message:
        """What to ask on that connection."""

    def _give_up(self) -> None:
        """Let go of what has arrived."""

    def cancel(self) -> None:
        """Ask the daemon to stop; `result` then raises ScumbleError `cancelled`.

        Does not wait for the daemon. Without effect on what is over.
        """
        if self._cancelled_at is None:
            self._cancelled_at = time.monotonic()
            self._client._send_cancel(self)
            self._events.put((m.Cancel(self.id), ()))  # wakes the thread that waits

    def _deliver(self, event: Event, payloads: Tuple[BytesLike, ...] = ()) -> None:
        """Called by the client's receiving thread."""
        self._events.put((event, payloads))

    def _await(self, timeout: Optional[float], cancel: Optional[threading.Event], on_event: OnEvent[R]) -> R:
        """Wait until `on_event` returns what has come of it. Raises as `Job.result`."""
        if self._result is not None:
            return self._result
        if self._error is not None:
            raise self._error.unraised()
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            self._result = self._wait(deadline, cancel, on_event)
        except ScumbleError as error:
            if error.code != "timeout":
                self._error = error.unraised()
                self._client._forget(self)
                self._give_up()
            raise
        except BaseException:
            self.cancel()
            raise
        self._client._forget(self)
        return self._result

    def _wait(self, deadline: Optional[float], cancel: Optional[threading.Event], on_event: OnEvent[R]) -> R:
        heard = time.monotonic()
        while True:
            if cancel is not None and cancel.is_set():
                self.cancel()
            now = time.monotonic()
            if self._cancelled_at is not None and now - self._cancelled_at > CANCEL_PATIENCE_S:
                raise cancelled()  # a daemon that does not answer must not hold up an editor
            if deadline is not None and now >= deadline:
                raise ScumbleError(
                    "timeout", "The result did not come within the time given.", retryable=True
                )
            if now - heard > SILENCE_S:
                self._check_daemon()
                heard = time.monotonic()
            polling = cancel is not None or self._cancelled_at is not None
            wait = CANCEL_POLL_S if polling else SILENCE_S
            if deadline is not None:
                wait = min(wait, deadline - now)
            try:
                event, payloads = self._events.get(timeout=wait)
            except queue.Empty:
                continue
            heard = time.monotonic()
            if isinstance(event, m.Cancelled):
                raise cancelled()
            if isinstance(event, m.Error):
                raise event.to_error()
            if isinstance(event, ScumbleError):
                self._recover(event)
                continue
            finished = on_event(event, payloads)
            if finished is not None:
                return finished

    def _check_daemon(self) -> None:
        """After a silence: is the daemon there, and does it still know us?"""
        try:
            self._client.ping(timeout=3 * SILENCE_S)
            return
        except ScumbleError as error:
            if error.code not in LOST:
                raise
            lost = error.unraised()
        # Not while it is handled: what is raised on the way would hold it, and with it this job.
        self._recover(lost)

    def _recover(self, error: ScumbleError) -> None:
        """Connect again and ask again, under the same id: nothing is done twice."""
        while True:
            self._recoveries += 1
            if self._cancelled_at is not None:
                raise cancelled()
            if error.code not in LOST or self._recoveries > MAX_RECOVERIES:
                raise error.unraised()
            self._give_up()
            try:
                self._client._submit_again(self)
                return
            except ScumbleError as again:
                error = again.unraised()


AnyPending = Pending[Any]


def cancelled() -> ScumbleError:
    """What the one who waits for something cancelled gets."""
    return ScumbleError("cancelled", "The job was cancelled.")


def preview_of(event: m.Preview, payloads: Tuple[BytesLike, ...]) -> Pixels:
    """The pixels of a preview. Raises ScumbleError `bad-result` for what is none."""
    extent = event.extent
    if len(payloads) != 1 or len(extent) != 2 or max(extent) > PREVIEW_SIDE:
        raise ScumbleError("bad-result", "The daemon sent a preview that does not fit the job.")
    return Pixels(Extent(*extent), PixelFormat(event.dtype, event.channels), payloads[0])
