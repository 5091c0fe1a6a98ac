"""All styles under one roof: find, list, add, rename, remove, and what a recipe is made of."""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from scumble.errors import ScumbleError

from . import user
from .builtin import builtin_styles
from .checkpoints import Checkpoints
from .entries import Credits, StyleEntry
from .learned import learned_engines, lessons_of
from .names import checked_name, clean_text, library_name, unique_name
from .places import builtin_folder, locked, user_folder
from .recipes import Recipe
from .signals import engines_of, signals_files
from .state import MAX_WATCHED, State, read_state, write_state
from .thumbnails import jpeg_of
from .watched import Picture, pictures_in, watched_styles

MAX_DEPTH = 4
MAX_PARTS = 64


class Library:
    """The styles that this user has. For one thread; other processes may change the same library.

    `builtin` and `user` are the folders that hold them; by default this installation's and this
    user's.
    """

    def __init__(self, builtin: Path | None = None, user: Path | None = None) -> None:
        self.builtin_folder = builtin or builtin_folder()
        self.folder = user or user_folder()
        self._seen: tuple[State, tuple[Picture, ...], int] | None = None
        self._entries: tuple[StyleEntry, ...] = ()

    def entries(self) -> tuple[StyleEntry, ...]:
        """All styles: built-in ones, the user's, then those of watched folders. Names are unique."""
        state = read_state(self.folder)
        pictures = pictures_in(state.watched)
        seen = (state, pictures, _changed(self.folder))
        if seen != self._seen:
            self._entries = tuple(self._gather(state, pictures))
            self._seen = seen
        return self._entries

    def find(self, name: str) -> StyleEntry:
        """The style of that name or title, whatever the case.

        Raises ScumbleError `unknown-style`, with the names that are near.
        """
        entries = self.entries()
        wanted = name.casefold()
        for key in (lambda e: e.name, lambda e: e.credits.title):
            for entry in entries:
                if key(entry).casefold() == wanted:
                    return entry
        near = self.near(name)
        raise ScumbleError(
            "unknown-style",
            "There is no style named {style} in the library.",
            hint="Did you mean {near}?" if near else "List them with: scumble styles list",
            style=repr(clean_text(name, 60)),
            near=" or ".join(near),
        )

    def of_picture(self, identity: bytes) -> StyleEntry | None:
        """The user's style of that identity: the SHA-256 of a picture's file."""
        if not (self.folder / identity.hex()).is_dir():  # next to always, and it costs nothing
            return None
        same = (e for e in self.entries() if e.kind == "user" and e.identity == identity)
        return next(same, None)

    def near(self, name: str) -> list[str]:
        """Up to three names of styles that look like `name`."""
        keys: dict[str, str] = {}
        for entry in self.entries():
            keys.setdefault(entry.credits.title.casefold(), entry.name)
            keys[entry.name.casefold()] = entry.name
        found = [keys[key] for key in difflib.get_close_matches(name.casefold(), keys, n=5, cutoff=0.6)]
        return list(dict.fromkeys(found))[:3]

    def parts(self, entry: StyleEntry) -> list[tuple[StyleEntry, float]]:
        """What is to be mixed for a style: itself, or for a recipe the styles it comes down to.

        Shares sum to 1. Raises ScumbleError `unknown-style`, or `bad-style` for recipes that
        contain each other.
        """
        found = self._parts(entry, 1.0, 0)
        if len(found) > MAX_PARTS:
            raise ScumbleError(
                "bad-style",
                "The recipe {style} mixes more than {most} styles.",
                style=entry.name,
                most=MAX_PARTS,
            )
        return found

    def describe(self, entry: StyleEntry) -> dict[str, Any]:
        """What a gallery needs to know of a style, as plain data."""
        parts = self._parts_or_none(entry)
        return {
            "name": entry.name,
            "kind": entry.kind,
            **entry.credits.as_dict(),
            "favourite": entry.favourite,
            "builtin": entry.kind == "builtin",
            "engines": _common_engines(parts),
            "learned": _learned(parts),
            "begun": self._begun(entry),
            "any_engine": bool(parts) and all(part.image is not None for part in parts),
            "thumbnail": entry.thumbnail.is_file(),
            "settings": entry.settings,
        }

    def add_image(
        self, data: bytes, title: str, credits: Credits | None = None, *, identity: bytes | None = None
    ) -> StyleEntry:
        """Take an image file in. One that is there already is not taken twice, and keeps its name.

        It is known by the SHA-256 of the file, or by an `identity` where the file was made of pixels.

        Raises ScumbleError as `decode_image`, and `cannot-write`.
        """
        from ..images import decode_image

        thumbnail = jpeg_of(decode_image(data, clean_text(title) or "The style").pixels)
        credits = dataclasses.replace(credits or Credits(""), title=clean_text(title) or "Style")
        digest = (identity or hashlib.sha256(data).digest()).hex()
        return self.add(digest, credits, image=data, thumbnail=thumbnail)

    def add_recipe(self, recipe: Recipe, title: str, credits: Credits | None = None) -> StyleEntry:
        """Keep a recipe. Raises ScumbleError `unknown-style` for a part that is not here, `cannot-write`."""
        for name, _ in recipe.parts:
            self.find(name)
        credits = dataclasses.replace(credits or Credits(""), title=clean_text(title) or "Recipe")
        digest = hashlib.sha256(f"{credits.title}\0{recipe.as_dict()}".encode()).hexdigest()
        return self.add(digest, credits, recipe=recipe, thumbnail=self._mixed_thumbnail(recipe))

    def add(self, digest: str, credits: Credits, **contents: Any) -> StyleEntry:
        """Put a style of the user there; `contents` as for :func:`~.user.write_style`."""
        with locked(self.folder):
            entries = self.entries()
            for entry in entries:
                if entry.identity.hex() == digest and entry.kind in ("user", "recipe"):
                    return entry
            name = unique_name(library_name(credits.title), {e.name.casefold() for e in entries})
            user.write_style(self.folder, digest, name, credits, **contents)
            write_state(self.folder)
        return self.find(name)

    def rename(self, name: str, title: str) -> StyleEntry:
        """Give a style of the user another title, and the name that goes with it; recipes follow.

        Raises ScumbleError `unknown-style`, `not-yours`, `name-taken`, `bad-style`, `cannot-write`.
        """
        if not clean_text(title):
            raise ScumbleError("bad-style", "A style needs a title.")
        new_name = checked_name(library_name(title))
        with locked(self.folder):
            entry = self._own(name)
            others = {e.name.casefold() for e in self.entries() if e is not entry}
            if new_name.casefold() in others:
                raise ScumbleError("name-taken", "There is a style named {style} already.", style=new_name)
            user.rewrite_style(entry, new_name, dataclasses.replace(entry.credits, title=clean_text(title)))
            for recipe in self.recipes_with(entry.name):
                assert recipe.recipe is not None
                renamed = dataclasses.replace(recipe, recipe=recipe.recipe.renamed(entry.name, new_name))
                user.rewrite_style(renamed, recipe.name, recipe.credits)
            favourites = read_state(self.folder).favourites
            if entry.name in favourites:
                favourites = favourites - {entry.name} | {new_name}
            write_state(self.folder, favourites=favourites)
        return self.find(new_name)

    def recipes_with(self, name: str) -> list[StyleEntry]:
        """The recipes that mix the style of that name, by themselves and not by other recipes."""
        return [
            entry
            for entry in self.entries()
            if entry.recipe is not None and any(part == name for part, _ in entry.recipe.parts)
        ]

    def remove(self, name: str) -> StyleEntry:
        """Remove a style of the user, and return what it was.

        Raises ScumbleError `unknown-style`, `not-yours`, `cannot-write`.
        """
        with locked(self.folder):
            entry = self._own(name)
            user.delete_style(entry)
            write_state(self.folder, favourites=read_state(self.folder).favourites - {entry.name})
        return entry

    def favourite(self, name: str, on: bool = True) -> StyleEntry:
        """Mark any style, or take the mark away. Raises ScumbleError `unknown-style`, `cannot-write`."""
        with locked(self.folder):
            entry = self.find(name)
            favourites = read_state(self.folder).favourites - {entry.name}
            write_state(self.folder, favourites=favourites | {entry.name} if on else favourites)
        return self.find(entry.name)

    def watched(self) -> tuple[Path, ...]:
        """The folders whose pictures are styles."""
        return read_state(self.folder).watched

    def watch(self, folder: Path, on: bool = True) -> None:
        """Watch a folder, or watch it no longer.

        Raises ScumbleError `file-missing` for what is no folder, `bad-style` for too many of them,
        `cannot-write`.
        """
        path = folder.resolve()
        if on and not path.is_dir():
            raise ScumbleError("file-missing", "There is no folder {folder}.", folder=folder)
        with locked(self.folder):
            others = tuple(known for known in read_state(self.folder).watched if known != path)
            if on and len(others) >= MAX_WATCHED:
                raise ScumbleError(
                    "bad-style", "More than {most} folders cannot be watched.", most=MAX_WATCHED
                )
            write_state(self.folder, watched=(*others, path) if on else others)

    @property
    def checkpoints(self) -> Checkpoints:
        """The learnings that have begun and not ended."""
        return Checkpoints(self.folder / "learning")

    def _begun(self, entry: StyleEntry) -> dict[str, Any]:
        for begun in self.checkpoints.all():
            if begun.style == entry.identity.hex() and begun.steps:
                return {"engine": begun.engine, "done": begun.done, "steps": begun.steps}
        return {}

    def _gather(self, state: State, pictures: Sequence[Picture]) -> Iterable[StyleEntry]:
        taken: set[str] = set()
        for entry in [*builtin_styles(self.builtin_folder), *user.user_styles(self.folder)]:
            # Two processes cannot take one name, but a restored backup can.
            name = unique_name(entry.name, taken)
            taken.add(name.casefold())
            # An installation is the same for all users, and not theirs to write to.
            own = self.folder / "builtin" / entry.name if entry.kind == "builtin" else None
            yield dataclasses.replace(entry, name=name, favourite=name in state.favourites, own_folder=own)
        for entry in watched_styles(pictures, self.folder / "watched", taken):
            yield dataclasses.replace(entry, favourite=entry.name in state.favourites)

    def _own(self, name: str) -> StyleEntry:
        entry = self.find(name)
        if entry.kind == "builtin":
            raise ScumbleError("not-yours", "{style} is built in and stays as it is.", style=entry.name)
        if entry.kind == "watched":
            raise ScumbleError(
                "not-yours",
                "{style} is the file {file} of a watched folder.",
                hint="Rename or remove the file itself.",
                style=entry.name,
                file=entry.image,
            )
        return entry

    def _parts(self, entry: StyleEntry, share: float, depth: int) -> list[tuple[StyleEntry, float]]:
        if entry.recipe is None:
            return [(entry, share)]
        if depth >= MAX_DEPTH:
            raise ScumbleError(
                "bad-style", "The recipe {style} is made of too many other recipes.", style=entry.name
            )
        total = sum(part for _, part in entry.recipe.parts)
        found = []
        for name, part in entry.recipe.parts:
            try:
                style = self.find(name)
            except ScumbleError as error:
                raise ScumbleError(
                    "unknown-style",
                    "The recipe {style} mixes {part}, which is no longer in the library.",
                    hint="Add it again, or remove the recipe.",
                    style=entry.name,
                    part=repr(name),
                ) from error
            found += self._parts(style, share * part / total, depth + 1)
        return found

    def _parts_or_none(self, entry: StyleEntry) -> list[StyleEntry]:
        try:
            return [part for part, _ in self.parts(entry)]
        except ScumbleError:
            return []  # a part was removed since: listed, but no engine can do it

    def _mixed_thumbnail(self, recipe: Recipe) -> bytes:
        from .strips import strips_of

        return strips_of([(self.find(name), share) for name, share in recipe.parts])


def _common_engines(parts: Sequence[StyleEntry]) -> list[str]:
    """The engines that have signals of all parts, or can make them."""
    known = [_engines(part) for part in parts if part.image is None]
    if known:
        return sorted(set.intersection(*known))
    return sorted(set().union(*(_engines(part) for part in parts)))


def _engines(entry: StyleEntry) -> set[str]:
    return {*engines_of(signals_files(entry.signals_folder)), *learned_engines(entry)}


def _learned(parts: Sequence[StyleEntry]) -> dict[str, Any]:
    """The engines for which all parts are learned; for a single style, how."""
    if len(parts) == 1:
        return lessons_of(parts[0])
    engines = [set(learned_engines(part)) for part in parts]
    return {engine: {} for engine in sorted(set.intersection(*engines))} if engines else {}


def _changed(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0
