"""Where a picture can be protected from its style: skin, by its colour, and the contours of things.

Both maps are made on cells of the picture, which are about the pixels of a preview, and smoothed over a share
of its long side. So a preview shows what the result will have, and no map depends on how a layer is cut.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from scumble_models.blur import gaussian
from scumble_models.cascade.grids import BASE_SIDE
from scumble_models.colour import luminance
from scumble_models.margins import Content, beyond
from scumble_models.oklab import CONES, OPPONENT, to_oklab
from scumble_models.tiling.box import Box

#: Deviations of the Gaussians, as shares of the picture's long side.
SKIN_SIGMA = 0.006
EDGE_SIGMA = 0.002
#: Of Gaussians: what lies further away than so many deviations counts for nothing.
REACH = 3.0
#: Change of luminance along a 640th of the long side: from where it is a bit of a contour, and all of one.
CONTOUR = (0.02, 0.07)


def skin_map(content: Content, tile: Box) -> Tensor:
    """How much of a patch is skin by its colour, ``(1, 1, h, w)`` in 0..1, soft at the rims.

    Eyes and mouths, being small, count in part.
    """

    def found(cells: Tensor, sigma: float, _unit: float) -> Tensor:
        return _rising(_blurred(skin_likeness(cells), sigma), 0.2, 0.8)

    return _on_cells(content, tile, SKIN_SIGMA, found)


def contour_map(content: Content, tile: Box) -> Tensor:
    """How much of a patch is a contour, ``(1, 1, h, w)`` in 0..1: where lightness changes on a short way."""

    def found(cells: Tensor, sigma: float, unit: float) -> Tensor:
        light = F.pad(_blurred(luminance(cells), sigma), (1, 1, 1, 1), mode="replicate")
        across = (light[..., 1:-1, 2:] - light[..., 1:-1, :-2]) / 2
        down = (light[..., 2:, 1:-1] - light[..., :-2, 1:-1]) / 2
        return _rising(torch.hypot(across, down) * unit, *CONTOUR)

    return _on_cells(content, tile, EDGE_SIGMA, found)


def skin_likeness(image: Tensor) -> Tensor:
    """1 for colours of skin, 0 for others, soft between: ``(N, 3, H, W)`` in 0..1 to ``(N, 1, H, W)``.

    What people's skins have in common is the hue: melanin and blood change lightness and chroma of it, and
    measured hues of very different skins lie close together (Xiao et al., Characterising the variations in
    ethnic skin colours, Skin Research and Technology, 2017). Of the Monk Skin Tone scale (Monk, 2019) the
    tones in the middle are skin, and the lightest in part; not the two darkest, which are nearly gray: else
    gray would be skin. Wood and sand of the same colours are skin, too.
    """
    matrices = (image.new_tensor(CONES), image.new_tensor(OPPONENT))
    lightness, a, b = to_oklab(image, *matrices).split(1, 1)
    chroma, hue = torch.hypot(a, b), torch.rad2deg(torch.atan2(b, a))
    return (
        _rising(hue, 5.0, 25.0)
        * (1.0 - _rising(hue, 72.0, 96.0))
        * _rising(chroma, 0.015, 0.03)
        * (1.0 - _rising(chroma, 0.115, 0.15))
        * _rising(lightness, 0.15, 0.28)
    )


def _on_cells(
    content: Content, tile: Box, share: float, found: Callable[[Tensor, float, float], Tensor]
) -> Tensor:
    """A map of a patch, made on cells and brought back to pixels.

    Args:
        share: of the long side: a deviation.
        found: makes the map ``(1, 1, h, w)`` of cells ``(1, 3, h, w)``, a deviation and a 640th of the long
            side, both in cells. A cell's value may depend on those within :data:`REACH` deviations and one.
    """
    whole = content.box
    # A smaller picture is as a part of one: its strokes are no finer either.
    longest = max(whole.width, whole.height, BASE_SIDE)
    side = longest // BASE_SIDE  # of a cell, in pixels
    sigma = share * longest / side
    margin = int(REACH * sigma) + 2
    wide = Box(
        tile.left // side - margin,
        tile.top // side - margin,
        -(-tile.right // side) + margin,
        -(-tile.bottom // side) + margin,
    )
    inside = wide.intersect(Box(0, 0, -(-whole.width // side), -(-whole.height // side)))
    cells = content.read(Box(*(side * edge for edge in inside)).intersect(whole))
    if side > 1:
        kernel = (min(side, cells.shape[2]), min(side, cells.shape[3]))
        cells = F.avg_pool2d(cells, kernel, side, ceil_mode=True)
    made = found(F.pad(cells, beyond(wide, inside), mode="replicate"), sigma, longest / side / BASE_SIDE)
    if side == 1:
        rows, columns = tile.relative_to(wide).slices()
        return made[:, :, rows, columns]
    made = _between(made, 3, tile.left, tile.right, side, wide.left)
    return _between(made, 2, tile.top, tile.bottom, side, wide.top)


def _between(cells: Tensor, axis: int, first: int, last: int, side: int, start: int) -> Tensor:
    """Values at pixels from `first` to before `last` of an axis; the first of the cells is number `start`."""
    where = (torch.arange(first, last, dtype=torch.float64) + 0.5) / side - 0.5
    below = where.floor()
    share = (where - below).to(cells)
    index = (below.long() - start).to(cells.device)
    one, next_one = cells.index_select(axis, index), cells.index_select(axis, index + 1)
    return torch.lerp(one, next_one, share[:, None] if axis == 2 else share)


def _blurred(plane: Tensor, sigma: float) -> Tensor:
    """A Gaussian of a plane ``(1, 1, h, w)``, of the same shape."""
    r = int(REACH * sigma)
    return gaussian(F.pad(plane, (r, r, r, r), mode="replicate"), sigma, r)


def _rising(values: Tensor, low: float, high: float) -> Tensor:
    """0 up to `low`, 1 from `high` on, and smooth between."""
    share = ((values - low) / (high - low)).clamp(0.0, 1.0)
    return share * share * (3.0 - 2.0 * share)
