"""Kinds of message fields: what a value from the wire may be before anyone looks at it.

The docstring of each check says what it takes, in the words of docs/protocol.md.
"""

from __future__ import annotations

import math
from dataclasses import field
from typing import Any, Callable

MAX_TEXT = 4096
MAX_ITEMS = 4096
MAX_INT = 1 << 53  # what a float64 holds exactly
MAX_THUMBNAIL = 48 * 1024  # leaves room in a header of 64 KiB
MAX_REVERSAL = 16384
DIGEST_SIZE = 32  # SHA-256
NONCE_SIZE = 32
JOB_ID_SIZE = 32  # hexadecimal digits
ROLES = ("job", "control")

Check = Callable[[Any], bool]


def required(check: Check) -> Any:
    return field(metadata={"check": check})


def optional(check: Check, default: Any) -> Any:
    if isinstance(default, (list, dict)):
        return field(default_factory=type(default), metadata={"check": check})
    return field(default=default, metadata={"check": check})


def is_int(value: Any, low: int = 0, high: int = MAX_INT) -> bool:
    """whole number of 0 or more"""
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def is_text(value: Any) -> bool:
    """text"""
    return isinstance(value, str) and len(value) <= MAX_TEXT


def is_thumbnail(value: Any) -> bool:
    """bytes of a JPEG"""
    return isinstance(value, bytes) and len(value) <= MAX_THUMBNAIL


def is_reversal(value: Any) -> bool:
    """bytes that take a style off again, or none"""
    return isinstance(value, bytes) and len(value) <= MAX_REVERSAL


def is_bool(value: Any) -> bool:
    """true or false"""
    return isinstance(value, bool)


def is_seconds(value: Any) -> bool:
    """number of 0 or more"""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and math.isfinite(value) and value >= 0


def is_digest(value: Any) -> bool:
    """digest: 32 bytes"""
    return isinstance(value, bytes) and len(value) == DIGEST_SIZE


def is_nonce(value: Any) -> bool:
    """32 random bytes"""
    return isinstance(value, bytes) and len(value) == NONCE_SIZE


def is_job(value: Any) -> bool:
    """job id: 32 hexadecimal digits"""
    return (
        isinstance(value, str)
        and len(value) == JOB_ID_SIZE
        and all(character in "0123456789abcdef" for character in value)
    )


def is_job_or_empty(value: Any) -> bool:
    """job id, or empty"""
    return value == "" or is_job(value)


def is_map(value: Any) -> bool:
    """map"""
    return isinstance(value, dict)


def list_of(check: Check, longest: int = MAX_ITEMS) -> Check:
    def is_list(value: Any) -> bool:
        return isinstance(value, list) and len(value) <= longest and all(check(item) for item in value)

    is_list.__doc__ = "list of up to {:,}: {}".format(longest, check.__doc__)
    return is_list


def is_role(value: Any) -> bool:
    """`job` or `control`"""
    return value in ROLES
