"""One style that the daemon learns, seen from the client."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Callable, Optional, Tuple

from .learn_request import LearnRequest, learn_spec
from .pending import Asking, Event, Pending, preview_of
from .pixels.pixels import BytesLike, Pixels
from .request_codec import Contents
from .wire import messages as m
from .wire.connection import Connection

FEATURE = "learning"
"""What `welcome` calls it."""


@dataclass(frozen=True)
class LearningProgress:
    """`done` of `total` steps, the seconds left, and of which step the tensors are that paintings get now."""

    done: int
    total: int
    eta_s: float = 0.0
    stored: int = 0


@dataclass(frozen=True)
class LearnedStyle:
    """What has been learned: `name` is that of the library, empty for a picture that is in none.

    `steps` are those of the tensors, `seconds` what it took now: next to nothing where it was known already.
    """

    name: str
    steps: int
    seconds: float
    device: str


OnLearning = Callable[[LearningProgress], None]


class Learning(Pending[LearnedStyle]):
    """A style that is being learned. `Client.submit_learning` makes one.

    `result` may be called from one thread, and `cancel` from any: what was learned until then is kept, and
    the same request goes on from there. Without `cancel` the daemon goes on, whether anyone waits or not.
    """

    def __init__(self, client: Asking, job_id: str, request: LearnRequest, *, preview: bool = False) -> None:
        super().__init__(client, job_id)
        self.request = request
        self._preview = preview
        self._spec: dict = {}

    def result(
        self,
        timeout: Optional[float] = None,
        *,
        on_progress: Optional[OnLearning] = None,
        on_preview: Optional[Callable[[Pixels], None]] = None,
        cancel: Optional[threading.Event] = None,
    ) -> LearnedStyle:
        """Wait until the style is learned; the arguments are those of `Job.result`.

        Raises ScumbleError: `timeout` (the learning goes on), `cancelled`, `no-image` for a style of the
        library whose picture is not there, `cannot-learn` for an engine that cannot, or what else the daemon
        says.
        """

        def on_event(event: Event, payloads: Tuple[BytesLike, ...]) -> Optional[LearnedStyle]:
            if isinstance(event, m.Learning):
                if on_progress is not None:
                    on_progress(LearningProgress(event.done, event.total, event.eta_s, event.stored))
            elif isinstance(event, m.Preview):
                if on_preview is not None:
                    on_preview(preview_of(event, payloads))
            elif isinstance(event, m.Learned):
                return LearnedStyle(event.style, event.steps, event.seconds, event.device)
            return None

        return self._await(timeout, cancel, on_event)

    def _prepare(self) -> Contents:
        self._spec, contents = learn_spec(self.request)
        return contents

    def _require(self, connection: Connection) -> None:
        connection.require(FEATURE)

    def _message(self, connection: Connection) -> m.Message:
        return m.Learn(self.id, self._spec, self._preview)
