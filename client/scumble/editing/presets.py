"""Presets: effects under a name, the same ones in both editors and on the command line.

Each is a JSON file of its own in the user's data folder, named so that every file system takes it; the
name that people read is inside. Names that differ in case only are the same.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any, List, Mapping, NamedTuple, Optional, Tuple

from ..errors import ScumbleError
from ..files import write_whole
from ..folders import data_dir
from .effect import Effect

MAX_PRESET_NAME = 80
MAX_FILE = 1 << 16


@dataclass(frozen=True)
class Preset:
    """An effect under a name."""

    name: str
    effect: Effect

    def to_dict(self) -> Mapping[str, Any]:
        """Plain data, as the file has them."""
        return {"name": self.name, "effect": self.effect.to_dict()}


class Presets(NamedTuple):
    """What lies in the folder: presets sorted by name, and an error for each file that is none."""

    found: Tuple[Preset, ...]
    errors: Tuple[ScumbleError, ...]


def presets_dir() -> Path:
    """Where presets lie; it need not exist yet."""
    return data_dir() / "presets"


def list_presets() -> Presets:
    """All presets. Never raises: what cannot be read, a file or the folder, is among the errors."""
    found, errors = _read_all()
    presets = sorted((preset for _file, preset in found), key=lambda preset: preset.name.casefold())
    return Presets(tuple(presets), tuple(errors))


def load_preset(name: str) -> Preset:
    """The preset of that name.

    Raises ScumbleError `unknown-preset`, with names that are near it, or `bad-preset` where its file is
    damaged.
    """
    return _find(name)[1]


def save_preset(name: str, effect: Effect) -> Preset:
    """Keep an effect under a name, in place of what had it; the preset as it was kept.

    Where in a picture each style was is not kept, nor what was protected by a mask: a preset fits every
    picture.
    Raises ScumbleError `bad-preset` for a name that is none, an effect without a style, and one whose
    style is a layer; `cannot-write`.
    """
    preset = Preset(_checked(name), _for_every_picture(effect))
    files = [file for file, known in _read_all()[0] if _same(known.name, preset.name)]
    file = files[0] if files else presets_dir() / _file_name(preset.name)
    text = json.dumps(preset.to_dict(), indent=1, ensure_ascii=False)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, text.encode("utf-8"))
    except OSError as error:
        raise _cannot_write(file, error) from error
    return preset


def delete_preset(name: str) -> None:
    """Remove the preset of that name, damaged or not.

    Raises ScumbleError `unknown-preset`, `cannot-write`.
    """
    try:
        file = _find(name)[0]
    except ScumbleError as error:
        file = presets_dir() / _file_name(_clean(name))
        if error.code != "bad-preset" or not file.is_file():
            raise
    try:
        file.unlink()
    except OSError as error:
        raise _cannot_write(file, error) from error


def _for_every_picture(effect: Effect) -> Effect:
    if not effect.styles:
        raise ScumbleError("bad-preset", "A preset needs a style.", hint="Choose a style first.")
    if any(style.kind == "layer" for style in effect.styles):
        raise ScumbleError(
            "bad-preset",
            "A layer of one picture cannot be in a preset, which is for every picture.",
            hint="Save the layer as a picture, and choose that file as the style.",
        )
    return effect.everywhere


def _checked(name: str) -> str:
    clean = _clean(name)
    if not clean:
        raise ScumbleError("bad-preset", "A preset needs a name.")
    if len(clean) > MAX_PRESET_NAME:
        raise ScumbleError(
            "bad-preset", "The name of a preset has {most} characters at most.", most=MAX_PRESET_NAME
        )
    return clean


def _clean(name: str) -> str:
    """One line, composed: what looks alike is alike. What no file can hold is left out."""
    composed = unicodedata.normalize("NFC", name)
    return " ".join("".join(c if unicodedata.category(c)[0] != "C" else " " for c in composed).split())


def _same(one: str, other: str) -> bool:
    return _clean(one).casefold() == _clean(other).casefold()


def _file_name(name: str) -> str:
    # Some letters to know it by; the digest tells apart what they do not, and no system reserves such a name.
    known_by = re.sub(r"[^a-z0-9]+", "-", name.casefold())[:40].strip("-")
    digest = hashlib.sha256(name.casefold().encode("utf-8")).hexdigest()[:12]
    return "{}.json".format("-".join(filter(None, (known_by, digest))))


def _find(name: str) -> Tuple[Path, Preset]:
    found, _errors = _read_all()
    for file, preset in found:
        if _same(preset.name, name):
            return file, preset
    file = presets_dir() / _file_name(_clean(name))
    if file.is_file():
        _read(file)  # says what is wrong with it
    names = {preset.name.casefold(): preset.name for _file, preset in found}
    near = difflib.get_close_matches(_clean(name).casefold(), names, 1)
    raise ScumbleError(
        "unknown-preset",
        "There is no preset named {name}.",
        hint="Did you mean {near}?" if near else "",
        name=_clean(name),
        near=names[near[0]] if near else "",
    )


def _read_all() -> Tuple[List[Tuple[Path, Preset]], List[ScumbleError]]:
    found: List[Tuple[Path, Preset]] = []
    errors: List[ScumbleError] = []
    folder = presets_dir()
    try:
        files = sorted(file for file in folder.iterdir() if file.suffix == ".json")
    except FileNotFoundError:
        return found, errors
    except OSError as error:
        return found, [_bad(folder, error.strerror or str(error))]
    for file in files:
        try:
            found.append((file, _read(file)))
        except ScumbleError as error:
            errors.append(error)
    return found, errors


def _read(file: Path) -> Preset:
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_FILE + 1)
        if len(data) > MAX_FILE:
            raise _bad(file, "it is too long")
        preset = _preset_of(json.loads(data.decode("utf-8")))
    except OSError as error:
        raise _bad(file, error.strerror or str(error)) from error
    except (ValueError, RecursionError) as error:
        raise _bad(file, str(error)) from error
    if preset is None:
        raise _bad(file, "it names no style")
    return preset


def _preset_of(fields: object) -> Optional[Preset]:
    name = fields.get("name") if isinstance(fields, Mapping) else None
    effect = Effect.from_dict(fields.get("effect")) if isinstance(fields, Mapping) else Effect()
    if not isinstance(name, str) or not _clean(name):
        return None
    try:
        return Preset(_clean(name)[:MAX_PRESET_NAME], _for_every_picture(effect))
    except ScumbleError:
        return None


def _bad(file: Path, detail: str) -> ScumbleError:
    return ScumbleError(
        "bad-preset",
        "The file {file} holds no preset that can be read.",
        hint="Remove it, or save the preset again.",
        detail=detail,
        file=file,
    )


def _cannot_write(file: Path, error: OSError) -> ScumbleError:
    return ScumbleError(
        "cannot-write",
        "{file} cannot be written: {reason}.",
        hint="Choose a folder that exists, has room and that you may write to.",
        file=file,
        reason=error.strerror or str(error),
    )
