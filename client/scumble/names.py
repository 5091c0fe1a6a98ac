"""Names of styles and engines: what may be one."""

from __future__ import annotations

import re

from .errors import ScumbleError

MAX_NAME = 100

# Names become part of file names further down: no separators, no dot or space at the start, no
# control characters.
_NAME = re.compile(r"[^\W_][\w .+&'(),-]*\Z")


def check_name(name: object, code: str, what: str) -> str:
    """`name` itself when it can name a style or an engine.

    Raises ScumbleError with `code` for anything that could lead a file name astray.
    """
    if not isinstance(name, str) or len(name) > MAX_NAME or not _NAME.match(name):
        raise ScumbleError(
            code,
            "{!r:.40} cannot be the name of {} {}.".format(name, "an" if what[0] in "aeiou" else "a", what),
            hint="Names start with a letter or digit and hold no slashes.",
        )
    return name
