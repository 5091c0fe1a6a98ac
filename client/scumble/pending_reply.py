"""Waiting for one answer of the daemon's, and what it may be."""

from __future__ import annotations

import threading
from typing import Type, TypeVar, Union

from .errors import ScumbleError
from .wire.connection import Connection
from .wire.messages import Error, Message

Reply = TypeVar("Reply", bound=Message)


class Waiter:
    """A place for one answer; `connection` is where it will come from."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._event = threading.Event()
        self._answer: Union[Message, ScumbleError, None] = None

    @property
    def done(self) -> bool:
        """Whether the answer is there."""
        return self._event.is_set()

    def set(self, answer: Union[Message, ScumbleError]) -> bool:
        """Fill it; False when it is filled already. Only for the receiving thread."""
        if self._event.is_set():
            return False
        self._answer = answer
        self._event.set()
        return True

    def wait(self, timeout: float) -> Message:
        """The answer within `timeout` seconds. Raises `daemon-not-responding` or the error answered."""
        if not self._event.wait(timeout):
            raise not_responding()
        if isinstance(self._answer, Error):
            raise self._answer.to_error()
        if isinstance(self._answer, ScumbleError):
            raise self._answer.unraised()
        assert self._answer is not None
        return self._answer


def checked(answer: Message, reply: Type[Reply]) -> Reply:
    """`answer` as the message expected. Raises ScumbleError: the daemon's, or `bad-message`."""
    if isinstance(answer, Error):
        raise answer.to_error()
    if not isinstance(answer, reply):
        raise ScumbleError("bad-message", "The daemon answered something else than asked.")
    return answer


def not_responding() -> ScumbleError:
    """The error for an answer that does not come."""
    return ScumbleError(
        "daemon-not-responding",
        "The daemon does not respond.",
        hint="Stop it with: scumble daemon stop",
        retryable=True,
    )
