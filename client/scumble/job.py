"""One submitted job, seen from the client."""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable, List, Optional, Tuple, Union

from . import messages as m
from .errors import ScumbleError
from .geometry import Extent
from .pixels import BytesLike, PixelFormat, Pixels
from .request import StylizeRequest
from .shared import find_block
from .spool import Landing

if TYPE_CHECKING:
    from .client import Client
    from .link import Link

CANCEL_POLL_S = 0.1
SILENCE_S = 5.0
CANCEL_PATIENCE_S = 2.0
MAX_RECOVERIES = 5
LOST = ("connection-lost", "no-session", "no-daemon", "bad-signature")
"""Codes that mean: connect again."""
PREVIEW_SIDE = 4096
WINDOW = 32 << 20
"""Bytes of a result that the daemon may send ahead of what was taken."""


@dataclass(frozen=True)
class Progress:
    """How far a job is: `done` of `total` steps of a stage, and a guess of the seconds left."""

    done: int
    total: int
    stage: str = ""
    eta_s: float = 0.0


OnProgress = Callable[[Progress], None]
OnPreview = Callable[[Pixels], None]
Event = Union[m.Message, ScumbleError]


class Job:
    """A job in the daemon. `Client.submit` makes one.

    `result` may be called from one thread, and `cancel` from any.
    """

    def __init__(self, client: Client, job_id: str, request: StylizeRequest, options: dict) -> None:
        self.id = job_id
        """32 hexadecimal digits."""
        self.request = request
        self.options = options
        self.link: Optional[Link] = None
        """The connection that it was last submitted on."""
        self._client = client
        self._events: queue.Queue[Tuple[Event, Tuple[BytesLike, ...]]] = queue.Queue()
        self._cancelled_at: Optional[float] = None
        self._landing: Optional[Landing] = None
        self._filled = 0
        self._recoveries = 0
        self._result: Optional[Pixels] = None
        self._error: Optional[ScumbleError] = None

    def result(
        self,
        timeout: Optional[float] = None,
        *,
        on_progress: Optional[OnProgress] = None,
        on_preview: Optional[OnPreview] = None,
        cancel: Optional[threading.Event] = None,
    ) -> Pixels:
        """Wait for the result: pixels of the request's region in the layer's format.

        `on_progress` and `on_preview` are called on this thread; when one raises, the job is
        cancelled and the exception goes on. Setting `cancel` cancels the job. If the daemon dies it
        is started again and the job runs there.

        Raises ScumbleError: `timeout` after that many seconds (the job goes on), `cancelled`,
        `daemon-not-responding`, or what the daemon says.
        """
        if self._result is not None:
            return self._result
        if self._error is not None:
            raise self._error.unraised()
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            self._result = self._wait(deadline, on_progress, on_preview, cancel)
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

    def cancel(self) -> None:
        """Ask the daemon to stop the job; `result` then raises ScumbleError `cancelled`.

        Does not wait for the daemon. Without effect on a job that is over.
        """
        if self._cancelled_at is None:
            self._cancelled_at = time.monotonic()
            self._client._send_cancel(self)
            self._events.put((m.Cancel(self.id), ()))  # wakes the thread that waits

    def _deliver(self, event: Event, payloads: Tuple[BytesLike, ...] = ()) -> None:
        """Called by the client's receiving thread."""
        self._events.put((event, payloads))

    def _wait(
        self,
        deadline: Optional[float],
        on_progress: Optional[OnProgress],
        on_preview: Optional[OnPreview],
        cancel: Optional[threading.Event],
    ) -> Pixels:
        heard = time.monotonic()
        while True:
            if cancel is not None and cancel.is_set():
                self.cancel()
            now = time.monotonic()
            if self._cancelled_at is not None and now - self._cancelled_at > CANCEL_PATIENCE_S:
                raise _cancelled()  # a daemon that does not answer must not hold up an editor
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
            finished = self._on_event(event, payloads, on_progress, on_preview)
            if finished is not None:
                return finished

    def _on_event(
        self,
        event: Event,
        payloads: Tuple[BytesLike, ...],
        on_progress: Optional[OnProgress],
        on_preview: Optional[OnPreview],
    ) -> Optional[Pixels]:
        if isinstance(event, m.Progress):
            if on_progress is not None:
                on_progress(Progress(event.done, event.total, event.stage, event.eta_s))
        elif isinstance(event, m.Preview):
            if on_preview is not None and len(payloads) == 1:
                on_preview(_preview(event, payloads[0]))
        elif isinstance(event, m.Result):
            return self._on_memory(event) if event.memory else self._on_result(event, payloads)
        elif isinstance(event, m.Cancelled):
            raise _cancelled()
        elif isinstance(event, m.Error):
            raise event.to_error()
        elif isinstance(event, ScumbleError):
            self._recover(event)
        return None

    def _on_result(self, piece: m.Result, payloads: Tuple[BytesLike, ...]) -> Optional[Pixels]:
        size = self._check_result(piece)
        if piece.offset == 0:
            self._give_up()
            self._landing, self._filled = Landing(size), 0
        length = memoryview(payloads[0]).nbytes if len(payloads) == 1 else 0
        fits = (
            self._landing is not None
            and length > 0
            and piece.offset == self._filled
            and self._filled + length <= size
        )
        if not fits or self._landing is None:
            raise _bad_result()
        self._landing.write(self._filled, payloads[0])
        self._filled += length
        if self._filled < size:
            self._client._send_taken(self, self._filled)
            return None
        data, self._landing = self._landing.finish(), None
        return self._received(data)

    def _on_memory(self, whole: m.Result) -> Optional[Pixels]:
        """The result lies in the daemon's memory: map it, or have it sent when that cannot be."""
        block = find_block(whole.memory, self._check_result(whole))
        try:
            if block is not None:
                with block:
                    return self._received(block.own_view())
        except MemoryError:
            pass  # there may be room for one piece after the other
        self._recoveries += 1
        if self._recoveries > MAX_RECOVERIES:
            raise _bad_result()
        if self.link is not None:
            self.link.sharing = False
        try:
            self._client._submit_again(self)
        except ScumbleError as error:
            self._recover(error)
        return None

    def _received(self, data: BytesLike) -> Pixels:
        self._client._send_received(self)
        image = self.request.image
        return Pixels(self.request.bounds.extent, image.format, data, image.profile)

    def _check_result(self, result: m.Result) -> int:
        """The bytes of a result for this job. Raises ScumbleError `bad-result` for that of another."""
        bounds, pixel_format = self.request.bounds, self.request.image.format
        size = pixel_format.byte_count(bounds.extent)
        fits = (
            result.size == size
            and result.bounds == list(bounds)
            and PixelFormat(result.dtype, result.channels) == pixel_format
        )
        if not fits:
            raise _bad_result()
        return size

    def _give_up(self) -> None:
        """Let go of what has arrived."""
        if self._landing is not None:
            self._landing.close()
            self._landing = None

    def _check_daemon(self) -> None:
        """After a silence: is the daemon there, and does it still know us?"""
        try:
            self._client.ping(timeout=3 * SILENCE_S)
        except ScumbleError as error:
            if error.code not in LOST:
                raise
            self._recover(error)

    def _recover(self, error: ScumbleError) -> None:
        """Connect again and submit again, under the same id: the job is not run twice."""
        while True:
            self._recoveries += 1
            if self._cancelled_at is not None:
                raise _cancelled()
            if error.code not in LOST or self._recoveries > MAX_RECOVERIES:
                raise error.unraised()
            self._give_up()
            try:
                self._client._submit_again(self)
                return
            except ScumbleError as again:
                error = again.unraised()


def _cancelled() -> ScumbleError:
    return ScumbleError("cancelled", "The job was cancelled.")


def _bad_result() -> ScumbleError:
    return ScumbleError("bad-result", "The daemon sent a result that does not fit the job.")


def _preview(event: m.Preview, payload: BytesLike) -> Pixels:
    extent: List[int] = event.extent
    if len(extent) != 2 or max(extent) > PREVIEW_SIDE:
        raise ScumbleError("bad-result", "The daemon sent a preview that does not fit the job.")
    return Pixels(Extent(*extent), PixelFormat(event.dtype, event.channels), payload)
