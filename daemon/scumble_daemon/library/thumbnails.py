"""Small JPEGs of styles.

The broker never decodes a picture itself: one that someone has put into a watched folder is
decoded by a short-lived process of its own (``python -m scumble_daemon.library.thumbnails``).
"""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from PIL import Image

from scumble.errors import ScumbleError
from scumble.pixels.pixels import Pixels

from ..storage.atomic import atomic_file
from .entries import StyleEntry

SIDE = 192
MAX_BYTES = 48 * 1024  # what fits a message's header
_QUALITIES = (85, 70, 50, 30)
_BATCH = 64


def jpeg_of(pixels: Pixels, side: int = SIDE) -> bytes:
    """A JPEG of at most `side` pixels a side and `MAX_BYTES`."""
    from ..images.flat import as_rgb

    return jpeg_of_image(as_rgb(pixels), side)


def jpeg_of_image(image: Image.Image, side: int = SIDE, most: int = MAX_BYTES) -> bytes:
    """As :func:`jpeg_of`, of an RGB picture and in `most` bytes where the lowest quality allows."""
    small = image.copy()
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    data = b""
    for quality in _QUALITIES:
        buffer = io.BytesIO()
        small.save(buffer, "JPEG", quality=quality)
        data = buffer.getvalue()
        if len(data) <= most:
            break
    return data


def read_thumbnail(entry: StyleEntry) -> bytes:
    """The entry's JPEG; empty when there is none yet."""
    try:
        with entry.thumbnail.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError:
        return b""
    return data if len(data) <= MAX_BYTES else b""


def make_thumbnail(image: Path, target: Path) -> None:
    """Write the thumbnail of a picture. Raises ScumbleError, see `read_image`."""
    from ..images import read_image

    target.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(target) as file:
        file.write(jpeg_of(read_image(image).pixels))


class ThumbnailMaker:
    """Has missing thumbnails made by one process at a time. For one thread."""

    def __init__(self) -> None:
        self._process: subprocess.Popen | None = None
        self._tried: set[Path] = set()

    def want(self, entries: Iterable[StyleEntry]) -> None:
        """Start a process for those that lack one, unless one runs; never waits.

        Each is tried once: a picture that cannot be decoded stays without.
        """
        if self._process is not None and self._process.poll() is None:
            return
        self._process = None
        arguments: list[str] = []
        for entry in entries:
            target = entry.thumbnail
            if entry.image is not None and target not in self._tried and not target.exists():
                self._tried.add(target)
                arguments += [str(entry.image), str(target)]
                if len(arguments) >= 2 * _BATCH:
                    break
        if arguments:
            command = [sys.executable, "-m", __name__, *arguments]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)

    def close(self) -> None:
        """End the process, if one runs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


def main(arguments: Sequence[str]) -> int:
    """Make thumbnails: picture, target, picture, target... Returns how many failed."""
    failed = 0
    for image, target in zip(arguments[::2], arguments[1::2], strict=True):
        try:
            make_thumbnail(Path(image), Path(target))
        except (ScumbleError, OSError):
            failed += 1
    return min(failed, 100)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
