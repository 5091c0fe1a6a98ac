"""Everything a job needs, as plain immutable data. A request that exists is a valid one."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Optional, Tuple

from .errors import ScumbleError
from .pixels.geometry import Bounds
from .pixels.pixels import Pixels

TILINGS = ("auto", "full", "thumbnail", "exact")
PRESERVE_COLOR = ("off", "luminance", "palette")
MAX_STYLES = 16
MAX_REFERENCES = 16
MAX_NAME = 100
PATCH_RANGE = (64, 16384)
DEFAULT_WEIGHT = 1.0
"""The strength of a style where nobody sets it: the same in editors, scripts and on the command line."""
STROKE_RANGE = (0.25, 4.0)
CONTRAST_RANGE = (0.5, 2.0)
DETAIL_RANGE = (0.0, 1.0)

# Names become part of file names further down: no separators, no dot or space at the start, no
# control characters.
_NAME = re.compile(r"[^\W_][\w .+&'(),-]*\Z")
_DEVICE = re.compile(r"(auto|cpu|mps|cuda(:\d{1,2})?)\Z")


@dataclass(frozen=True)
class StyleSource:
    """Where a style comes from: exactly one of an image file's bytes, pixels, or a library name.

    Raises ScumbleError `bad-style` unless exactly one is given, and for a name that is no name.
    """

    file: Optional[bytes] = field(default=None, repr=False)
    pixels: Optional[Pixels] = None
    library: Optional[str] = None

    def __post_init__(self) -> None:
        given = [value for value in (self.file, self.pixels, self.library) if value is not None]
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
        if not _is_number(self.weight) or not 0 <= self.weight <= 1e6:
            raise ScumbleError(
                "bad-style",
                "The weight of a style is a number of 0 or more, not {!r:.40}.".format(self.weight),
            )


@dataclass(frozen=True)
class StylizeRequest:
    """One job. The result has the format of `image` and the size of `region`.

    Attributes:
        image: the layer.
        styles: one style or a mix of up to `MAX_STYLES`.
        weight: 0 returns the layer bit for bit, 1 is the full effect.
        region: the part of the layer to compute and return; None for all of it.
        mask: coverage of the layer's extent, one byte per pixel: 0 keeps the layer bit for bit.
        engine: name of the model.
        device: ``auto``, ``cpu``, ``mps``, ``cuda`` or ``cuda:1``.
        tiling: one of `TILINGS`.
        patch: side of a patch in pixels; None lets the engine choose.
        stroke_size: of the brush strokes relative to the picture, whatever its resolution; 1.0 as in a
            preview of 640 pixels.
        preserve_color: one of `PRESERVE_COLOR`.
        contrast: of the result, within `CONTRAST_RANGE`.
        detail: how much of the layer's fine structure returns, within `DETAIL_RANGE`.
        references: pictures that decide, in place of the layer, about everything that is taken from a
            whole picture: statistics, palette, contrast. All frames of a clip with the same references
            (up to `MAX_REFERENCES` of its frames) are treated alike, and what does not move does not
            flicker. They are sent once, and looked at once.

    Raises ScumbleError `bad-request`, `bad-weight`, `bad-region`, `bad-mask`, `bad-style` or
    `bad-engine`.
    """

    image: Pixels
    styles: Tuple[StyleWeight, ...]
    weight: float = DEFAULT_WEIGHT
    region: Optional[Bounds] = None
    mask: Optional[bytes] = field(default=None, repr=False)
    engine: str = "microast"
    device: str = "auto"
    tiling: str = "auto"
    patch: Optional[int] = None
    stroke_size: float = 1.0
    preserve_color: str = "off"
    contrast: float = 1.0
    detail: float = 0.0
    references: Tuple[Pixels, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.image, Pixels):
            raise ScumbleError("bad-request", "The layer of a request is a Pixels object.")
        _check_styles(self.styles)
        if not _is_number(self.weight) or not 0 <= self.weight <= 1:
            raise ScumbleError(
                "bad-weight",
                "The style weight must be between 0 and 1, not {!r:.40}.".format(self.weight),
            )
        _check_region(self.region, self.image)
        for mask in (self.mask, *(style.mask for style in self.styles)):
            _check_mask(mask, self.image)
        check_name(self.engine, "bad-engine", "engine")
        check_device(self.device)
        _check_choice("tiling", self.tiling, TILINGS)
        _check_choice("preserve_color", self.preserve_color, PRESERVE_COLOR)
        if self.patch is not None and not (
            _is_int(self.patch) and PATCH_RANGE[0] <= self.patch <= PATCH_RANGE[1]
        ):
            raise ScumbleError("bad-request", "A patch is {} to {} pixels wide.".format(*PATCH_RANGE))
        _check_range("stroke size", self.stroke_size, STROKE_RANGE)
        _check_range("contrast", self.contrast, CONTRAST_RANGE)
        _check_range("detail", self.detail, DETAIL_RANGE)
        _check_references(self.references)

    @property
    def bounds(self) -> Bounds:
        """The part that is computed: `region`, or the whole layer."""
        return self.region if self.region is not None else Bounds.of(self.image.extent)


def check_name(name: object, code: str, what: str) -> str:
    """`name` itself when it can name a style or an engine.

    Raises ScumbleError with `code` for anything that could lead a file name astray.
    """
    if not isinstance(name, str) or len(name) > MAX_NAME or not _NAME.match(name):
        raise ScumbleError(
            code,
            "{!r:.40} cannot be the name of {} {}.".format(name, "an" if what[0] in "aeiou" else "a", what),
            hint="Names start with a letter or digit and hold no slashes.",
        )
    return name


def check_device(device: object) -> None:
    """Raise ScumbleError `bad-request` for what is no device."""
    if not isinstance(device, str) or not _DEVICE.match(device):
        raise ScumbleError(
            "bad-request",
            "{!r:.40} is not a device.".format(device),
            hint="Use auto, cpu, mps, cuda or cuda:0.",
        )


def _check_styles(styles: object) -> None:
    if not isinstance(styles, tuple) or not all(isinstance(s, StyleWeight) for s in styles):
        raise ScumbleError("bad-style", "The styles of a request are a tuple of StyleWeight.")
    if not 1 <= len(styles) <= MAX_STYLES:
        raise ScumbleError("bad-style", "A job takes 1 to {} styles, not {}.".format(MAX_STYLES, len(styles)))
    if sum(style.weight for style in styles) <= 0:
        raise ScumbleError("bad-style", "At least one style must have a weight above 0.")


def _check_references(references: object) -> None:
    if not isinstance(references, tuple) or not all(isinstance(r, Pixels) for r in references):
        raise ScumbleError("bad-request", "The references of a request are a tuple of Pixels.")
    if len(references) > MAX_REFERENCES:
        raise ScumbleError("bad-request", "A job takes up to {} references.".format(MAX_REFERENCES))


def _check_region(region: object, image: Pixels) -> None:
    if region is None:
        return
    if not isinstance(region, Bounds) or not all(_is_int(value) for value in region):
        raise ScumbleError("bad-region", "A region is x, y, width and height in pixels.")
    if region.is_empty:
        raise ScumbleError("bad-region", "The region has no pixels.")
    if not Bounds.of(image.extent).contains(region):
        raise ScumbleError(
            "bad-region",
            "The region {},{},{},{} reaches outside the layer of {}.".format(*region, image.extent),
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
            "A mask for a layer of {} has {:,} bytes, but {:,} were given.".format(
                image.extent, image.extent.area, size
            ),
        )


def _check_choice(name: str, value: object, choices: Tuple[str, ...]) -> None:
    if value not in choices:
        raise ScumbleError(
            "bad-request",
            "{!r:.40} is not a value of {}.".format(value, name),
            hint="Use one of {}.".format(", ".join(choices)),
        )


def _check_range(name: str, value: object, limits: Tuple[float, float]) -> None:
    low, high = limits
    if not _is_number(value) or not low <= value <= high:  # type: ignore[operator]
        raise ScumbleError("bad-request", "The {} is {:g} to {:g}.".format(name, low, high))


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return _is_int(value) or (isinstance(value, float) and math.isfinite(value))
