"""FFmpeg's libraries, which come as PyAV with the extra ``video``: users need no program beside Scumble."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scumble.errors import ScumbleError

from ..image_formats import READABLE

INSTALL = "Install what reads and writes videos: pip install av; or use folders of frames."


def load(path: Path) -> Any:
    """The package ``av``. Raises ScumbleError `no-ffmpeg` where it is not installed; `path` is for whom."""
    try:
        import av
    except ImportError as error:
        raise ScumbleError(
            "no-ffmpeg",
            "{file} is a video, for which a part of Scumble is not installed.",
            hint=INSTALL,
            file=path,
        ) from error
    return av  # with its log off, as it is: to log, a decoder's thread would wait for the interpreter


def opened(av: Any, path: Path) -> Any:
    """A container to read from; `file:` keeps a name from being a protocol or a pattern of names."""
    return av.open(f"file:{path}", metadata_errors="replace")


def is_cover(stream: Any) -> bool:
    """Whether a picture stream is a cover image and not the film."""
    return "attached_pic" in str(stream.disposition)


def not_a_video(path: Path, error: Exception) -> ScumbleError:
    """What is said of a file that cannot be opened or decoded."""
    detail = f"{type(error).__name__}: {error}"
    hint = "A picture is painted by scumble stylize." if path.suffix.lower() in READABLE else ""
    return ScumbleError(
        "not-a-video", "{file} is not a video that Scumble can read.", hint=hint, detail=detail, file=path
    )
