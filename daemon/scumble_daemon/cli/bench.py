"""``scumble bench``: its measuring programs are in the checkout and not in what users install."""

from __future__ import annotations

from scumble.errors import ScumbleError

try:
    from scumble_bench.command import command as command  # what the group looks for
except ModuleNotFoundError as error:
    if error.name != "scumble_bench":
        raise
    raise ScumbleError(
        "not-installed",
        "The measuring programs are in Scumble's source code, in the folder bench.",
        hint="Install them from there with: pip install -e bench",
    ) from None
