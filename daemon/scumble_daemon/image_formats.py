"""Which image formats are written and read, by extension. Imports nothing, so that `--help` is quick."""

from __future__ import annotations

from pathlib import Path

from scumble.errors import ScumbleError

EXTENSIONS = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".png": "PNG",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WebP",
}
# Those that a folder is searched for; a file that is named may have any.
READABLE = frozenset({*EXTENSIONS, ".gif", ".bmp", ".ppm"})


def output_format(path: Path) -> str:
    """`JPEG`, `PNG`, `TIFF` or `WebP`, by extension. Raises ScumbleError `unsupported-format`."""
    kind = EXTENSIONS.get(path.suffix.lower())
    if kind is None:
        what = f"ends in {path.suffix}" if path.suffix else "has no extension"
        raise ScumbleError(
            "unsupported-format",
            f"{path} {what}, which is no format that Scumble writes.",
            hint=f"Use one of {', '.join(EXTENSIONS)}.",
        )
    return kind
