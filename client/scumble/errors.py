"""The one error type of client, wire and daemon: typed, plain, and with a way out."""

from __future__ import annotations

import re
from typing import Any, Dict, Mapping, Sequence

MAX_SENTENCE = 1000
MAX_VALUES = 12
MAX_VALUE = 400
"""What of an error travels: letters of a sentence, values, and letters of a value."""
REASON = "reason"
"""The value of this name may be a phrase of ours, which is translated too; others are names and numbers."""

_FIELD = re.compile(r"\{(\w+)\}")


class ScumbleError(Exception):
    """Something went wrong in a way that we can explain.

    Message and hint are templates, and `values` is what they name: in
    ``ScumbleError("unknown-style", "There is no style named {style}.", style=name)`` a catalogue has the
    sentence with ``{style}`` in it, whatever the style is. Values are kept as text. A template holds
    nothing but such names; any other brace is a brace.

    Attributes:
        code: a stable identifier in kebab case, such as ``worker-died``; programs switch on it.
        message: one plain sentence for the user, in English, with the values in it.
        hint: what the user can do about it, likewise; may be empty.
        retryable: whether the same request may succeed when it is sent again.
        detail: technical detail for a bug report; may be empty.
        template, hint_template, values: what message and hint are made of.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        hint: str = "",
        retryable: bool = False,
        detail: str = "",
        **values: object,
    ) -> None:
        self.code = code
        self.template = message
        self.hint_template = hint
        self.values = {name: str(value) for name, value in values.items()}
        self.retryable = retryable
        self.detail = detail
        super().__init__(code, self.message)

    @property
    def message(self) -> str:
        return filled(self.template, self.values)

    @message.setter
    def message(self, sentence: str) -> None:
        self.template = sentence

    @property
    def hint(self) -> str:
        return filled(self.hint_template, self.values)

    @hint.setter
    def hint(self, sentence: str) -> None:
        self.hint_template = sentence

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
        fields: Dict[str, Any] = {
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "retryable": self.retryable,
            "detail": self.detail,
        }
        if self.values:
            fields.update(template=self.template, hint_template=self.hint_template, values=dict(self.values))
        return fields

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> ScumbleError:
        """The inverse of :meth:`to_dict`; missing or odd fields become empty.

        Templates and values are taken over where they give the very message and hint, and else left.
        """

        def text(name: str, default: str = "") -> str:
            value = fields.get(name)
            return value if isinstance(value, str) else default

        error = cls(
            text("code", "unknown-error"),
            text("message", "Something went wrong that the daemon did not explain."),
            hint=text("hint"),
            retryable=fields.get("retryable") is True,
            detail=text("detail"),
        )
        templates, values = (text("template"), text("hint_template")), fields.get("values")
        if isinstance(values, dict) and _are_bounded(templates, values):
            message, hint = (filled(template, values) for template in templates)
            if (message, hint) == (error.message, error.hint):
                error.template, error.hint_template = templates
                error.values = dict(values)
        return error


def filled(template: str, values: Mapping[str, str]) -> str:
    """The template with the values in it; a name that has none stays as it is."""
    return _FIELD.sub(lambda field: values.get(field.group(1), field.group(0)), template)


def _are_bounded(templates: Sequence[str], values: Mapping[Any, Any]) -> bool:
    """Whether all is text, and of a length that travels."""
    return (
        len(values) <= MAX_VALUES
        and all(isinstance(name, str) and isinstance(value, str) for name, value in values.items())
        and all(len(value) <= MAX_VALUE for value in values.values())
        and all(len(template) <= MAX_SENTENCE for template in templates)
    )


def _rebuild(fields: Dict[str, Any]) -> ScumbleError:
    return ScumbleError.from_dict(fields)
