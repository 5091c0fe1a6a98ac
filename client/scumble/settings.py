"""The settings of a job: each one's default, what it may be and what it is for, in one place.

Requests, the editors' effects, recipes, presets and the command line's options are made of them. A new
setting is a field here, what it does in the daemon, and a control in each editor.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, fields
from typing import Any, Dict, Mapping, Optional, Tuple

from .errors import ScumbleError
from .names import check_name

DEFAULT_WEIGHT = 1.0
"""The strength of a style where nobody sets it: the same in editors, scripts and on the command line."""
STROKE_RANGE = (0.25, 4.0)
CONTRAST_RANGE = (0.5, 2.0)
DETAIL_RANGE = (0.0, 1.0)
PROTECT_RANGE = (0.0, 1.0)
PATCH_RANGE = (64, 16384)
PRESERVE_COLOR = ("off", "luminance", "palette")
TILINGS = ("auto", "full", "thumbnail", "exact")

_DEVICE = re.compile(r"(auto|cpu|mps|cuda(:\d{1,2})?)\Z")


class Kind:
    """What a setting may be."""

    def check(self, name: str, value: object) -> None:
        """Raise ScumbleError for what the setting `name` cannot be."""
        raise NotImplementedError

    def nearest(self, value: object, default: Any) -> Any:
        """The value, or what is nearest to it; the default for what nothing is near to."""
        try:
            self.check("setting", value)
        except ScumbleError:
            return default
        return value


@dataclass(frozen=True)
class Number(Kind):
    """A number within limits; `bad-request` for another."""

    low: float
    high: float

    def check(self, name: str, value: object) -> None:
        if not self.holds(value):
            what = name.replace("_", " ")
            raise ScumbleError(
                "bad-request",
                "The {setting} is {least} to {most}.",
                setting=what,
                least=format(self.low, "g"),
                most=format(self.high, "g"),
            )

    def nearest(self, value: object, default: Any) -> Any:
        return min(self.high, max(self.low, float(value))) if is_number(value) else default  # type: ignore[arg-type]

    def holds(self, value: object) -> bool:
        """Whether it is a number within the limits."""
        return is_number(value) and self.low <= value <= self.high  # type: ignore[operator]


class Strength(Number):
    """The number that most people set; `bad-weight` for another."""

    def check(self, name: str, value: object) -> None:
        if not self.holds(value):
            raise ScumbleError(
                "bad-weight", "The style weight must be between 0 and 1, not {value}.", value=repr(value)[:40]
            )


@dataclass(frozen=True)
class Whole(Kind):
    """A whole number within limits, or None; `bad-request` for another."""

    low: int
    high: int

    def check(self, name: str, value: object) -> None:
        if value is not None and not (is_int(value) and self.low <= value <= self.high):  # type: ignore[operator]
            raise ScumbleError(
                "bad-request",
                "A {setting} is {least} to {most} pixels wide.",
                setting=name,
                least=self.low,
                most=self.high,
            )

    def nearest(self, value: object, default: Any) -> Any:
        return min(self.high, max(self.low, value)) if is_int(value) else default  # type: ignore[type-var]


@dataclass(frozen=True)
class OneOf(Kind):
    """One of some words; `bad-request` for another."""

    words: Tuple[str, ...]

    def check(self, name: str, value: object) -> None:
        if value not in self.words:
            raise ScumbleError(
                "bad-request",
                "{value} is not a value of {setting}.",
                hint="Use one of {choices}.",
                value=repr(value)[:40],
                setting=name,
                choices=", ".join(self.words),
            )


class Named(Kind):
    """The name of an engine; `bad-engine` for what is no name."""

    def check(self, name: str, value: object) -> None:
        check_name(value, "bad-engine", name)


class Device(Kind):
    """What computes; `bad-request` for what is no device."""

    def check(self, name: str, value: object) -> None:
        check_device(value)


def _setting(default: Any, kind: Kind, purpose: str) -> Any:
    return field(default=default, metadata={"kind": kind, "purpose": purpose})


@dataclass(frozen=True)
class Settings:
    """How a layer is painted.

    Attributes:
        weight: 0 returns the layer bit for bit, 1 is the full effect.
        engine: name of the model.
        device: ``auto``, ``cpu``, ``mps``, ``cuda`` or ``cuda:1``.
        tiling: one of `TILINGS`.
        patch: side of a patch in pixels; None lets the engine choose.
        stroke_size: of the brush strokes relative to the picture, whatever its resolution; 1.0 as in a
            preview of 640 pixels.
        preserve_color: one of `PRESERVE_COLOR`.
        contrast: of the result, within `CONTRAST_RANGE`.
        detail: how much of the layer's fine structure returns, within `DETAIL_RANGE`.
        protect_skin: how much of the layer stays where its colour is that of skin, within `PROTECT_RANGE`.
        protect_edges: how much of the layer's drawing stays at its contours, within `PROTECT_RANGE`.

    Raises ScumbleError `bad-request`, `bad-weight` or `bad-engine`.
    """

    weight: float = _setting(
        DEFAULT_WEIGHT,
        Strength(0.0, 1.0),
        "Strength of the style: 0 returns the picture, 1 is the full effect.",
    )
    engine: str = _setting("microast", Named(), "The model, see scumble models list.")
    device: str = _setting("auto", Device(), "Where to compute; auto takes the GPU when there is one.")
    tiling: str = _setting(
        "auto",
        OneOf(TILINGS),
        "How large pictures are cut; exact equals full at any size.",
    )
    patch: Optional[int] = _setting(None, Whole(*PATCH_RANGE), "Side of a patch in pixels.")
    stroke_size: float = _setting(
        1.0,
        Number(*STROKE_RANGE),
        "Relative to the picture, whatever its resolution; 1 is what a preview shows.",
    )
    preserve_color: str = _setting(
        "off",
        OneOf(PRESERVE_COLOR),
        "Keep the picture's hues (luminance) or its palette as a whole.",
    )
    contrast: float = _setting(1.0, Number(*CONTRAST_RANGE), "Contrast of the result.")
    detail: float = _setting(0.0, Number(*DETAIL_RANGE), "How much of the picture's fine structure returns.")
    protect_skin: float = _setting(
        0.0, Number(*PROTECT_RANGE), "How much of the picture stays where its colour is that of skin."
    )
    protect_edges: float = _setting(
        0.0, Number(*PROTECT_RANGE), "How much of the picture's drawing stays along its contours."
    )

    def __post_init__(self) -> None:
        for name, setting in SETTINGS.items():
            setting.kind.check(name, getattr(self, name))

    def settings(self) -> Dict[str, Any]:
        """The settings by name, without what else there is."""
        return {name: getattr(self, name) for name in SETTINGS}


@dataclass(frozen=True)
class Setting:
    """What there is to know of one setting: `kind` checks values, `purpose` is a sentence."""

    default: Any
    kind: Kind
    purpose: str


SETTINGS: Dict[str, Setting] = {
    each.name: Setting(each.default, **each.metadata) for each in fields(Settings)
}
"""By the names of the fields."""


def nearest_settings(values: Mapping[str, Any]) -> Dict[str, Any]:
    """All settings by name, from a file or another version: one that is absent or odd has its default."""
    return {
        name: setting.kind.nearest(values.get(name), setting.default) for name, setting in SETTINGS.items()
    }


def check_device(device: object) -> None:
    """Raise ScumbleError `bad-request` for what is no device."""
    if not isinstance(device, str) or not _DEVICE.match(device):
        raise ScumbleError(
            "bad-request",
            "{device} is not a device.",
            hint="Use auto, cpu, mps, cuda or cuda:0.",
            device=repr(device)[:40],
        )


def is_int(value: object) -> bool:
    """Whether it is a whole number, which True is not."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: object) -> bool:
    """Whether it is a finite number, which True is not."""
    return is_int(value) or (isinstance(value, float) and math.isfinite(value))
