"""What happens to the network's output before it becomes the layer: colour, contrast, detail, contours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from scumble_models.blur import gaussian
from scumble_models.colour import colour_map, luminance
from scumble_models.errors import PixelsError
from scumble_models.margins import Content, beyond
from scumble_models.protect import contour_map
from scumble_models.tiling.box import Box

PRESERVE_COLOUR = ("off", "luminance", "palette")
STROKE_SIZES = (0.25, 4.0)
CONTRASTS = (0.5, 2.0)
#: Deviation in pixels of the blur that separates fine structure from the rest.
DETAIL_SIGMA = 2.0
DETAIL_RADIUS = 6


@dataclass(frozen=True)
class Look:
    """How the result looks, beside the style itself.

    Attributes:
        stroke_size: 0.25 to 4, relative to the picture: 1 is what a copy of 640 pixels shows, 2 twice as
            large (see :mod:`scumble_models.cascade`).
        preserve_color: ``luminance`` keeps the layer's hue and saturation and takes only lightness from
            the result; ``palette`` moves the result's colours to the layer's palette as a whole.
        contrast: 0.5 to 2, around the result's mean lightness.
        detail: 0 to 1, how much of the layer's fine structure returns.
        protect_skin: 0 to 1, how much of the layer stays where it is skin by its colour.
        protect_edges: 0 to 1, how much of the layer's drawing stays at its contours, in the result's colours.
    """

    stroke_size: float = 1.0
    preserve_color: str = "off"
    contrast: float = 1.0
    detail: float = 0.0
    protect_skin: float = 0.0
    protect_edges: float = 0.0

    def __post_init__(self) -> None:
        if self.preserve_color not in PRESERVE_COLOUR:
            choices = ", ".join(PRESERVE_COLOUR)
            raise PixelsError(
                "Colours cannot be kept by {value}.",
                hint="Use {choices}.",
                value=repr(self.preserve_color),
                choices=choices,
            )
        limits = {"stroke_size": STROKE_SIZES, "contrast": CONTRASTS}
        limits |= dict.fromkeys(("detail", "protect_skin", "protect_edges"), (0.0, 1.0))
        for name, (low, high) in limits.items():
            if not low <= getattr(self, name) <= high:
                raise PixelsError(
                    "{setting} {value} is not between {least} and {most}.",
                    setting=name,
                    value=getattr(self, name),
                    least=low,
                    most=high,
                )

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Look:
        """The look that settings by name ask for; those of other things are passed over."""
        return cls(**{field.name: settings[field.name] for field in fields(cls)})

    @property
    def needs_finish(self) -> bool:
        """Whether :class:`Finish` changes anything of what the network gives."""
        return bool(self.preserve_color != "off" or self.contrast != 1.0 or self.detail or self.protect_edges)


class Finish:
    """Applies a :class:`Look` patch by patch; what is global comes from a thumbnail.

    Because of that a patch's pixels do not depend on how the layer is cut.

    Args:
        content, result: thumbnails ``(1, 3, h, w)`` in 0..1 of the layer and of its stylization.
    """

    def __init__(self, look: Look, content: Tensor, result: Tensor) -> None:
        self._look = look
        self._map = colour_map(result, content) if look.preserve_color == "palette" else None
        if look.preserve_color == "luminance":
            result = _with_luminance(content, result)
        elif self._map is not None:
            result = self._map(result)
        self._mean = luminance(result).mean()
        self._drawing = None
        if look.protect_edges:
            # Of the layer's own colours a rim would be left around everything.
            self._drawing = colour_map(content, self._contrasted(result).clamp(0.0, 1.0))

    def apply(self, tile: Box, result: Tensor, content: Content) -> Tensor:
        """The finished patch ``(1, 3, h, w)`` in 0..1.

        Args:
            result: the network's output at ``tile``, in 0..1.
            content: the layer.
        """
        look = self._look
        if look.preserve_color == "luminance":
            result = _with_luminance(content.read(tile).to(result), result)
        elif self._map is not None:
            result = self._map(result)
        result = self._contrasted(result)
        if look.detail:
            result = result + look.detail * fine_structure(content, tile).to(result)
        if self._drawing is not None:
            drawn = self._drawing(content.read(tile).to(result))
            result = torch.lerp(result, drawn, look.protect_edges * contour_map(content, tile).to(result))
        return result.clamp(0.0, 1.0)

    def _contrasted(self, result: Tensor) -> Tensor:
        if self._look.contrast == 1.0:
            return result
        return self._mean + (result - self._mean) * self._look.contrast


def fine_structure(content: Content, tile: Box) -> Tensor:
    """Luminance of a patch less its Gaussian blur, ``(1, 1, h, w)`` around 0."""
    r = DETAIL_RADIUS
    wide = Box(tile.left - r, tile.top - r, tile.right + r, tile.bottom + r)
    inside = wide.intersect(content.box)
    light = luminance(content.read(inside))
    light = F.pad(light, beyond(wide, inside), mode="replicate")
    return light[:, :, r:-r, r:-r] - gaussian(light, DETAIL_SIGMA, r)


def _with_luminance(colour: Tensor, light: Tensor) -> Tensor:
    """Hue and saturation of one picture with the lightness of another."""
    return colour + (luminance(light) - luminance(colour))
