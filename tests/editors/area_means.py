"""A picture scaled down exactly: what editors' small copies are held to."""

from __future__ import annotations

import numpy as np


def area_means(values: np.ndarray, height: int, width: int) -> np.ndarray:
    """``(H, W, C)`` as ``(height, width, C)`` floats: the mean over the area of each new pixel."""
    rows, columns = _overlap(values.shape[0], height), _overlap(values.shape[1], width)
    return np.einsum("yr,rcd,xc->yxd", rows, values.astype(float), columns, optimize=True)


def _overlap(pixels: int, cells: int) -> np.ndarray:
    """How much of each cell is of each pixel: rows of ones in sum."""
    borders, step = np.arange(pixels), pixels / cells
    starts = np.arange(cells)[:, None] * step
    return np.clip(np.minimum(borders + 1, starts + step) - np.maximum(borders, starts), 0, 1) / step
