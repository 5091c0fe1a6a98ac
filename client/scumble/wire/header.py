"""A message's header on the wire.

It is a MessagePack map: the key ``type`` names the message, the others are its fields. Keys that this
version does not know are ignored, so that a newer peer of the same major version can add some.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, Tuple, Type, TypeVar

from ..errors import ScumbleError
from .messages import Message, message_type
from .msgpack import MsgpackError, packb, unpackb
from .validators import MAX_ITEMS, is_int, is_job, is_map

MAX_HEADER = 64 * 1024
MAX_DEPTH = 8

M = TypeVar("M", bound=Message)


def encode_header(message: Message) -> bytes:
    """The header frame of a message.

    Raises ScumbleError `bad-message` when it would be longer than `MAX_HEADER`.
    """
    fields: Dict[str, Any] = {"type": message.type}
    for item in dataclasses.fields(message):  # type: ignore[arg-type]
        fields[item.name] = getattr(message, item.name)
    try:
        header = packb(fields)
    except MsgpackError as error:
        raise ScumbleError("bad-message", "A message cannot be written.", detail=str(error)) from error
    if len(header) > MAX_HEADER:
        raise ScumbleError("bad-message", "A message header is longer than 64 KiB.")
    return header


def decode_header(header: bytes) -> Message:
    """The message in a header frame, every field checked.

    Raises ScumbleError `unknown-message` for a type that this version does not know, and
    `bad-message` for anything else that is not a message.
    """
    if len(header) > MAX_HEADER:
        raise ScumbleError("bad-message", "A message header is longer than 64 KiB.")
    try:
        fields = unpackb(header, max_depth=MAX_DEPTH, max_items=MAX_ITEMS)
    except MsgpackError as error:
        raise ScumbleError("bad-message", "A message cannot be read.", detail=str(error)) from error
    if not isinstance(fields, dict) or not isinstance(fields.get("type"), str):
        raise ScumbleError("bad-message", "A message has no type.")
    cls = message_type(fields["type"])
    if cls is None:
        raise ScumbleError(
            "unknown-message",
            "There is no message of type {type}.",
            hint="Plug-in and daemon may be of different versions: update the older one.",
            type=repr(fields["type"])[:40],
        )
    return _build(cls, fields)


def peek(header: bytes) -> Tuple[str, int]:
    """Job id and request number in a header that cannot be decoded; empty and 0 for none."""
    try:
        fields = unpackb(header, max_depth=MAX_DEPTH, max_items=MAX_ITEMS)
    except MsgpackError:
        return "", 0
    job, request = (fields.get("job"), fields.get("request")) if is_map(fields) else ("", 0)
    return job if is_job(job) else "", request if is_int(request) else 0  # type: ignore[return-value]


def _build(cls: Type[M], fields: Dict[str, Any]) -> M:
    values: Dict[str, Any] = {}
    for item in dataclasses.fields(cls):  # type: ignore[arg-type]
        if item.name not in fields:
            if item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
                raise _bad_field(cls, item.name, "is missing")
            continue
        value = fields[item.name]
        if not item.metadata["check"](value):
            raise _bad_field(cls, item.name, "has a value out of range")
        values[item.name] = value
    return cls(**values)


def _bad_field(cls: Type[Message], name: str, what: str) -> ScumbleError:
    return ScumbleError(
        "bad-message", "A message is malformed.", detail="{}.{} {}".format(cls.type, name, what)
    )
