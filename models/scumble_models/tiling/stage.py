"""What a network tells the patch executor about itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor, nn

from scumble_models.grain import grained
from scumble_models.signals import LayerSignals, Signals, StyleSignals
from scumble_models.tiling.box import Box
from scumble_models.tiling.layers import operations
from scumble_models.tiling.receptive import Op, needs, output_length, stride, takes_blocks
from scumble_models.tiling.statistics import Gathered, Statistics


class Local(Protocol):
    """A faster way to compute a stage's outputs, where one style is everywhere."""

    def inputs(self, outputs: Box) -> Box:
        """The inputs it needs, which may reach past the border; never fewer than the plain way needs."""
        ...

    def run(
        self, x: Tensor, inputs: Box, grid: Box, statistics: Statistics | None, signals: StyleSignals
    ) -> tuple[Tensor, Box]:
        """Outputs from the inputs at a box of the whole ``grid``, and the box of the outputs."""
        ...


class Join(Protocol):
    """What is done to a stage's outputs that needs others near them."""

    def grown(self, outputs: Box) -> Box:
        """The outputs it needs for those at a box."""
        ...

    def apply(self, x: Tensor, box: Box, outputs: Box) -> Tensor:
        """Its result at ``outputs`` from the values at a box, which is the grown one."""
        ...


@dataclass(frozen=True)
class Stage:
    """A part of a network that is local: an output depends on the inputs around it and on nothing else.

    What is global comes from outside: what it gathers of its whole input, patch by patch and on any number
    of machines, before the first of its outputs is computed.

    Attributes:
        name: for progress, such as ``encode``.
        run: from ``(1, C, H, W)``, the statistics of the whole input (None for the first stage, which
            is not normalised) and the style signals, to ``(1, C', H', W')``.
        operations: what moves positions in it; see :func:`scumble_models.tiling.layers.operations`.
        channels: of its output.
        gathers: what ``run`` has to know of its whole input. A stage after the first that gathers nothing
            gets an empty tuple.
        local: a faster way to compute a patch, where there is one.
        join: what is done to the outputs, after :meth:`run_patch`, by :meth:`picked`.
        grain: amplitude of the noise on the inputs of the first stage, see :mod:`scumble_models.grain`.
    """

    name: str
    run: Callable[[Tensor, Statistics | None, Signals], Tensor]
    operations: tuple[Op, ...]
    channels: int
    gathers: Gathered = "nothing"
    local: Local | None = None
    join: Join | None = None
    grain: float = 0.0

    def run_patch(
        self, x: Tensor, inputs: Box, grid: Box, statistics: Statistics | None, signals: LayerSignals
    ) -> tuple[Tensor, Box]:
        """The outputs of a patch of inputs, ``grid`` being all of them, and where these outputs lie."""
        x = grained(x, self.grain, inputs.left, inputs.top)
        # Without statistics a stage is the first, which has nothing to do with styles.
        if self.local is not None and (statistics is None or isinstance(signals, StyleSignals)):
            return self.local.run(x, inputs, grid, statistics, signals)  # type: ignore[arg-type]
        return self.run(x, statistics, signals.at(inputs, grid)), self.first_output(inputs)

    def picked(self, x: Tensor, box: Box, outputs: Box) -> Tensor:
        """Of what :meth:`run_patch` gives at a box the outputs that were asked for, joined."""
        wanted = outputs if self.join is None else self.join.grown(outputs)
        rows, columns = wanted.relative_to(box).slices()
        x = x[:, :, rows, columns]
        return x if self.join is None else self.join.apply(x, wanted, outputs)

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
        if self.join is not None:
            outputs = self.join.grown(outputs)
        if self.local is not None:
            return self.local.inputs(outputs).intersect(whole)
        step = stride(self.operations)
        left, right = needs(self.operations, outputs.left, outputs.right)
        top, bottom = needs(self.operations, outputs.top, outputs.bottom)
        if takes_blocks(self.operations):
            right, bottom = -(-right // step) * step, -(-bottom // step) * step
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
    decode: Callable[[Tensor, Any, Signals], Tensor],
    modules: Iterable[nn.Module],
    channels: int,
    gathers: Gathered = "moments",
) -> Stage:
    """A later stage; its operations are read off ``modules``.

    Args:
        decode: from features, what is gathered of all of them (:data:`Statistics`), and the styles.
    """

    def run(x: Tensor, statistics: Statistics | None, signals: Signals) -> Tensor:
        if statistics is None:
            raise ValueError(f"The stage {name!r} needs the {gathers} of its whole input.")
        return decode(x, statistics, signals)

    return Stage(name, run, operations(modules), channels, gathers)
