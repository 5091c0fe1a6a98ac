"""Names that are safe to type, to send and to put into a file's name, made of whatever a title is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container

from scumble.errors import ScumbleError
from scumble.names import MAX_NAME, check_name

MAX_TITLE = 200
_UNSAFE = re.compile(r" *[^\w +&'(),-]+ *")
_MARGIN = " -_+&'(),"


def clean_text(text: str, longest: int = MAX_TITLE) -> str:
    """One line of a title or credit: composed, without control characters, at most `longest`."""
    composed = unicodedata.normalize("NFC", text)
    kept = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in composed)
    return " ".join(kept.split())[:longest]


def library_name(title: str) -> str:
    """The name of a style of that title: as it is, with a dash for what names may not hold.

    Names hold no dot, so that nobody takes one for a file. A title without a single letter or
    digit gets the name ``style``.
    """
    text = _UNSAFE.sub("-", clean_text(title)).strip(_MARGIN)[: MAX_NAME - 8].strip(_MARGIN)
    return text or "style"


def unique_name(name: str, taken: Container[str]) -> str:
    """`name`, or the first of ``name 2``, ``name 3``... whose casefolded form is not in `taken`."""
    number, candidate = 1, name
    while candidate.casefold() in taken:
        number += 1
        candidate = f"{name} {number}"
    return candidate


def checked_name(name: str) -> str:
    """`name` itself, when it can name a style of the library. Raises ScumbleError `bad-style`."""
    check_name(name, "bad-style", "style")
    if "." in name:
        raise ScumbleError(
            "bad-style",
            "{name} cannot be the name of a style.",
            hint="Names of styles hold no dots.",
            name=repr(name)[:60],
        )
    return name
