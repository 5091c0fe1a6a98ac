"""The styles that are to be learned: one at a time, behind everything that is painted."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from scumble.errors import ScumbleError
from scumble.pixels.pixels import BytesLike
from scumble.wire.messages import Cancelled, Error, Learned, Message, Preview
from scumble.wire.messages import Learning as Step

from .content_cache import ContentCache

MAX_WAITING = 16
MAX_ENDED = 64
NOTES = ("learning", "learned")
"""Kinds of notes from the worker that are about nothing else; it also says preview, failed and cancelled."""

log = logging.getLogger(__name__)


@dataclass
class Learning:
    """One style to be learned and all that is known of it.

    Attributes:
        digests: the contents it needs, pinned until it ends.
        fingerprint: SHA-256 of its spec: the same id with another one is another learning.
        listeners: the clients that want to hear of it. Without any it goes on: its result is kept.
        outcome: the message that ended it, for whoever asks.
        progress: steps done and in all.
    """

    id: str
    spec: dict[str, Any]
    digests: list[bytes]
    fingerprint: bytes
    preview: bool
    listeners: set[bytes] = field(default_factory=set)
    outcome: Message | None = None
    progress: tuple[int, int] = (0, 0)
    cancelled_at: float | None = None

    @property
    def title(self) -> str:
        """What people call the style, as far as the request says."""
        return str(self.spec.get("title") or self.spec["style"].get("library") or "a picture")[:200]


class LearningQueue:
    """The queue, the one that the worker has, and the last that have ended. For the broker's thread.

    `answer` brings a message to a client by its peer id.
    """

    def __init__(self, store: ContentCache, answer: Callable[[bytes, Message, tuple], None]) -> None:
        self._store, self._answer = store, answer
        self._known: dict[str, Learning] = {}
        self._waiting: deque[Learning] = deque()
        self._ended: deque[Learning] = deque()
        self.current: Learning | None = None

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._waiting)

    @property
    def active(self) -> bool:
        """Whether anything is to be learned or is being learned."""
        return self.current is not None or bool(self._waiting)

    def get(self, learning_id: str) -> Learning | None:
        """The learning of that id, ended or not."""
        return self._known.get(learning_id)

    def add(self, learning: Learning) -> int:
        """Queue one; how many go before it. Raises ScumbleError `queue-full`."""
        if len(self._waiting) >= MAX_WAITING:
            raise ScumbleError(
                "queue-full",
                "The daemon has as many styles to learn as it may.",
                hint="Wait until some are learned.",
                retryable=True,
            )
        self._store.pin(learning.digests)
        self._known[learning.id] = learning
        self._waiting.append(learning)
        return len(self._waiting) - 1 + (self.current is not None)

    def next(self) -> Learning | None:
        """The one that the worker may have now; it has it from then on."""
        if self.current is not None or not self._waiting:
            return None
        self.current = self._waiting.popleft()
        log.info("learning %s begins", self.current.id)
        return self.current

    def cancel(self, learning: Learning, now: float) -> bool:
        """End one for all who listen; whether the worker has it and is to be told."""
        if learning.outcome is not None:
            return False
        if learning in self._waiting:
            self._waiting.remove(learning)
        learning.cancelled_at = now
        log.info("learning %s cancelled", learning.id)
        self._end(learning, Cancelled(learning.id))
        return learning is self.current

    def has(self, learning_id: str) -> bool:
        """Whether the worker has that one."""
        return self.current is not None and self.current.id == learning_id

    def hangs(self, since: float) -> bool:
        """Whether the one that the worker has was cancelled before `since`."""
        at = self.current.cancelled_at if self.current is not None else None
        return at is not None and at < since

    def take(self, kind: str, fields: dict[str, Any], contents: Sequence[BytesLike]) -> None:
        """What the worker says of the one it has."""
        learning = self.current
        if learning is None or not self.has(fields["job"]):
            return
        if kind == "learning":
            learning.progress = int(fields["done"]), int(fields["total"])
            message = Step(learning.id, *learning.progress, float(fields["eta_s"]), int(fields["stored"]))
            self._tell(learning, message)
        elif kind == "preview":
            extent = [int(side) for side in fields["extent"]]
            preview = Preview(learning.id, extent, str(fields["dtype"]), str(fields["channels"]))
            self._tell(learning, preview, (contents[0],))
        elif kind == "learned":
            log.info("learning %s is over after %.1f s", learning.id, float(fields["seconds"]))
            steps, seconds = int(fields["steps"]), float(fields["seconds"])
            name, device = str(fields["style"]), str(fields["device"])
            self._leave(Learned(learning.id, name, steps, seconds, device))
        elif kind == "failed":
            self.fail(ScumbleError.from_dict(fields["error"]))
        elif kind == "cancelled":
            self._leave(Cancelled(learning.id))

    def fail(self, error: ScumbleError) -> None:
        """The one that the worker had has failed, with it or without."""
        if self.current is not None:
            log.warning("learning %s failed: %s", self.current.id, error.code)
            self._leave(Error.of(error, job=self.current.id))

    def forget_listener(self, peer: bytes) -> None:
        """A client is gone; what it wanted goes on."""
        for learning in self._known.values():
            learning.listeners.discard(peer)

    def say_farewell(self, error: ScumbleError) -> None:
        """The daemon ends: whoever waits hears of it."""
        for learning in self._known.values():
            if learning.outcome is None:
                self._tell(learning, Error.of(error, job=learning.id))

    def status(self) -> dict[str, Any] | None:
        """For `Client.status`: what is learned now and how far it is; None for nothing."""
        if self.current is None:
            return None
        done, total = self.current.progress
        head = {"job": self.current.id, "style": self.current.title}
        return {**head, "done": done, "total": total, "waiting": self.waiting}

    def _leave(self, outcome: Message) -> None:
        learning, self.current = self.current, None
        if learning is not None:
            self._end(learning, outcome)

    def _end(self, learning: Learning, outcome: Message) -> None:
        if learning.outcome is not None:
            return
        learning.outcome = outcome
        self._store.unpin(learning.digests)
        self._tell(learning, outcome)
        self._ended.append(learning)
        if len(self._ended) > MAX_ENDED:
            self._known.pop(self._ended.popleft().id, None)

    def _tell(self, learning: Learning, message: Message, payloads: tuple = ()) -> None:
        for peer in list(learning.listeners):
            self._answer(peer, message, payloads)
