"""Different styles in different places: signals that vary over the picture, in one pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from scumble_models.signals import StyleSignals
from scumble_models.tiling.box import Box
from scumble_models.tiling.file_array import Array

#: Masks are kept at a quarter of the layer's resolution at most; features are no finer than that.
REDUCTION = 4
#: Below this sum of shares a place belongs to no style; the layer shows there.
NOWHERE = 1e-4


@dataclass(frozen=True)
class PlacedSignals:
    """Signals of one patch.

    Attributes:
        parts: each style and its share ``(1, 1, h, w)`` at each position, or ``(1, 1, 1, 1)``.
        weight: see :attr:`scumble_models.signals.Signals.weight`.
    """

    parts: tuple[tuple[StyleSignals, Tensor], ...]
    weight: float = 1.0

    def column(self, name: str) -> Tensor:
        """One vector at each position of the patch, as :meth:`StyleSignals.column` does for all."""
        return torch.stack([signals.column(name) * share for signals, share in self.parts]).sum(0)

    def mixed(self, features: Callable[[StyleSignals], Tensor]) -> Tensor:
        """What ``features`` makes of each style, by their shares at each position."""
        first, *others = self.parts
        total = features(first[0]) * first[1]
        for signals, share in others:
            total = torch.addcmul(total, features(signals), share)
        return total


@dataclass(frozen=True)
class SpatialSignals:
    """Styles with their shares over a layer.

    Attributes:
        parts: signals and share ``(1, 1, h, w)``, at a quarter of the layer's resolution, or ``(1, 1, 1, 1)``
            where no style has a mask; the shares sum to 1 at each position.
        weight: see :attr:`scumble_models.signals.Signals.weight`.
    """

    parts: tuple[tuple[StyleSignals, Tensor], ...]
    weight: float = 1.0
    _scaled: dict[tuple[int, int], list[Tensor]] = field(default_factory=dict, compare=False)

    def at(self, box: Box, grid: Box) -> PlacedSignals:
        """The signals at a box of a feature map whose whole box is ``grid``."""
        if all(share.shape[2:] == (1, 1) for _, share in self.parts):
            return PlacedSignals(self.parts, self.weight)
        size = (grid.height, grid.width)
        if size not in self._scaled:
            self._scaled[size] = [_resized(share, size) for _, share in self.parts]
        rows, columns = box.slices()
        shares = (share[:, :, rows, columns] for share in self._scaled[size])
        styles = (signals for signals, _ in self.parts)
        return PlacedSignals(tuple(zip(styles, shares, strict=True)), self.weight)

    def parts_evenly(self) -> list[tuple[StyleSignals, float]]:
        """All styles, each with the same share."""
        return [(signals, 1.0) for signals, _ in self.parts]

    def share(self, index: int, box: Box) -> Tensor:
        """How much of a style is at each pixel of a box of the layer, ``(1, 1, h, w)`` in 0..1."""
        _, share = self.parts[index]
        height, width = share.shape[2:]
        # Cells of REDUCTION pixels, whose centres lie between pixels: bilinear, however the box is cut.
        rows, first_row = _between(box.top, box.bottom, height)
        columns, first_column = _between(box.left, box.right, width)
        upper = share[:, :, first_row]
        lines = torch.lerp(upper, share[:, :, (first_row + 1).clamp_max(height - 1)], rows[:, None])
        left = lines[..., first_column]
        return torch.lerp(left, lines[..., (first_column + 1).clamp_max(width - 1)], columns)


def place_styles(
    styles: Sequence[tuple[StyleSignals, float]],
    masks: Sequence[Array | None],
    device: torch.device,
    weight: float = 1.0,
) -> SpatialSignals:
    """Signals that vary with masks, or are kept apart for an engine that mixes as it paints.

    Args:
        styles: signals and mixing weight of each style.
        masks: ``(H, W)`` uint8 coverage of each style, None for everywhere.
        weight: see :attr:`SpatialSignals.weight`.
    """
    weighted = [_reduced(mask) * share for mask, (_, share) in zip(masks, styles, strict=True)]
    given = (share.shape for share, mask in zip(weighted, masks, strict=True) if mask is not None)
    shape = next(given, torch.Size((1, 1, 1, 1)))
    shares = [share.expand(shape).to(device) for share in weighted]
    total = torch.stack(shares).sum(0)
    # Where no style is, any will do: the layer shows there.
    even = 1.0 / len(shares)
    parts = [torch.where(total > NOWHERE, share / total.clamp_min(NOWHERE), even) for share in shares]
    signals = [s.to(device) for s, _ in styles]
    return SpatialSignals(tuple(zip(signals, parts, strict=True)), weight)


def _between(start: int, stop: int, cells: int) -> tuple[Tensor, Tensor]:
    """For pixels the cell whose centre is before each, and how far it is on the way to the next."""
    place = ((torch.arange(start, stop) + 0.5) / REDUCTION - 0.5).clamp(0, cells - 1)
    first = place.long()
    return place - first, first


def covered_by_styles(masks: Sequence[Array | None], box: Box) -> np.ndarray | None:
    """How far any style covers a box of the layer, ``(h, w)`` uint8; None where one is everywhere."""
    given = [mask for mask in masks if mask is not None]
    if len(given) < len(masks):
        return None
    total = sum(mask[box.slices()].astype(np.uint16) for mask in given)
    return np.minimum(total, 255).astype(np.uint8)  # type: ignore[arg-type]


def _reduced(mask: Array | None) -> Tensor:
    if mask is None:
        return torch.ones(1, 1, 1, 1)
    rows = []
    height, width = mask.shape[:2]
    for top in range(0, height, REDUCTION * 64):
        strip = mask[slice(top, min(top + REDUCTION * 64, height)), slice(0, width)]
        tensor = torch.from_numpy(np.ascontiguousarray(strip)).float()[None, None] / 255
        rows.append(F.avg_pool2d(tensor, REDUCTION, ceil_mode=True))
    return torch.cat(rows, dim=2)


def _resized(share: Tensor, size: tuple[int, int]) -> Tensor:
    if share.shape[2:] == size:
        return share
    return F.interpolate(share, size, mode="bilinear", antialias=True, align_corners=False)
