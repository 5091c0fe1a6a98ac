"""What an artist chooses: which styles, how much, how. Plain data that settings files can hold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from ..conversion import as_styles
from ..errors import ScumbleError
from ..pixels.geometry import Bounds
from ..pixels.masks import uncovered
from ..pixels.pixels import Pixels
from ..request import StyleSource, StyleWeight, StylizeRequest
from ..settings import SETTINGS, Number, Settings, nearest_settings

KINDS = ("library", "file", "layer")
AMOUNT = Number(0.0, 1e6)
MAX_MIX = 4
"""More styles than that cannot be told apart, and no dialog shows more."""
ELSEWHERE = "elsewhere"
"""The mask of a style that is where no other style is by its mask."""


@dataclass(frozen=True)
class StyleChoice:
    """One style of a mix.

    Attributes:
        kind: ``library``, ``file`` or ``layer``.
        value: the library's name, the file's path, or what the editor calls the layer.
        title: what the artist reads; empty for one made of `value`.
        amount: its share of the mix, 0 or more, relative to the others.
        mask: where in the layer it is: what the editor calls a layer, mask, channel or selection,
            `ELSEWHERE`, or empty for everywhere.
    """

    kind: str
    value: str
    title: str = ""
    amount: float = 1.0
    mask: str = ""

    @property
    def label(self) -> str:
        """The title, or a readable form of the file's or style's name."""
        if self.title:
            return self.title
        name = Path(self.value).stem if self.kind == "file" else self.value
        return name.replace("_", " ").replace("-", " ").strip() or self.value

    @property
    def key(self) -> Tuple[str, str]:
        """What makes two choices the same style, whatever their amounts."""
        return (self.kind, self.value)

    def to_dict(self) -> Dict[str, Any]:
        """The fields as plain data."""
        return dict(self.__dict__)

    @classmethod
    def from_dict(cls, fields: object) -> Optional[StyleChoice]:
        """The inverse of :meth:`to_dict`; None for data that are no style."""
        if not isinstance(fields, Mapping):
            return None
        kind, value, title = fields.get("kind"), fields.get("value"), fields.get("title", "")
        mask = fields.get("mask")
        if kind not in KINDS or not isinstance(value, str) or not value or not isinstance(title, str):
            return None
        amount = AMOUNT.nearest(fields.get("amount"), 1.0)
        return cls(kind, value, title, amount, mask if isinstance(mask, str) else "")


@dataclass(frozen=True)
class StyleMix:
    """Styles, each with its share."""

    styles: Tuple[StyleChoice, ...] = ()


@dataclass(frozen=True)
class Effect(Settings, StyleMix):
    """All that an artist sets for one job.

    Attributes:
        protect_mask: what of the layer stays as it is: as `StyleChoice.mask`, or empty for nothing.
    """

    protect_mask: str = ""

    def to_dict(self) -> Dict[str, Any]:
        """The fields as plain data."""
        return {
            "styles": [style.to_dict() for style in self.styles],
            **self.settings(),
            "protect_mask": self.protect_mask,
        }

    @property
    def masks(self) -> Tuple[str, ...]:
        """All places that are asked of the editor, as it calls them, once each."""
        named = (*(style.mask for style in self.styles), self.protect_mask)
        return tuple(sorted(set(named) - {"", ELSEWHERE}))

    @classmethod
    def from_dict(cls, values: object) -> Effect:
        """The inverse of :meth:`to_dict`; a field that is absent or odd has its default."""
        if not isinstance(values, Mapping):
            return cls()
        found = values.get("styles")
        styles = [StyleChoice.from_dict(style) for style in found] if isinstance(found, list) else []
        protect_mask = values.get("protect_mask")
        return cls(
            tuple(style for style in styles if style is not None)[:MAX_MIX],
            **nearest_settings(values),
            protect_mask=protect_mask if isinstance(protect_mask, str) else "",
        )

    @property
    def everywhere(self) -> Effect:
        """For another picture: each style everywhere, and nothing protected by a mask of this one."""
        styles = tuple(replace(style, mask="") for style in self.styles)
        return replace(self, styles=styles, protect_mask="")

    def taking(self, settings: Mapping[str, Any]) -> Effect:
        """With what a recipe of the library brings along; what is no setting of ours is passed over."""
        known = {name: value for name, value in settings.items() if name in SETTINGS}
        return Effect.from_dict({**self.to_dict(), **known})

    def request(
        self,
        image: Pixels,
        region: Optional[Bounds] = None,
        layer_pixels: Optional[Callable[[str], Pixels]] = None,
        coverage: Optional[Callable[[str], bytes]] = None,
        references: Tuple[Pixels, ...] = (),
    ) -> StylizeRequest:
        """The job for a layer.

        Args:
            image: the layer.
            region: the part of it to paint; None for all of it.
            layer_pixels: gives the pixels of a style of kind ``layer``.
            coverage: gives what a mask covers, one byte for each pixel of `image`.
            references: as of StylizeRequest: frames of the animation that `image` is one of.

        Raises ScumbleError `no-style` without any style, `bad-style` for a mask that is not at hand, and
        what StylizeRequest and reading the style's file raise.
        """
        if not self.styles:
            raise ScumbleError("no-style", "No style is chosen.", hint="Choose a style first.")
        masks = masks_of(self.styles, coverage)
        styles = tuple(
            StyleWeight(source_of(style, layer_pixels), style.amount, mask)
            for style, mask in zip(self.styles, masks)
        )
        mask = None
        if self.protect_mask:
            if coverage is None:
                raise ScumbleError("bad-style", "The mask of what is protected is not at hand.")
            mask = uncovered([coverage(self.protect_mask)])
        return StylizeRequest(
            image, styles, region=region, mask=mask, references=references, **self.settings()
        )


def source_of(style: StyleChoice, layer_pixels: Optional[Callable[[str], Pixels]]) -> StyleSource:
    """What a job gets for a choice; `layer_pixels` gives the pixels of a layer.

    Raises ScumbleError as reading the file does, and `bad-style` for a layer that is not at hand.
    """
    if style.kind == "library":
        return StyleSource(library=style.value)
    if style.kind == "file":
        return as_styles(Path(style.value))[0].style
    if layer_pixels is None:
        raise ScumbleError("bad-style", "The layer {style} is not at hand.", style=style.label)
    return StyleSource(pixels=layer_pixels(style.value))


def masks_of(
    styles: Sequence[StyleChoice], coverage: Optional[Callable[[str], bytes]]
) -> List[Optional[bytes]]:
    """What each style of a mix covers, as a job wants it; None for everywhere.

    A style that is elsewhere is everywhere where no other has a mask.
    Raises ScumbleError `bad-style` for a mask that is not at hand, and what `coverage` raises.
    """
    masks: List[Optional[bytes]] = []
    for style in styles:
        if style.mask in ("", ELSEWHERE):
            masks.append(None)
        elif coverage is None:
            raise ScumbleError("bad-style", "The mask of {style} is not at hand.", style=style.label)
        else:
            masks.append(coverage(style.mask))
    given = [mask for mask in masks if mask is not None]
    rest = uncovered(given) if given else None
    return [rest if style.mask == ELSEWHERE else mask for style, mask in zip(styles, masks)]
