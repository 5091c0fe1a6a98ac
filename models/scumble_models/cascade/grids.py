"""The grids of a cascade: from the picture itself down to the one on which marks have their nominal size."""

from __future__ import annotations

from scumble_models.margins import SMALLEST_SIDE
from scumble_models.tiling.box import Box

#: Long side of the picture on which a stroke size of 1 paints, which is that of the editors' previews.
BASE_SIDE = 640
#: Sides of the finer levels differ by this factor. With 2 there are more of them, which cost more, and each
#: adds texture of the network's own size; with 4 previews are farther off.
STEP = 3
#: In its place where the coarsest step would otherwise be less than this: a step near 1 is the one whose low
#: band is kept worst.
LITTLE_STEP = 2
#: The coarsest level is at most so many times smaller than the next.
WIDEST_STEP = 4.6
#: Levels that differ by less are one.
LEAST_STEP = 1.02


def enlargement(whole: Box, stroke_size: float) -> float:
    """How many times a picture is enlarged before it is painted, 1 for not at all."""
    factor = 1.0 / _ratio(whole, stroke_size)
    return factor if factor > LEAST_STEP else 1.0


def level_grids(whole: Box, stroke_size: float) -> tuple[Box, ...]:
    """The whole boxes of all levels, the coarsest first; the last is ``whole``.

    The long side of the coarsest is ``min(640, long side) / stroke_size``. From the finest down sides are
    divided by 3, once by 2, rounding up, and only the last step has another ratio. For larger strokes the
    levels of a preview come first, so that the finished picture is what that shows. No side falls under
    :data:`~scumble_models.margins.SMALLEST_SIDE`: a thin picture has fewer levels.
    """
    if stroke_size > 1.0:
        finer = _divided(whole, 1.0)
        if finer[0] == _reduced(whole, _ratio(whole, 1.0)):
            return (*_divided(finer[0], stroke_size)[:-1], *finer)
    return _divided(whole, stroke_size)


def _divided(whole: Box, stroke_size: float) -> tuple[Box, ...]:
    grids, smaller = [whole], _ratio(whole, stroke_size)
    ratio = smaller
    while ratio > WIDEST_STEP:
        step = STEP if ratio >= STEP * LITTLE_STEP else LITTLE_STEP
        coarser = Box(0, 0, -(-grids[-1].width // step), -(-grids[-1].height // step))
        if min(coarser.width, coarser.height) < SMALLEST_SIDE:
            break
        grids.append(coarser)
        ratio = smaller * max(coarser.width, coarser.height) / max(whole.width, whole.height)
    if ratio > LEAST_STEP:
        # Of the whole, not of the level above, which was rounded up: a preview has this very size.
        coarsest = _reduced(whole, smaller)
        if min(coarsest.width, coarsest.height) >= SMALLEST_SIDE:
            grids.append(coarsest)
    return tuple(reversed(grids))


def _reduced(whole: Box, ratio: float) -> Box:
    return Box(0, 0, round(whole.width / ratio), round(whole.height / ratio))


def _ratio(whole: Box, stroke_size: float) -> float:
    """Long side of the picture by that of the coarsest level; below 1 that is larger than the picture."""
    longest = max(whole.width, whole.height)
    return longest * stroke_size / min(BASE_SIDE, longest)
