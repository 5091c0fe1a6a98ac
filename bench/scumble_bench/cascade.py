"""What painting coarse to fine costs, beside one pass of the same network over the same picture."""

from __future__ import annotations

import contextlib
import statistics
from dataclasses import dataclass

from scumble_bench.contender import Contender
from scumble_models.cascade.grids import level_grids
from scumble_models.tiling.box import Box


@dataclass(frozen=True)
class CascadeCost:
    """One size, painted in one pass and coarse to fine.

    Attributes:
        levels: width and height of each, the coarsest first.
        one_pass: median seconds of one pass, style known.
        seconds: the same of all levels.
        ratio: median of all levels' time by that of the pass beside it.
        work_ratio: the same of the processor's time, for a machine that is busy with other work.
        preview: median seconds until the coarsest level is there to be shown.
        one_pass_peak_bytes, peak_bytes: largest resident memory, or memory taken on the GPU.
    """

    width: int
    height: int
    levels: tuple[tuple[int, int], ...]
    one_pass: float
    seconds: float
    ratio: float
    work_ratio: float
    preview: float
    one_pass_peak_bytes: int
    peak_bytes: int


def measure_cascade(
    width: int,
    height: int,
    *,
    engine: str = "microast",
    device: str = "cpu",
    tiling: str = "auto",
    patch: int | None = None,
    repeats: int = 5,
) -> CascadeCost | None:
    """Measure both in turn, each in a process of its own; None where there is not enough memory.

    For an engine that does not cascade both are the same, and there is no preview before the result.

    Raises:
        ModelError: a process failed; its last line is the message.
    """
    arguments = (width, height, engine, device, tiling, patch or 0, "")
    with contextlib.ExitStack() as stack:
        once, cascade = (stack.enter_context(Contender(way, *arguments)) for way in ("scumble", "cascade"))
        if not (once.fits() and cascade.fits()):
            return None
        pairs = [(once.times("run"), cascade.times("run")) for _ in range(repeats)]
        previews = [cascade.seconds("preview") for _ in range(repeats)]
        return CascadeCost(
            width,
            height,
            tuple((grid.width, grid.height) for grid in level_grids(Box(0, 0, width, height), 1.0)),
            statistics.median(one[0] for one, _ in pairs),
            statistics.median(all_levels[0] for _, all_levels in pairs),
            statistics.median(all_levels[0] / one[0] for one, all_levels in pairs),
            statistics.median(all_levels[1] / one[1] for one, all_levels in pairs),
            statistics.median(previews),
            once.peak_bytes(),
            cascade.peak_bytes(),
        )
