"""Everything a job needs, as plain immutable data. A request that exists is a valid one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional, Tuple

from .errors import ScumbleError
from .names import check_name
from .pixels.geometry import Bounds
from .pixels.pixels import Pixels
from .settings import Settings, is_int, is_number

MAX_STYLES = 16
MAX_REFERENCES = 16


@dataclass(frozen=True)
class StyleSource:
    """Where a style comes from: exactly one of an image file's bytes, pixels, or a library name.

    Or a `reversal`, which a result of a reversible engine has (:attr:`Pixels.reversal`): as the only style it
    takes that result's style off again.

    Raises ScumbleError `bad-style` unless exactly one is given, and for a name that is no name.
    """

    file: Optional[bytes] = field(default=None, repr=False)
    pixels: Optional[Pixels] = None
    library: Optional[str] = None
    reversal: Optional[bytes] = field(default=None, repr=False)

    def __post_init__(self) -> None:
        sources = (self.file, self.pixels, self.library, self.reversal)
        given = [value for value in sources if value is not None]
        if len(given) != 1:
            raise ScumbleError("bad-style", "A style is one image file, one picture or one library name.")
        if self.file is not None and len(self.file) == 0:
            raise ScumbleError("bad-style", "The style image is an empty file.")
        if self.library is not None:
            check_name(self.library, "bad-style", "style")


@dataclass(frozen=True)
class StyleWeight:
    """One style of a mix; weights are relative to each other, 0 or more.

    `mask` says where in the layer the style is: one byte of coverage per pixel, or None for
    everywhere. Where several styles are they mix; where none is the layer stays.

    Raises ScumbleError `bad-style` for a negative, infinite or missing weight.
    """

    style: StyleSource
    weight: float = 1.0
    mask: Optional[bytes] = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.style, StyleSource):
            raise ScumbleError("bad-style", "A style is a StyleSource.")
        if not is_number(self.weight) or not 0 <= self.weight <= 1e6:
            raise ScumbleError(
                "bad-style",
                "The weight of a style is a number of 0 or more, not {weight}.",
                weight=repr(self.weight)[:40],
            )


@dataclass(frozen=True)
class Subject:
    """What is painted in the manner of what.

    Attributes:
        image: the layer.
        styles: one style or a mix of up to `MAX_STYLES`.
    """

    image: Pixels
    styles: Tuple[StyleWeight, ...]


@dataclass(frozen=True)
class StylizeRequest(Settings, Subject):
    """One job. The result has the format of `image` and the size of `region`.

    Attributes:
        region: the part of the layer to compute and return; None for all of it.
        mask: coverage of the layer's extent, one byte per pixel: 0 keeps the layer bit for bit.
        references: pictures that decide, in place of the layer, about everything that is taken from a
            whole picture: statistics, palette, contrast. All frames of a clip with the same references
            (up to `MAX_REFERENCES` of its frames) are treated alike, and what does not move does not
            flicker. They are sent once, and looked at once.

    Raises ScumbleError `bad-request`, `bad-weight`, `bad-region`, `bad-mask`, `bad-style` or
    `bad-engine`.
    """

    region: Optional[Bounds] = None
    mask: Optional[bytes] = field(default=None, repr=False)
    references: Tuple[Pixels, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.image, Pixels):
            raise ScumbleError("bad-request", "The layer of a request is a Pixels object.")
        _check_styles(self.styles)
        super().__post_init__()
        _check_region(self.region, self.image)
        for mask in (self.mask, *(style.mask for style in self.styles)):
            _check_mask(mask, self.image)
        _check_references(self.references)

    @property
    def bounds(self) -> Bounds:
        """The part that is computed: `region`, or the whole layer."""
        return self.region if self.region is not None else Bounds.of(self.image.extent)


def _check_styles(styles: object) -> None:
    if not isinstance(styles, tuple) or not all(isinstance(s, StyleWeight) for s in styles):
        raise ScumbleError("bad-style", "The styles of a request are a tuple of StyleWeight.")
    if not 1 <= len(styles) <= MAX_STYLES:
        raise ScumbleError(
            "bad-style", "A job takes 1 to {most} styles, not {count}.", most=MAX_STYLES, count=len(styles)
        )
    if sum(style.weight for style in styles) <= 0:
        raise ScumbleError("bad-style", "At least one style must have a weight above 0.")
    if len(styles) > 1 and any(style.style.reversal is not None for style in styles):
        raise ScumbleError("bad-style", "A style is taken off alone, not in a mix.")


def _check_references(references: object) -> None:
    if not isinstance(references, tuple) or not all(isinstance(r, Pixels) for r in references):
        raise ScumbleError("bad-request", "The references of a request are a tuple of Pixels.")
    if len(references) > MAX_REFERENCES:
        raise ScumbleError("bad-request", "A job takes up to {most} references.", most=MAX_REFERENCES)


def _check_region(region: object, image: Pixels) -> None:
    if region is None:
        return
    if not isinstance(region, Bounds) or not all(is_int(value) for value in region):
        raise ScumbleError("bad-region", "A region is x, y, width and height in pixels.")
    if region.is_empty:
        raise ScumbleError("bad-region", "The region has no pixels.")
    if not Bounds.of(image.extent).contains(region):
        raise ScumbleError(
            "bad-region",
            "The region {x},{y},{width},{height} reaches outside the layer of {extent}.",
            x=region.x,
            y=region.y,
            width=region.width,
            height=region.height,
            extent=image.extent,
        )


def _check_mask(mask: object, image: Pixels) -> None:
    if mask is None:
        return
    if not isinstance(mask, (bytes, bytearray, memoryview)):
        raise ScumbleError("bad-mask", "A mask is bytes of coverage, one per pixel of the layer.")
    size = memoryview(mask).nbytes
    if size != image.extent.area:
        raise ScumbleError(
            "bad-mask",
            "A mask for a layer of {extent} has {expected} bytes, but {size} were given.",
            extent=image.extent,
            expected=format(image.extent.area, ","),
            size=format(size, ","),
        )
