"""What is stylized when only the speed counts."""

from __future__ import annotations

import numpy as np

#: Side of the style image, as in the paper's table.
STYLE_SIDE = 512


def photo(width: int, height: int, seed: int) -> np.ndarray:
    """A picture ``(height, width, 3)`` uint8, smooth and busy; speed does not depend on what it shows."""
    random = np.random.default_rng(seed)
    tile = random.integers(0, 256, (64, 64, 3), np.uint8)
    repeated = np.tile(tile, (-(-height // 64), -(-width // 64), 1))[:height, :width]
    ramp = np.linspace(0, 255, width, dtype=np.uint8)[None, :, None]
    return np.ascontiguousarray(repeated // 4 + ramp // 2)
