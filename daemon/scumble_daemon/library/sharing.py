"""Styles as one file to give away: ``NAME.scumble-style``, JSON with base64 for what is binary.

A file holds no path and no code: what arrives is text of bounded length, signals that are read by
safetensors, and pictures that are decoded and, but for the style's own image, encoded anew.

    {"scumble-style": 1, "title": ..., credits...,
     "signals": {"microast-0123456789abcdef.safetensors": base64}, "thumbnail": base64,
     "learned": {the same names: base64},
     "image": base64 (only when asked for), "sha256": digest of the image}

What was learned of a style goes along with it: it is what takes minutes to make. A recipe has ``"recipe"``
instead, and the user's styles that it mixes under ``"embedded"``.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from safetensors import SafetensorError
from safetensors.numpy import load as load_safetensors

from scumble.errors import ScumbleError

from ..storage.atomic import atomic_file
from .catalogue import MAX_PARTS, Library
from .entries import Credits, StyleEntry, credits_from
from .learned import MAX_BYTES as MAX_LEARNED_BYTES
from .learned import add_learned, learned_files
from .recipes import Recipe, recipe_from
from .signals import FILE_NAME, MAX_BYTES, signals_files
from .thumbnails import jpeg_of, jpeg_of_image, read_thumbnail

SUFFIX = ".scumble-style"
FORMAT = 1
MAX_FILE_BYTES = 128 << 20
MAX_IMAGE_BYTES = 64 << 20
MAX_SIGNALS = 16
MAX_THUMBNAIL_BYTES = 256 << 10
MAX_THUMBNAIL_SIDE = 1024


def export_style(library: Library, name: str, target: Path, *, with_image: bool = False) -> StyleEntry:
    """Write a style to `target`, and the image it was made from only `with_image`.

    Raises ScumbleError `unknown-style`, `no-signals` for a style that nothing has encoded yet when
    its image is to stay here, `no-image`, `cannot-write`.
    """
    entry = library.find(name)
    data: dict[str, Any] = {"scumble-style": FORMAT, **_shared(library, entry, with_image)}
    with atomic_file(target) as file:
        file.write(json.dumps(data, indent=1, ensure_ascii=False).encode())
    return entry


def import_style(library: Library, path: Path) -> StyleEntry:
    """Take a style in from a file. What is there already is not taken twice.

    Raises ScumbleError `file-missing`, `cannot-read`, `bad-style-file` for anything that is not
    sound, `unknown-style` for a recipe whose styles are not here, `cannot-write`.
    """
    data = _read(path)
    if data.get("scumble-style") != FORMAT:
        raise _bad("it is not of a kind that this version of Scumble knows")
    if "recipe" not in data:
        return _take(library, data, path.stem)
    recipe = recipe_from(data["recipe"])
    embedded = data.get("embedded", {})
    if not isinstance(embedded, dict) or len(embedded) > MAX_PARTS:
        raise _bad("what it embeds is not a table")
    names: dict[str, str] = {}
    for name, part in embedded.items():
        if not isinstance(part, dict) or "recipe" in part:
            raise _bad("what it embeds is not a style")
        names[name] = _take(library, part, name).name
    parts = tuple((names.get(name, name), share) for name, share in recipe.parts)
    title = credits_from(data, path.stem)
    return library.add_recipe(Recipe(parts, recipe.settings), title.title, title)


def _shared(library: Library, entry: StyleEntry, with_image: bool) -> dict[str, Any]:
    credits = entry.credits
    if entry.kind == "watched":
        credits = dataclasses.replace(credits, source="", family="")  # a path is nobody else's business
    data = credits.as_dict()
    if entry.recipe is not None:
        # Recipes of recipes are given away as the plain styles they come down to.
        parts = library.parts(entry)
        recipe = Recipe(tuple((p.name, share) for p, share in parts), entry.recipe.settings)
        if [name for name, _ in recipe.parts] == [name for name, _ in entry.recipe.parts]:
            recipe = entry.recipe  # with shares as they were given: it is the same when it comes home
        data["recipe"] = recipe.as_dict()
        embedded = {p.name: _shared(library, p, with_image) for p, _ in parts if p.kind != "builtin"}
        return {**data, "embedded": embedded} if embedded else data
    signals, learned = (
        {path.name: _text(path.read_bytes()) for path in files}
        for files in (signals_files(entry.signals_folder), learned_files(entry))
    )
    if not signals and not learned and not with_image:
        raise ScumbleError(
            "no-signals",
            "The style {style} has not been used yet, so there is nothing but its image.",
            hint="Stylize something with it first, or export it with its image.",
            style=entry.name,
        )
    data |= {"signals": signals, "thumbnail": _text(read_thumbnail(entry))}
    if learned:
        data["learned"] = learned
    if with_image:
        if entry.image is None:
            raise ScumbleError(
                "no-image", "The library does not have the image of {style}.", style=entry.name
            )
        image = entry.image.read_bytes()
        data |= {"image": _text(image), "sha256": hashlib.sha256(image).hexdigest()}
    return data


def _take(library: Library, data: Mapping[str, Any], fallback: str) -> StyleEntry:
    from ..images import decode_image

    credits: Credits = credits_from(data, fallback)
    signals = _signals(data.get("signals", {}))
    learned = _learned(data.get("learned", {}))
    image = _bytes(data.get("image", ""), MAX_IMAGE_BYTES, "image") or None
    if not signals and not learned and image is None:
        raise _bad("it holds neither signals nor an image")
    if image is not None:
        digest = hashlib.sha256(image).hexdigest()
        if data.get("sha256") != digest:
            raise _bad("its image is damaged")
        thumbnail = jpeg_of(decode_image(image, "The image in it").pixels)
    else:
        same = _with_tensors(library, signals, learned)
        if same is not None:
            add_learned(same, learned)
            return same
        tensors = [found[name] for found in (signals, learned) for name in sorted(found)]
        digest = hashlib.sha256(b"".join(tensors)).hexdigest()
        thumbnail = _thumbnail(_bytes(data.get("thumbnail", ""), MAX_THUMBNAIL_BYTES, "thumbnail"))
    entry = library.add(digest, credits, image=image, thumbnail=thumbnail, signals=signals)
    add_learned(entry, learned)
    return entry


def _with_tensors(
    library: Library, signals: Mapping[str, bytes], learned: Mapping[str, bytes]
) -> StyleEntry | None:
    """The user's style that these are of: what both have of signals, or was learned for both, is the same."""
    for entry in library.entries():
        if entry.kind != "user":
            continue
        kept = (signals_files(entry.signals_folder), signals), (learned_files(entry), learned)
        for files, theirs in kept:
            own = {path.name: path for path in files}
            both = own.keys() & theirs.keys()
            if both and all(own[name].read_bytes() == theirs[name] for name in both):
                return entry
    return None


def _signals(data: object) -> dict[str, bytes]:
    return _tensors(data, "signals", MAX_BYTES)


def _learned(data: object) -> dict[str, bytes]:
    return _tensors(data, "learned tensors", MAX_LEARNED_BYTES)


def _tensors(data: object, what: str, most: int) -> dict[str, bytes]:
    if not isinstance(data, dict) or len(data) > MAX_SIGNALS:
        raise _bad(f"its {what} are not a table")
    found: dict[str, bytes] = {}
    for name, text in data.items():
        if not FILE_NAME.fullmatch(name):
            raise _bad(f"{name!r:.60} is not the name of {what}")
        content = _bytes(text, most, what)
        try:
            tensors = load_safetensors(content)
            sound = all(_is_sound(tensor) for tensor in tensors.values())
        except (SafetensorError, ValueError, KeyError, TypeError) as error:
            raise _bad(f"its {what} are damaged") from error
        if not tensors or not sound:
            raise _bad(f"its {what} are damaged")
        found[name] = content
    return found


def _is_sound(tensor: np.ndarray) -> bool:
    of_a_kind = 1 <= tensor.ndim <= 4 and tensor.dtype in (np.float32, np.float16)
    return of_a_kind and bool(np.isfinite(tensor).all())


def _thumbnail(data: bytes) -> bytes:
    if not data:
        return b""
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
            if max(image.size) > MAX_THUMBNAIL_SIDE:
                raise _bad("its thumbnail is too large")
            return jpeg_of_image(image.convert("RGB"))
    except ScumbleError:
        raise
    except Exception as error:  # decoders raise nearly anything for damaged files
        raise _bad("its thumbnail is damaged") from error


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError as error:
        raise ScumbleError("file-missing", "There is no file {file}.", file=path) from error
    except (OSError, ValueError) as error:
        raise ScumbleError("cannot-read", "{file} cannot be read.", detail=str(error), file=path) from error
    if len(raw) > MAX_FILE_BYTES:
        raise _bad(f"it is larger than {MAX_FILE_BYTES >> 20} MiB")
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise _bad("it is not a file that Scumble wrote") from error
    if not isinstance(data, dict):
        raise _bad("it is not a file that Scumble wrote")
    return data


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(text: object, most: int, what: str) -> bytes:
    if not isinstance(text, str) or len(text) > most * 4 // 3 + 4:
        raise _bad(f"its {what} is too large to be genuine")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _bad(f"its {what} is damaged") from error


def _bad(reason: str) -> ScumbleError:
    return ScumbleError("bad-style-file", "The style file cannot be used: {reason}.", reason=reason)
