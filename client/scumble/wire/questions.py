"""The messages with which a client asks the daemon something, or orders something, and their answers."""

# ruff: noqa: RUF009 - required() and optional() are dataclasses.field() with a check

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Dict, List

from .message import Message
from .validators import is_int, is_map, is_text, is_thumbnail, list_of, optional, required

# Questions and orders -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Ping(Message):
    """Is anyone there? Answered by `pong`."""

    type: ClassVar[str] = "ping"
    request: int = required(is_int)


@dataclass(frozen=True)
class Pong(Message):
    """Answer to `ping`."""

    type: ClassVar[str] = "pong"
    request: int = required(is_int)


@dataclass(frozen=True)
class Status(Message):
    """What is the daemon doing? Answered by `report`."""

    type: ClassVar[str] = "status"
    request: int = required(is_int)


@dataclass(frozen=True)
class Report(Message):
    """Answer to `status`: queue, device, memory, uptime, clients."""

    type: ClassVar[str] = "report"
    request: int = required(is_int)
    status: Dict[str, Any] = required(is_map)


@dataclass(frozen=True)
class Models(Message):
    """Which models are there? Answered by `model-list`."""

    type: ClassVar[str] = "models"
    request: int = required(is_int)


@dataclass(frozen=True)
class ModelList(Message):
    """Answer to `models`: maps with name, architecture, title, sha256, licence, builtin, traits (a map)."""

    type: ClassVar[str] = "model-list"
    request: int = required(is_int)
    models: List[Dict[str, Any]] = required(list_of(is_map, 256))


@dataclass(frozen=True)
class Styles(Message):
    """Which styles does the library hold, from number `offset` on? Answered by `style-list`."""

    type: ClassVar[str] = "styles"
    request: int = required(is_int)
    offset: int = optional(is_int, 0)


@dataclass(frozen=True)
class StyleList(Message):
    """Answer to `styles`: as many maps as fit, of `total`; see `Client.styles`."""

    type: ClassVar[str] = "style-list"
    request: int = required(is_int)
    styles: List[Dict[str, Any]] = required(list_of(is_map, 1024))
    total: int = optional(is_int, 0)


@dataclass(frozen=True)
class Thumbnail(Message):
    """What does a style of the library look like? Answered by `thumbnail-image`."""

    type: ClassVar[str] = "thumbnail"
    request: int = required(is_int)
    name: str = required(is_text)


@dataclass(frozen=True)
class ThumbnailImage(Message):
    """Answer to `thumbnail`: a JPEG of at most 192 pixels a side; empty when there is none yet."""

    type: ClassVar[str] = "thumbnail-image"
    request: int = required(is_int)
    data: bytes = required(is_thumbnail)


@dataclass(frozen=True)
class Unload(Message):
    """Give the models' memory back to the system. Answered by `done`."""

    type: ClassVar[str] = "unload"
    request: int = required(is_int)


@dataclass(frozen=True)
class Shutdown(Message):
    """End the daemon; running jobs are cancelled. Answered by `done`."""

    type: ClassVar[str] = "shutdown"
    request: int = required(is_int)


@dataclass(frozen=True)
class Done(Message):
    """The order has been carried out, or is under way."""

    type: ClassVar[str] = "done"
    request: int = required(is_int)
