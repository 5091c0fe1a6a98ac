"""A recipe: a weighted mix of styles and the settings that go with it, under one name."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scumble.errors import ScumbleError
from scumble.request import MAX_STYLES

from .names import checked_name

MAX_SETTINGS = 16
_KEY = re.compile(r"[a-z][a-z_]{0,31}")

Setting = str | int | float | bool


@dataclass(frozen=True)
class Recipe:
    """Library names with their shares, and fields of a StylizeRequest.

    The mix is applied wherever the recipe's name is given. The settings are offered to whoever
    chooses the recipe: the command line takes them as defaults, an editor moves its sliders.

    Raises ScumbleError `bad-style`.
    """

    parts: tuple[tuple[str, float], ...]
    settings: Mapping[str, Setting] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 1 <= len(self.parts) <= MAX_STYLES:
            raise _bad(f"it mixes {len(self.parts)} styles, and 1 to {MAX_STYLES} can be mixed")
        for name, share in self.parts:
            checked_name(name)
            if not _is_number(share) or not 0 <= share <= 1e6:
                raise _bad(f"the share of {name} is not a number of 0 or more")
        if sum(share for _, share in self.parts) <= 0:
            raise _bad("no style in it has a share above 0")
        if len(self.settings) > MAX_SETTINGS:
            raise _bad(f"it has more than {MAX_SETTINGS} settings")
        for key, value in self.settings.items():
            if not isinstance(key, str) or not _KEY.fullmatch(key):
                raise _bad(f"{key!r:.40} is not a setting")
            text = isinstance(value, str) and len(value) <= 100
            if not text and not isinstance(value, bool) and not _is_number(value):
                raise _bad(f"the setting {key} is neither a number nor a short word")

    def renamed(self, old: str, new: str) -> Recipe:
        """The recipe with another name for one of its styles."""
        parts = tuple((new if name == old else name, share) for name, share in self.parts)
        return Recipe(parts, self.settings)

    def as_dict(self) -> dict[str, Any]:
        """Plain data; the inverse of :func:`recipe_from`."""
        parts = [{"style": name, "share": share} for name, share in self.parts]
        return {"styles": parts, "settings": dict(self.settings)}


def recipe_from(data: object) -> Recipe:
    """The recipe in plain data from a file. Raises ScumbleError `bad-style`."""
    if not isinstance(data, Mapping):
        raise _bad("it is not a table")
    parts, settings = data.get("styles"), data.get("settings", {})
    if not isinstance(parts, Sequence) or isinstance(parts, str) or not isinstance(settings, Mapping):
        raise _bad("it does not list styles")
    pairs = []
    for part in parts:
        if not isinstance(part, Mapping) or not isinstance(part.get("style"), str):
            raise _bad("it does not list styles")
        pairs.append((part["style"], part.get("share", 1.0)))
    return Recipe(tuple(pairs), dict(settings))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _bad(reason: str) -> ScumbleError:
    return ScumbleError("bad-style", "This is not a usable recipe: {reason}.", reason=reason)
