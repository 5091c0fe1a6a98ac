"""What an editor's plug-in remembers between runs: one JSON file per editor, written in one step."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Dict, Optional, Tuple

from ..files import write_whole
from ..folders import config_dir
from ..learn_request import STEPS, STEPS_RANGE
from .effect import Effect, StyleChoice
from .history import MAX_HISTORY, HistoryEntry, entries

MAX_RECENT = 24
MAX_FILE = 1 << 20


@dataclass(frozen=True)
class EditorSettings:
    """The last effect, the styles last used and what was painted (newest first), the artist's favourites.

    `learn`: whether paintings that the artist adds are learned, and `learn_steps` for how long, which only
    the file changes; `on_layer`: whether the gallery shows the artist's layer in each style in place of the
    paintings.
    """

    effect: Effect = field(default_factory=Effect)
    recent: Tuple[StyleChoice, ...] = ()
    favourites: Tuple[StyleChoice, ...] = ()
    history: Tuple[HistoryEntry, ...] = ()
    learn: bool = True
    learn_steps: int = STEPS
    on_layer: bool = False

    def used(self, effect: Effect) -> EditorSettings:
        """After a job with that effect: it is the last one, and its styles are the newest."""
        recent = [replace(style, amount=1.0, mask="") for style in effect.styles if style.kind != "layer"]
        keys = {style.key for style in recent}
        recent += [style for style in self.recent if style.key not in keys]
        return replace(self, effect=effect, recent=tuple(recent[:MAX_RECENT]))

    def painted(self, entry: HistoryEntry) -> EditorSettings:
        """After that result: its effect was used, and it is the newest of the history."""
        return replace(self.used(entry.effect), history=(entry, *self.history)[:MAX_HISTORY])

    def toggled(self, style: StyleChoice) -> EditorSettings:
        """With that style among the favourites if it was not, and without it if it was."""
        kept = tuple(known for known in self.favourites if known.key != style.key)
        if len(kept) == len(self.favourites):
            kept += (replace(style, amount=1.0, mask=""),)
        return replace(self, favourites=kept)

    def learning(self, on: bool) -> EditorSettings:
        """With the learning of added paintings turned on or off."""
        return replace(self, learn=on)

    def showing_layer(self, on: bool) -> EditorSettings:
        """With the artist's layer in the gallery, or the paintings."""
        return replace(self, on_layer=on)

    def to_dict(self) -> Dict[str, Any]:
        """The settings as plain data."""
        return {
            "effect": self.effect.to_dict(),
            "recent": [style.to_dict() for style in self.recent],
            "favourites": [style.to_dict() for style in self.favourites],
            "history": [entry.to_dict() for entry in self.history],
            "learn": self.learn,
            "learn_steps": self.learn_steps,
            "on_layer": self.on_layer,
        }

    @classmethod
    def from_dict(cls, fields: object) -> EditorSettings:
        """The inverse of :meth:`to_dict`; what is absent or odd has its default."""
        if not isinstance(fields, dict):
            return cls()
        return cls(
            effect=Effect.from_dict(fields.get("effect")),
            recent=_styles(fields.get("recent"))[:MAX_RECENT],
            favourites=_styles(fields.get("favourites")),
            history=entries(fields.get("history")),
            learn=fields.get("learn") is not False,
            learn_steps=_steps(fields.get("learn_steps")),
            on_layer=fields.get("on_layer") is True,
        )


def settings_file(editor: str) -> Path:
    """Where the plug-in of `editor` (``gimp``, ``krita``) keeps its settings."""
    return config_dir() / "{}.json".format(editor)


def load_settings(file: Path) -> EditorSettings:
    """The settings in `file`, or the defaults where there are none that can be read.

    A damaged file is kept beside it, as ``NAME.damaged``. Never raises.
    """
    try:
        with file.open("rb") as opened:
            text = opened.read(MAX_FILE + 1)
    except OSError:
        return EditorSettings()
    try:
        return EditorSettings.from_dict(_parse(text))
    except (ValueError, RecursionError):
        with contextlib.suppress(OSError):
            file.replace(file.with_name(file.name + ".damaged"))
        return EditorSettings()


def save_settings(file: Path, settings: EditorSettings) -> None:
    """Write the settings whole or not at all. Raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(settings.to_dict(), indent=1, ensure_ascii=False)
    write_whole(file, text.encode("utf-8"), private=True)


def _parse(text: bytes) -> Optional[object]:
    if len(text) > MAX_FILE:
        raise ValueError("too long for settings")
    return json.loads(text.decode("utf-8"))


def _steps(found: object) -> int:
    low, high = STEPS_RANGE
    return found if isinstance(found, int) and low <= found <= high else STEPS


def _styles(found: object) -> Tuple[StyleChoice, ...]:
    styles = [StyleChoice.from_dict(style) for style in found] if isinstance(found, list) else []
    return tuple(style for style in styles if style is not None)
