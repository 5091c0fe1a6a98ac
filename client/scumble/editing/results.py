"""The results that were painted from one layer: which of them is shown, and where the next one goes."""

from __future__ import annotations

import itertools
from typing import Iterable, Sequence


def next_shown(visible: Sequence[bool]) -> int:
    """Which result is shown next, alone; `len(visible)` for none, so that the layer itself is seen.

    Args:
        visible: of each result, the newest first, whether it is shown now.

    The newest comes first, each press gives the one before, and after the oldest comes the layer itself.
    """
    shown = [number for number, is_visible in enumerate(visible) if is_visible]
    return shown[0] + 1 if len(shown) == 1 else 0


def results_above(above: Iterable[bool]) -> int:
    """How many results lie directly above their layer: a newer one goes above these, where it is seen.

    Args:
        above: of each layer above it, the nearest first, whether it is a result.
    """
    return sum(1 for _result in itertools.takewhile(bool, above))
