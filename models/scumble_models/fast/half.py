"""Stages whose convolutions are computed in half precision, for graphics cards.

Features are float32 between stages, and so are their statistics and the modulation: half precision loses a
deviation that is much smaller than its mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from scumble_models.signals import Signals
from scumble_models.tiling.stage import Stage
from scumble_models.tiling.statistics import Statistics


def half_stages(stages: Sequence[Stage]) -> tuple[Stage, ...]:
    """The same stages with their convolutions in float16 (automatic mixed precision)."""
    return tuple(replace(stage, run=_in_half(stage)) for stage in stages)


def _in_half(stage: Stage) -> Callable[[Tensor, Statistics | None, Signals], Tensor]:
    def run(x: Tensor, statistics: Statistics | None, signals: Signals) -> Tensor:
        with torch.autocast(x.device.type, torch.float16):
            result = stage.run(x.contiguous(memory_format=torch.channels_last), statistics, signals)
        return result.float()

    return run
