"""The one error type of client, wire and daemon: typed, plain, and with a way out."""

from __future__ import annotations

from typing import Any, Dict, Optional


class ScumbleError(Exception):
    """Something went wrong in a way that we can explain.

    Attributes:
        code: a stable identifier in kebab case, such as ``worker-died``; programs switch on it.
        message: one plain sentence for the user.
        hint: what the user can do about it; may be empty.
        retryable: whether the same request may succeed when it is sent again.
        detail: technical detail for a bug report; may be empty.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        hint: str = "",
        retryable: bool = False,
        detail: str = "",
    ) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.hint = hint
        self.retryable = retryable
        self.detail = detail

    def __str__(self) -> str:
        return "{} {}".format(self.message, self.hint) if self.hint else self.message

    def __repr__(self) -> str:
        return "ScumbleError({!r}, {!r})".format(self.code, self.message)

    def unraised(self) -> ScumbleError:
        """The same error, to be kept: one that was raised holds on to whatever was in use where it passed."""
        return _rebuild(self.to_dict())

    def __reduce__(self):
        return (_rebuild, (self.to_dict(),))

    def to_dict(self) -> Dict[str, Any]:
        """The fields as plain data, for a message header or ``--json``."""
        return {
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "retryable": self.retryable,
            "detail": self.detail,
        }

    @classmethod
    def from_dict(cls, fields: Dict[str, Any]) -> ScumbleError:
        """The inverse of :meth:`to_dict`; missing or odd fields become empty."""

        def text(name: str, default: str = "") -> str:
            value: Optional[Any] = fields.get(name)
            return value if isinstance(value, str) else default

        return cls(
            text("code", "unknown-error"),
            text("message", "Something went wrong that the daemon did not explain."),
            hint=text("hint"),
            retryable=fields.get("retryable") is True,
            detail=text("detail"),
        )


def _rebuild(fields: Dict[str, Any]) -> ScumbleError:
    return ScumbleError.from_dict(fields)
