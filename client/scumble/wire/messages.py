"""Every message of the protocol as one frozen dataclass; `scumble.wire.header` writes and reads them.

Pixels are never in a message: they are the payload frames behind it.
"""

# ruff: noqa: RUF009 - required() and optional() are dataclasses.field() with a check

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, List

from ..errors import MAX_SENTENCE, MAX_VALUE, MAX_VALUES, ScumbleError
from .message import Message, message_type, message_types
from .questions import (
    Done,
    ModelList,
    Models,
    Ping,
    Pong,
    Report,
    Shutdown,
    Status,
    StyleList,
    Styles,
    Thumbnail,
    ThumbnailImage,
    Unload,
)
from .validators import (
    is_bool,
    is_digest,
    is_int,
    is_job,
    is_job_or_empty,
    is_map,
    is_nonce,
    is_reversal,
    is_role,
    is_seconds,
    is_text,
    list_of,
    optional,
    required,
)

__all__ = [
    "MAX_DIGESTS",
    "Accepted",
    "Bye",
    "Cancel",
    "Cancelled",
    "Done",
    "Error",
    "Have",
    "Hello",
    "Learn",
    "Learned",
    "Learning",
    "Lend",
    "Message",
    "Missing",
    "ModelList",
    "Models",
    "Ping",
    "Pong",
    "Preview",
    "Progress",
    "Put",
    "Received",
    "Report",
    "Result",
    "Shutdown",
    "Status",
    "Stored",
    "StyleList",
    "Styles",
    "Submit",
    "Taken",
    "Thumbnail",
    "ThumbnailImage",
    "Unload",
    "Welcome",
    "message_type",
    "message_types",
]

MAX_DIGESTS = 64

# Greeting -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Hello(Message):
    """Client's first message: proves the key and asks the daemon to do the same."""

    type: ClassVar[str] = "hello"
    nonce: bytes = required(is_nonce)
    role: str = required(is_role)
    client: str = optional(is_text, "")


@dataclass(frozen=True)
class Welcome(Message):
    """Daemon's answer to hello. `client_nonce` repeats the client's, `nonce` is the daemon's own."""

    type: ClassVar[str] = "welcome"
    client_nonce: bytes = required(is_nonce)
    nonce: bytes = required(is_nonce)
    daemon: str = optional(is_text, "")
    pid: int = optional(is_int, 0)
    limits: Dict[str, Any] = optional(is_map, {})
    features: List[str] = optional(list_of(is_text), [])
    devices: List[str] = optional(list_of(is_text), [])
    models: List[str] = optional(list_of(is_text), [])


@dataclass(frozen=True)
class Bye(Message):
    """The client leaves; its session and half-done uploads may go."""

    type: ClassVar[str] = "bye"


# Images -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Have(Message):
    """Which of these contents (SHA-256) does the daemon lack? Answered by `missing`."""

    type: ClassVar[str] = "have"
    request: int = required(is_int)
    digests: List[bytes] = required(list_of(is_digest, MAX_DIGESTS))


@dataclass(frozen=True)
class Missing(Message):
    """Those of the digests in `have` that must be put."""

    type: ClassVar[str] = "missing"
    request: int = required(is_int)
    digests: List[bytes] = required(list_of(is_digest, MAX_DIGESTS))


@dataclass(frozen=True)
class Put(Message):
    """One chunk of a content of `size` bytes, in order; payload: the bytes from `offset` on."""

    type: ClassVar[str] = "put"
    request: int = required(is_int)
    digest: bytes = required(is_digest)
    size: int = required(is_int)
    offset: int = required(is_int)


@dataclass(frozen=True)
class Lend(Message):
    """A whole content of `size` bytes in memory of the client's, in place of its pieces.

    `memory` is where the daemon finds it (`scumble.pixels.shared_memory.find_block`). Answered by `stored`,
    or by the error `memory-not-shared`: then its pieces are to be put.
    """

    type: ClassVar[str] = "lend"
    request: int = required(is_int)
    digest: bytes = required(is_digest)
    size: int = required(is_int)
    memory: List[int] = required(list_of(is_int, 3))


@dataclass(frozen=True)
class Stored(Message):
    """The content is complete and its digest is right."""

    type: ClassVar[str] = "stored"
    request: int = required(is_int)
    digest: bytes = required(is_digest)


# Jobs ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Submit(Message):
    """A job. Sending it again with the same id never runs it twice.

    `spec` is the map of `scumble.request_codec`; `urgent` jobs (previews) go first; `preview` asks for
    a small picture of the result ahead of the result. The daemon sends at most `window` bytes of
    the result ahead of what `taken` has named, or all of it at once when it is 0. With `shared` it may
    show the client where the result lies instead.
    """

    type: ClassVar[str] = "submit"
    job: str = required(is_job)
    spec: Dict[str, Any] = required(is_map)
    urgent: bool = optional(is_bool, False)
    preview: bool = optional(is_bool, False)
    window: int = optional(is_int, 0)
    shared: bool = optional(is_bool, False)


@dataclass(frozen=True)
class Accepted(Message):
    """The job is in the queue; `position` jobs go before it."""

    type: ClassVar[str] = "accepted"
    job: str = required(is_job)
    position: int = optional(is_int, 0)


@dataclass(frozen=True)
class Progress(Message):
    """`done` of `total` patches of a stage; `eta_s` is the daemon's guess of the seconds left."""

    type: ClassVar[str] = "progress"
    job: str = required(is_job)
    done: int = required(is_int)
    total: int = required(is_int)
    stage: str = optional(is_text, "")
    eta_s: float = optional(is_seconds, 0.0)


@dataclass(frozen=True)
class Preview(Message):
    """A small picture of what the result will be; payload: its pixels."""

    type: ClassVar[str] = "preview"
    job: str = required(is_job)
    extent: List[int] = required(list_of(is_int, 2))
    dtype: str = required(is_text)
    channels: str = required(is_text)


@dataclass(frozen=True)
class Result(Message):
    """A piece of the result of `size` bytes, in order; payload: the bytes from `offset` on.

    Or, without a payload, all of it: in `memory` of the daemon's, until the client says `received`.
    """

    type: ClassVar[str] = "result"
    job: str = required(is_job)
    bounds: List[int] = required(list_of(is_int, 4))
    dtype: str = required(is_text)
    channels: str = required(is_text)
    size: int = required(is_int)
    offset: int = required(is_int)
    seconds: float = optional(is_seconds, 0.0)
    device: str = optional(is_text, "")
    memory: List[int] = optional(list_of(is_int, 3), [])
    reversal: bytes = optional(is_reversal, b"")


@dataclass(frozen=True)
class Taken(Message):
    """The client has taken the result up to `offset`: a window more may follow."""

    type: ClassVar[str] = "taken"
    job: str = required(is_job)
    offset: int = required(is_int)


@dataclass(frozen=True)
class Received(Message):
    """The client has the whole result: the daemon need not keep it."""

    type: ClassVar[str] = "received"
    job: str = required(is_job)


@dataclass(frozen=True)
class Cancel(Message):
    """Stop a job. On the control socket answered by `done`; the job itself ends in `cancelled`."""

    type: ClassVar[str] = "cancel"
    job: str = required(is_job)
    request: int = optional(is_int, 0)


@dataclass(frozen=True)
class Cancelled(Message):
    """The job has ended without a result because someone asked for it."""

    type: ClassVar[str] = "cancelled"
    job: str = required(is_job)


# Learning -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Learn(Message):
    """A style to be learned, behind everything that is painted. Sent again with its id it is done once.

    `spec` is the map of `scumble.learn_request`; with `preview` small pictures come of its image whenever
    tensors are stored. Answered by `accepted`, then `learning`, `preview`, and at the end `learned`.
    """

    type: ClassVar[str] = "learn"
    job: str = required(is_job)
    spec: Dict[str, Any] = required(is_map)
    preview: bool = optional(is_bool, False)


@dataclass(frozen=True)
class Learning(Message):
    """`done` of `total` steps; paintings get the tensors of step `stored`, 0 for none yet."""

    type: ClassVar[str] = "learning"
    job: str = required(is_job)
    done: int = required(is_int)
    total: int = required(is_int)
    eta_s: float = optional(is_seconds, 0.0)
    stored: int = optional(is_int, 0)


@dataclass(frozen=True)
class Learned(Message):
    """The style is learned. `style` is its name in the library; empty for a picture that is in none."""

    type: ClassVar[str] = "learned"
    job: str = required(is_job)
    style: str = optional(is_text, "")
    steps: int = optional(is_int, 0)
    seconds: float = optional(is_seconds, 0.0)
    device: str = optional(is_text, "")


# Errors -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Error(Message):
    """A job or a request has failed. `job` or `request` says which; neither: the connection.

    `message` and `hint` are English sentences. What they name, a file or a number, is in `values` by its
    name, and `template` and `hint_template` are the sentences with ``{name}`` in its place, as a
    catalogue of translations has them. Texts only; whatever does not give the very sentences is ignored.
    """

    type: ClassVar[str] = "error"
    code: str = required(is_text)
    message: str = required(is_text)
    hint: str = optional(is_text, "")
    retryable: bool = optional(is_bool, False)
    detail: str = optional(is_text, "")
    job: str = optional(is_job_or_empty, "")
    request: int = optional(is_int, 0)
    template: str = optional(is_text, "")
    hint_template: str = optional(is_text, "")
    values: Dict[str, Any] = optional(is_map, {})

    @classmethod
    def of(cls, error: ScumbleError, *, job: str = "", request: int = 0) -> Error:
        """The message that carries `error`."""
        values = {name: value[:MAX_VALUE] for name, value in list(error.values.items())[:MAX_VALUES]}
        return cls(
            error.code[:100],
            error.message[:MAX_SENTENCE],
            error.hint[:MAX_SENTENCE],
            error.retryable,
            error.detail[:2000],
            job,
            request,
            error.template[:MAX_SENTENCE] if values else "",
            error.hint_template[:MAX_SENTENCE] if values else "",
            values,
        )

    def to_error(self) -> ScumbleError:
        """The exception that the message carries."""
        return ScumbleError.from_dict(vars(self))
