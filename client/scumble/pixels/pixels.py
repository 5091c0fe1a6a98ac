"""Raw pixels and what they mean: depth, channel order, size, colour profile."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any, Dict, Optional, Union

from ..errors import ScumbleError
from . import pillow
from .geometry import Extent

BytesLike = Union[bytes, bytearray, memoryview]

DTYPES = {"u8": 1, "u16": 2, "f16": 2, "f32": 4}
"""Bytes per sample. u8 and u16 span 0..255 and 0..65535; f16 and f32 have their range at 0..1."""

CHANNELS = {"RGBA": 4, "BGRA": 4, "RGB": 3, "GRAY": 1, "GRAYA": 2}
"""Samples per pixel, in the order of the name. Alpha is straight, not premultiplied."""

MAX_SIDE = 1 << 20
"""No editor makes a wider or taller layer; sizes in a message are checked against it."""


@dataclass(frozen=True)
class PixelFormat:
    """Depth and channel order of a pixel.

    Raises ScumbleError `bad-pixels` for a name that is not in `DTYPES` or `CHANNELS`.
    """

    dtype: str = "u8"
    channels: str = "RGBA"

    def __post_init__(self) -> None:
        if not isinstance(self.dtype, str) or self.dtype not in DTYPES:
            raise ScumbleError(
                "bad-pixels",
                "{dtype} is not a pixel depth.",
                hint="Use one of {choices}.",
                dtype=repr(self.dtype)[:40],
                choices=", ".join(DTYPES),
            )
        if not isinstance(self.channels, str) or self.channels not in CHANNELS:
            raise ScumbleError(
                "bad-pixels",
                "{channels} is not a channel order.",
                hint="Use one of {choices}.",
                channels=repr(self.channels)[:40],
                choices=", ".join(CHANNELS),
            )

    @property
    def channel_count(self) -> int:
        """Samples per pixel."""
        return CHANNELS[self.channels]

    @property
    def bytes_per_pixel(self) -> int:
        """Bytes per pixel, without padding."""
        return DTYPES[self.dtype] * self.channel_count

    @property
    def has_alpha(self) -> bool:
        """Whether the last sample is an alpha value."""
        return self.channels.endswith("A")

    @property
    def typestr(self) -> str:
        """What NumPy calls a sample, as in ``<u2``."""
        return pillow.type_string(self.dtype)

    def byte_count(self, extent: Extent) -> int:
        """Bytes of an image of that size."""
        return extent.area * self.bytes_per_pixel


@dataclass(frozen=True)
class Pixels:
    """An image: row-major from the top left, native little-endian samples, no padding.

    `profile` is an ICC profile that travels with the pixels and is not applied. `reversal` takes the
    style off a result that a reversible engine has painted. ``np.asarray(pixels)`` is an array (H, W, C)
    over the same memory, and a notebook shows the picture.

    Raises ScumbleError `image-empty`, `image-too-large` (a side over `MAX_SIDE`) or `bad-pixels`
    when the data are not exactly one image of that size.
    """

    extent: Extent
    format: PixelFormat
    data: BytesLike = field(repr=False)
    profile: Optional[bytes] = field(default=None, repr=False)
    reversal: Optional[bytes] = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_extent(self.extent)
        object.__setattr__(self, "extent", Extent(*self.extent))
        expected, size = self.format.byte_count(self.extent), memoryview(self.data).nbytes
        if size != expected:
            raise ScumbleError(
                "bad-pixels",
                "An image of {extent} {dtype} {channels} has {expected} bytes, but {size} were given.",
                extent=self.extent,
                dtype=self.format.dtype,
                channels=self.format.channels,
                expected=format(expected, ","),
                size=format(size, ","),
            )

    @property
    def byte_count(self) -> int:
        """Bytes of pixel data."""
        return self.format.byte_count(self.extent)

    def view(self) -> memoryview:
        """The samples as flat bytes, without a copy."""
        view = memoryview(self.data)
        return view if view.format == "B" and view.ndim == 1 else view.cast("B")

    @property
    def __array_interface__(self) -> Dict[str, Any]:
        """What NumPy, and whatever speaks its protocol, reads: rows, columns and channels."""
        return {
            "version": 3,
            "shape": (self.extent.height, self.extent.width, self.format.channel_count),
            "typestr": self.format.typestr,
            "data": self.view(),
        }

    def to_pillow(self) -> Any:
        """A PIL image; of more than 8 bits only where it is gray, for that is what Pillow has.

        Raises ScumbleError `no-pillow`, or `no-numpy` for colours of more than 8 bits.
        """
        image = pillow.image_of(
            (self.extent.width, self.extent.height), self.format.dtype, self.format.channels, self.view()
        )
        if self.profile is not None:
            image.info["icc_profile"] = self.profile
        return image

    def save(self, path: Union[str, "os.PathLike[str]"], **options: Any) -> None:
        """Write an image file of the kind that its name says; `options` are Pillow's, such as ``quality``.

        Raises ScumbleError `cannot-write` and as :meth:`to_pillow`.
        """
        pillow.save(self.to_pillow(), path, self.profile, options)

    def _repr_png_(self) -> Optional[bytes]:
        """What a notebook shows; nothing where Pillow is missing."""
        try:
            return pillow.png_of(self.to_pillow())
        except ScumbleError:
            return None


def check_extent(extent: object) -> None:
    """Refuse what is not a width and a height of 1 to `MAX_SIDE` pixels each."""
    ok = (
        isinstance(extent, (tuple, list))
        and len(extent) == 2
        and all(isinstance(side, int) and not isinstance(side, bool) for side in extent)
    )
    if not ok:
        raise ScumbleError("bad-pixels", "An image's size is a width and a height.")
    width, height = extent  # type: ignore[misc]
    if width < 1 or height < 1:
        raise ScumbleError(
            "image-empty", "An image of {width}x{height} has no pixels.", width=width, height=height
        )
    if max(width, height) > MAX_SIDE:
        raise ScumbleError(
            "image-too-large",
            "An image of {width}x{height} is wider or taller than {most} pixels.",
            width=width,
            height=height,
            most=format(MAX_SIDE, ","),
        )
