"""One submitted job, seen from the client."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Callable, Optional, Tuple

from .errors import ScumbleError
from .pending import (
    CANCEL_PATIENCE_S,
    LOST,
    MAX_RECOVERIES,
    PREVIEW_SIDE,
    SILENCE_S,
    Asking,
    Event,
    Pending,
    preview_of,
)
from .pixels.disk import Landing
from .pixels.pixels import BytesLike, PixelFormat, Pixels
from .pixels.shared_memory import find_block
from .request import StylizeRequest
from .request_codec import Contents, to_spec
from .wire import messages as m
from .wire.connection import Connection

__all__ = ["CANCEL_PATIENCE_S", "LOST", "PREVIEW_SIDE", "SILENCE_S", "WINDOW", "Job", "Progress"]

REVERSAL = "reversal"
"""The feature of a daemon that takes styles off again."""
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


class Job(Pending[Pixels]):
    """A job in the daemon. `Client.submit` makes one.

    `result` may be called from one thread, and `cancel` from any.

    Attributes:
        seconds: how long it was computed; 0 until there is a result.
    """

    def __init__(self, client: Asking, job_id: str, request: StylizeRequest, options: dict) -> None:
        super().__init__(client, job_id)
        self.request = request
        self.options = options
        self.seconds = 0.0
        self._spec: dict = {}
        self._landing: Optional[Landing] = None
        self._filled = 0
        self._reversal = b""

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

        def on_event(event: Event, payloads: Tuple[BytesLike, ...]) -> Optional[Pixels]:
            if isinstance(event, m.Progress):
                if on_progress is not None:
                    on_progress(Progress(event.done, event.total, event.stage, event.eta_s))
            elif isinstance(event, m.Preview):
                if on_preview is not None and len(payloads) == 1:
                    on_preview(preview_of(event, payloads))
            elif isinstance(event, m.Result):
                self.seconds, self._reversal = event.seconds, event.reversal
                return self._on_memory(event) if event.memory else self._on_result(event, payloads)
            return None

        return self._await(timeout, cancel, on_event)

    def _prepare(self) -> Contents:
        self._spec, contents = to_spec(self.request)
        return contents

    def _require(self, connection: Connection) -> None:
        if self.request.references:
            connection.require("references")
        if any(style.style.reversal is not None for style in self.request.styles):
            connection.require(REVERSAL)

    def _message(self, connection: Connection) -> m.Message:
        return m.Submit(self.id, self._spec, window=WINDOW, shared=connection.sharing, **self.options)

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
        if self.connection is not None:
            self.connection.sharing = False
        try:
            self._client._submit_again(self)
            return None
        except ScumbleError as error:
            lost = error.unraised()
        self._recover(lost)
        return None

    def _received(self, data: BytesLike) -> Pixels:
        self._client._send_received(self)
        image = self.request.image
        extent = self.request.bounds.extent
        return Pixels(extent, image.format, data, image.profile, self._reversal or None)

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
        if self._landing is not None:
            self._landing.close()
            self._landing = None


def _bad_result() -> ScumbleError:
    return ScumbleError("bad-result", "The daemon sent a result that does not fit the job.")
