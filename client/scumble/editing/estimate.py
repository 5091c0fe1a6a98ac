"""The small picture of a layer that a preview paints, and how long the layer will take, told from it."""

from __future__ import annotations

from typing import List, Optional

from ..pixels.geometry import Bounds, Extent

BASE_SIDE = 640
"""Long side of the picture on which a stroke size of 1 paints, as the engines have it."""
STEP, LITTLE_STEP, WIDEST_STEP, LEAST_STEP = 3, 2, 4.6, 1.02
JOINING = 1.25
"""What a pixel costs of a level that is joined with a coarser one, by one of the coarsest: with the engine
that editors begin with, measured with `tools/estimates.py`."""
GATHERING = 0.53
"""Share of the time that goes into statistics, which are of the whole layer even where half of it or less is
painted; painting alone takes about as much, as all of a layer gets both from one pass. Measured with
`tools/estimates.py`."""


def preview_side(stroke_size: float) -> int:
    """Longest side of the small copy of a layer that shows what strokes of a size will be.

    Strokes smaller than 1 are painted on a larger picture: with a copy as large, nothing is enlarged for
    them, and they follow the same details as the result's.
    """
    return round(BASE_SIDE / min(1.0, stroke_size))


def work(layer: Extent, stroke_size: float = 1.0) -> float:
    """How many pixels of one level would take as long as a layer with all of its coarser levels."""
    longest = max(layer)
    preview = min(BASE_SIDE, longest) / longest
    ratio = stroke_size / preview
    if ratio < 1 / LEAST_STEP:  # painted enlarged
        return layer.area / ratio**2
    if stroke_size > 1 and preview * LEAST_STEP < 1:  # a preview's levels come first
        levels = _levels(float(layer.area), 1 / preview)[:-1]
        levels += _levels(layer.area * preview**2, stroke_size)
    else:
        levels = _levels(float(layer.area), ratio)
    return JOINING * sum(levels[:-1]) + levels[-1]


def _levels(area: float, ratio: float) -> List[float]:
    """Pixels of all levels, the finest first, down to the one that is so many times smaller."""
    found = [area]
    while ratio > WIDEST_STEP:
        step = STEP if ratio >= STEP * LITTLE_STEP else LITTLE_STEP
        ratio /= step
        found.append(found[-1] / step**2)
    return [*found, found[-1] / ratio**2] if ratio > LEAST_STEP else found


class Estimate:
    """Tells the seconds for a layer once those for a small copy of it are known."""

    def __init__(self) -> None:
        self._seconds_per_pixel = 0.0
        self._of: object = None

    def knows(self, of: object) -> bool:
        """Whether `learn` was called, and for the same: engine, device and what else changes the speed."""
        return self._seconds_per_pixel > 0 and self._of == of

    def learn(self, of: object, seconds: float, small: Extent, stroke_size: float) -> None:
        """A small copy took so long to compute, when its statistics had to be gathered too."""
        self._of, self._seconds_per_pixel = of, seconds / work(small, stroke_size)

    def seconds(self, layer: Extent, region: Optional[Bounds], stroke_size: float) -> float:
        """For all of a layer, or for a region of it; 0 when nothing is known."""
        whole = self._seconds_per_pixel * work(layer, stroke_size)
        share = region.extent.area / layer.area if region is not None else 1.0
        return whole if share > 0.5 else whole * GATHERING * (1.0 + share)
