"""What a network tells the patch executor about itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from torch import Tensor, nn

from scumble_models.signals import Signals
from scumble_models.tiling.box import Box
from scumble_models.tiling.receptive import Op, needs, operations, output_length, stride
from scumble_models.tiling.statistics import Statistics


@dataclass(frozen=True)
class Stage:
    """A part of a network that is local: an output depends on the inputs around it and on nothing else.

    What is global, the statistics of its whole input, comes from outside.

    Attributes:
        name: for progress, such as ``encode``.
        run: from ``(1, C, H, W)``, the statistics of the whole input (None for the first stage, which
            is not normalised) and the style signals, to ``(1, C', H', W')``.
        operations: what moves positions in it; see :func:`scumble_models.tiling.receptive.operations`.
        channels: of its output.
    """

    name: str
    run: Callable[[Tensor, Statistics | None, Signals], Tensor]
    operations: tuple[Op, ...]
    channels: int

    def output_box(self, inputs: Box) -> Box:
        """The whole output grid for the whole input grid (both start at 0)."""
        return Box(
            0,
            0,
            output_length(self.operations, inputs.right),
            output_length(self.operations, inputs.bottom),
        )

    def input_box(self, outputs: Box, whole: Box) -> Box:
        """The inputs that ``outputs`` need: with halo, aligned to the stride, cut at the border."""
        step = stride(self.operations)
        left, right = needs(self.operations, outputs.left, outputs.right)
        top, bottom = needs(self.operations, outputs.top, outputs.bottom)
        aligned = Box(left // step * step, top // step * step, right, bottom)
        return aligned.intersect(whole)

    def first_output(self, inputs: Box) -> Box:
        """Where the outputs of a patch of inputs lie in the whole output grid."""
        step = stride(self.operations)
        factor = output_length(self.operations, step)
        left, top = inputs.left // step * factor, inputs.top // step * factor
        return Box(
            left,
            top,
            left + output_length(self.operations, inputs.width),
            top + output_length(self.operations, inputs.height),
        )


def first_stage(
    name: str, encode: Callable[[Tensor], Tensor], modules: Iterable[nn.Module], channels: int
) -> Stage:
    """The stage that takes the image; its operations are read off ``modules``."""
    return Stage(name, lambda x, _statistics, _signals: encode(x), operations(modules), channels)


def normalised_stage(
    name: str,
    decode: Callable[[Tensor, Statistics, Signals], Tensor],
    modules: Iterable[nn.Module],
    channels: int,
) -> Stage:
    """A stage whose input is normalised; its operations are read off ``modules``."""

    def run(x: Tensor, statistics: Statistics | None, signals: Signals) -> Tensor:
        if statistics is None:
            raise ValueError(f"The stage {name!r} needs the statistics of its whole input.")
        return decode(x, statistics, signals)

    return Stage(name, run, operations(modules), channels)
