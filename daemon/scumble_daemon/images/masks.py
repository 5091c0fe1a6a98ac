"""Masks of any size, brought to the size of whatever picture they are laid over."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from scumble.pixels.geometry import Extent

from .flat import as_rgb
from .reader import read_image


@dataclass(frozen=True)
class Mask:
    """Coverage as it was painted: `image` is 8-bit gray, white is full."""

    path: Path
    image: Image.Image = field(repr=False)

    def fitted(self, extent: Extent) -> bytes:
        """One byte per pixel of a picture of that size, whatever the mask's own proportions.

        Resampling makes hard edges soft: by about a mask's pixel when it is enlarged, exactly by the
        area covered when it is reduced.
        """
        if self.image.size == tuple(extent):
            return self.image.tobytes()
        return self.image.resize((extent.width, extent.height), Image.Resampling.BILINEAR).tobytes()

    def fitted_in_file(self, extent: Extent) -> memoryview:
        """As `fitted`, mapped from a temporary file, for a picture that is not held in memory."""
        from . import large

        return large.fit_mask(self.path, self.image.tobytes(), self.image.size, extent)


def read_free_mask(path: Path) -> Mask:
    """A mask of any size: its lightness, and nothing where it is transparent.

    Raises ScumbleError as `read_image`.
    """
    return Mask(path, as_rgb(read_image(path).pixels, "black").convert("L"))
