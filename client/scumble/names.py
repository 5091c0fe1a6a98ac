"""Names of styles and engines: what may be one."""

from __future__ import annotations

import re

from .errors import ScumbleError

MAX_NAME = 100

# Names become part of file names further down: no separators, no dot or space at the start, no
# control characters.
_NAME = re.compile(r"[^\W_][\w .+&'(),-]*\Z")


def check_name(name: object, code: str, what: str) -> str:
    """`name` itself when it can name a `style` or an `engine`, as `what` says.

    Raises ScumbleError with `code` for anything that could lead a file name astray.
    """
    if not isinstance(name, str) or len(name) > MAX_NAME or not _NAME.match(name):
        raise ScumbleError(
            code,
            "{name} cannot be the name of an engine."
            if what == "engine"
            else "{name} cannot be the name of a style.",
            hint="Names start with a letter or digit and hold no slashes.",
            name=repr(name)[:40],
        )
    return name
