"""Learnings that have begun and not ended: what is needed to go on with them, among the user's styles.

``learning/<key>.safetensors``; the key stands for the style, the weights and all settings, so that only the
same request finds it again.
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path

from .learned import write_noted
from .records import read_record

MAX_BYTES = 16 << 20
MAX_KEPT = 16


@dataclass(frozen=True)
class Begun:
    """A learning that has begun: the style's identity and title, the engine, `done` of `steps`.

    `steps` is 0 while it is not known yet how many go into the time asked for. `minutes` is that time, 0
    where steps were asked for.
    """

    style: str
    title: str
    engine: str
    steps: int
    done: int = 0
    seed: int = 0
    image: str = ""
    minutes: float = 0.0

    def key(self, weights: str) -> str:
        """Names what was asked for, to which the title does not belong, nor how far it has come."""
        asked = self.minutes or self.steps
        text = repr((self.style, weights, type(asked).__name__, asked, self.seed, self.image))
        return hashlib.sha256(text.encode()).hexdigest()


class Checkpoints:
    """Those in a folder, which need not exist. Other processes may read them meanwhile."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, key: str) -> tuple[Begun, bytes] | None:
        """What was begun under that key, with its tensors; None for nothing that is sound."""
        path = self._path(key)
        begun = _begun(path)
        with contextlib.suppress(OSError):
            if begun is not None and path.stat().st_size <= MAX_BYTES:
                return begun, path.read_bytes()
        return None

    def save(self, key: str, begun: Begun, data: bytes) -> None:
        """Keep tensors in place of the older ones. Raises ScumbleError `cannot-write` or `disk-full`."""
        write_noted(self._path(key), data, asdict(begun))
        with contextlib.suppress(OSError):
            for path in self._files()[MAX_KEPT:]:
                path.unlink(missing_ok=True)

    def remove(self, key: str) -> None:
        """It is over, or of no use. What cannot be removed stays."""
        with contextlib.suppress(OSError):
            self._path(key).unlink(missing_ok=True)

    def all(self) -> list[Begun]:
        """All that has begun, the newest first."""
        with contextlib.suppress(OSError):
            return [begun for path in self._files() if (begun := _begun(path)) is not None]
        return []

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.safetensors"

    def _files(self) -> list[Path]:
        found = self._folder.glob("*.safetensors")
        return sorted(found, key=lambda path: path.stat().st_mtime_ns, reverse=True)


def _begun(path: Path) -> Begun | None:
    record = read_record(path)
    try:
        begun = Begun(**record)
    except TypeError:
        return None
    numbers = (begun.steps, begun.done, begun.seed)
    texts = (begun.style, begun.title, begun.engine, begun.image)
    sound = all(isinstance(n, int) and 0 <= n < 1 << 31 for n in numbers)
    sound &= all(isinstance(text, str) and len(text) <= 1000 for text in texts)
    return begun if sound and isinstance(begun.minutes, int | float) else None
