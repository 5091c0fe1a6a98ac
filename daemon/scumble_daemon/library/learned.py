"""What has been learned of a style on disk: tensors that cannot be made in a moment.

``learned/<engine>-<first 16 digits of the weights' sha256>.safetensors`` beside the style's ``signals/``, as
these are named. A file holds the style's signals and a decoder, and notes how they were learned (`Lesson`).

What a user learns of a built-in style lies among the user's styles and goes before what came with it.
Pictures that are styles of no library, such as the layer of an editor, have a folder of their own among
``pictures/`` of the user's styles, named by what the daemon knows them by.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scumble.errors import ScumbleError

from ..storage.atomic import atomic_file
from .entries import Credits, StyleEntry
from .records import read_record, with_record
from .signals import FILE_NAME, engines_of, load_tensors, signals_files, signals_name

#: Bytes of a file: signals of 3 KB and a decoder of 320 KB, as half floats.
MAX_BYTES = 400 << 10
MAX_PICTURES = 256


@dataclass(frozen=True)
class Lesson:
    """How tensors were learned: after `done` of `steps` steps, with that seed, on that image among others.

    `image` is a digest, empty for none but the usual pictures; `recipe` that of `scumble_models.learning`, 0
    where nobody noted it.
    """

    steps: int
    done: int
    seed: int = 0
    image: str = ""
    recipe: int = 0

    @property
    def whole(self) -> bool:
        """Whether it went to its end."""
        return self.done >= self.steps > 0


def learned_folder(entry: StyleEntry) -> Path:
    """Where what is learned of a style goes."""
    return (entry.own_folder or entry.folder) / "learned"


def learned_files(entry: StyleEntry) -> list[Path]:
    """What was learned of a style, by name; what the user has learned in place of what came with it."""
    files = {path.name: path for path in signals_files(entry.folder / "learned")}
    if entry.own_folder is not None:
        files |= {path.name: path for path in signals_files(learned_folder(entry))}
    return [files[name] for name in sorted(files)]


def load_learned(entry: StyleEntry, weights: str) -> bytes | None:
    """What was learned with these weights, whatever the engine's name was; None for nothing."""
    return load_tensors(learned_files(entry), weights)


def save_learned(entry: StyleEntry, engine: str, weights: str, data: bytes, lesson: Lesson) -> Path:
    """Put learned tensors in the place of older ones, whole or not at all.

    Raises ScumbleError `cannot-write` or `disk-full`, see `atomic_file`.
    """
    path = learned_folder(entry) / signals_name(engine, weights)
    write_noted(path, data, asdict(lesson))
    return path


def write_noted(path: Path, data: bytes, record: Mapping[str, Any]) -> None:
    """Write tensors with a note, whole or not at all. Raises ScumbleError, see `atomic_file`."""
    with contextlib.suppress(OSError):  # what is wrong is said where the file is to be made
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with atomic_file(path) as file:
            file.write(with_record(data, dict(record)))
    except ScumbleError as error:
        cause = error.__cause__
        if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ScumbleError(
                "disk-full",
                "There is no room on the disk for what is learned.",
                hint="Free some space and ask again: it goes on from where it was.",
                retryable=True,
            ) from error
        raise


def lesson_of(entry: StyleEntry, weights: str) -> Lesson | None:
    """How the style was learned with these weights; None where it was not, or nobody has noted it."""
    for path in learned_files(entry):
        if path.name.endswith(f"-{weights[:16]}.safetensors"):
            return _lesson(read_record(path))
    return None


def learned_engines(entry: StyleEntry) -> list[str]:
    """Names of the engines for which the style is learned, at least in part."""
    return engines_of(learned_files(entry))


def lessons_of(entry: StyleEntry) -> dict[str, Any]:
    """By the engine's name how the style was learned, as plain data; empty for what nobody has noted."""
    found: dict[str, Any] = {}
    for path in learned_files(entry):
        match, lesson = FILE_NAME.fullmatch(path.name), _lesson(read_record(path))
        if match:
            found[match[1]] = {} if lesson is None else {"steps": lesson.steps, "done": lesson.done}
    return found


def learned_stamp(entry: StyleEntry) -> bytes:
    """Changes whenever a style is learned, or learned further."""
    digest = hashlib.sha256(entry.identity)
    for path in learned_files(entry):
        with contextlib.suppress(OSError):
            status = path.stat()
            digest.update(f"{path.name} {status.st_size} {status.st_mtime_ns}".encode())
    return digest.digest()


def picture_entry(folder: Path, key: bytes) -> StyleEntry:
    """The place of a picture that is in no library; `folder` is that of the user's styles."""
    return StyleEntry(key.hex(), "picture", Credits("Picture"), folder / "pictures" / key.hex(), key)


def take_over(entry: StyleEntry, from_: StyleEntry) -> None:
    """Give a style what another has learned for engines that it has learned nothing for."""
    add_learned(entry, {path.name: path.read_bytes() for path in learned_files(from_)})


def add_learned(entry: StyleEntry, contents: Mapping[str, bytes]) -> None:
    """Put files there that have been checked, by their names, where the style has none of that name.

    Raises ScumbleError `cannot-write`.
    """
    for name, data in contents.items():
        target = learned_folder(entry) / name
        if not target.exists():
            with contextlib.suppress(OSError):
                target.parent.mkdir(parents=True, exist_ok=True)
            with atomic_file(target) as file:
                file.write(data)


def forget_old_pictures(folder: Path, most: int = MAX_PICTURES) -> None:
    """Keep what was learned last of such pictures. What cannot be removed stays."""
    with contextlib.suppress(OSError):
        known = sorted((folder / "pictures").iterdir(), key=lambda path: path.stat().st_mtime_ns)
        for path in known[: max(0, len(known) - most)]:
            shutil.rmtree(path, ignore_errors=True)


def _lesson(record: Mapping[str, Any]) -> Lesson | None:
    numbers = [record.get(key) for key in ("steps", "done", "seed")]
    image, recipe = record.get("image"), record.get("recipe", 0)
    numbers_are_sound = all(isinstance(n, int) and 0 <= n < 1 << 31 for n in (*numbers, recipe))
    if not isinstance(image, str) or not numbers_are_sound:
        return None
    return Lesson(*numbers, image, recipe)  # type: ignore[arg-type]
