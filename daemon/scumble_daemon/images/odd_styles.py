"""Styles that teach a network little or nothing: they are used, and it is said."""

from __future__ import annotations

import numpy as np

from scumble import Extent, Pixels, to_array
from scumble.errors import ScumbleError

_SMALL = 32  # pixels a side, less than one stroke
_BLOCKS = (128, 64, 32, 16, 8)  # pixels a side of what stands in for what is not seen


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
                "bad-style",
                "{file} is transparent everywhere.",
                hint="Choose a picture that can be seen.",
                file=name,
            )
        rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
        array = array[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        seen = array[..., 3] > 0
        hidden = 1 - seen.mean()
        if not seen.all():
            array = _filled(array, seen)
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


def _filled(array: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """The picture with what is seen in place of what is not: its colours, and its strokes.

    Blocks are copied, as large as are seen whole somewhere, since pixels one by one would be grain to a
    network. Which ones comes from the place alone, so that a style is the same each time.

    Args:
        array: ``(H, W, C)``.
        seen: ``(H, W)``, True somewhere.
    """
    side, rows, columns = _seen_blocks(seen)
    array = array.copy()
    for number, (top, left) in enumerate(np.ndindex(*(-(-length // side) for length in seen.shape))):
        place = np.s_[top * side : (top + 1) * side, left * side : (left + 1) * side]
        hidden = ~seen[place]
        if hidden.any():
            pick = number * 7919 % len(rows)
            height, width = hidden.shape
            block = array[rows[pick] : rows[pick] + height, columns[pick] : columns[pick] + width]
            array[place][hidden] = block[hidden]
    return array


def _seen_blocks(seen: np.ndarray) -> tuple[int, np.ndarray, np.ndarray]:
    """The side of the largest blocks that are seen whole, and rows and columns where they begin."""
    sums = np.pad(seen.astype(np.int64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    for side in _BLOCKS:
        counts = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
        rows, columns = np.nonzero(counts == side * side)
        if len(rows):
            return side, rows, columns
    rows, columns = np.nonzero(seen)
    return 1, rows, columns
