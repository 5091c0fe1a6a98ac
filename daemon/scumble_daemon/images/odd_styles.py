"""Styles that teach a network little or nothing: they are used, and it is said."""

from __future__ import annotations

import numpy as np

from scumble import Extent, Pixels, to_array
from scumble.errors import ScumbleError

_SMALL = 32  # pixels a side, less than one stroke


def visible_part(pixels: Pixels, name: str) -> tuple[Pixels, list[str]]:
    """The part of a style that is not transparent, and sentences about what it lacks.

    Raises ScumbleError `bad-style` where nothing is visible.
    """
    notes: list[str] = []
    array = to_array(pixels)
    if pixels.format.channels == "RGBA":
        seen = array[..., 3] > 0
        if not seen.any():
            raise ScumbleError(
                "bad-style", f"{name} is transparent everywhere.", hint="Choose a picture that can be seen."
            )
        rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
        array = array[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        seen = array[..., 3] > 0
        hidden = 1 - seen.mean()
        if not seen.all():
            # What is seen stands in for what is not: colours and contrast stay what they are.
            array = array.copy()
            visible = array[seen]
            array[~seen] = visible[np.arange(int((~seen).sum())) * 7919 % len(visible)]
            notes.append(f"{hidden:.0%} of the style {name} is transparent and does not count.")
        extent = Extent(array.shape[1], array.shape[0])
        pixels = Pixels(extent, pixels.format, np.ascontiguousarray(array).tobytes(), pixels.profile)
    colour = array[..., :3].reshape(-1, 3)
    if pixels.format.dtype in ("f16", "f32"):
        colour = np.nan_to_num(colour, nan=0.0).clip(0.0, 1.0)  # as the network sees it
    if (colour == colour[0]).all():
        notes.append(f"The style {name} is of one colour: it brings no strokes, only its colour.")
    elif min(pixels.extent) < _SMALL:
        notes.append(
            f"The style {name} is only {pixels.extent} pixels large: it brings little but its colours."
        )
    return pixels, notes
