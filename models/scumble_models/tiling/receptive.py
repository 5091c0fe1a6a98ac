"""Receptive fields by interval arithmetic: which inputs a run of outputs needs, exactly.

A patch that holds these inputs gives the same outputs as the full frame. Whatever the padding invents
at the patch's own border reaches only outputs that were not asked for. What the layers of a network do to
positions is read off them by :mod:`scumble_models.tiling.layers`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Window:
    """Convolution or pooling: output ``i`` needs inputs ``stride * i - before`` to ``stride * i + after``."""

    before: int
    after: int
    stride: int = 1

    def needs(self, start: int, stop: int) -> tuple[int, int]:
        """Inputs ``[start, stop)`` for outputs ``[start, stop)``; may reach past the border."""
        return start * self.stride - self.before, (stop - 1) * self.stride + self.after + 1

    def length(self, inputs: int) -> int:
        """Number of outputs for a number of inputs (padded by half the kernel, or pooled rounding up)."""
        return -(-inputs // self.stride)


@dataclass(frozen=True)
class Enlargement:
    """Upsampling by a whole factor, bilinear without aligned corners; ``reach`` 0 for nearest."""

    factor: int
    reach: int = 1

    def needs(self, start: int, stop: int) -> tuple[int, int]:
        """As :meth:`Window.needs`."""
        if not self.reach:
            return start // self.factor, (stop - 1) // self.factor + 1
        # Output i lies at input (i + 1/2) / factor - 1/2, between the two inputs beside it.
        first = (2 * start + 1 - self.factor) // (2 * self.factor)
        last = (2 * (stop - 1) + 1 - self.factor) // (2 * self.factor) + 1
        return first, last + 1

    def length(self, inputs: int) -> int:
        """As :meth:`Window.length`."""
        return inputs * self.factor


class Squeeze(Window):
    """Space to depth: blocks of ``stride`` x ``stride`` positions become channels.

    Unlike pooling it takes whole blocks only: patches must end where blocks do, and the picture's sides be
    multiples of them (:attr:`scumble_models.engine.Traits.size_multiple`). ``reach``: inputs that it sees
    beyond its block.
    """

    def __init__(self, factor: int, reach: int = 0) -> None:
        super().__init__(reach, factor - 1 + reach, factor)


@dataclass(frozen=True)
class Whole:
    """Every output needs every input, as where a picture attends to itself: no patch is less than all."""

    def needs(self, start: int, stop: int) -> tuple[int, int]:
        """As :meth:`Window.needs`: far past any border."""
        return min(start, -FAR), max(stop, FAR)

    def length(self, inputs: int) -> int:
        """As :meth:`Window.length`: as many as there are."""
        return inputs


#: Past the border of any picture.
FAR = 1 << 40

Op = Window | Enlargement | Whole


def is_whole(ops: Sequence[Op]) -> bool:
    """Whether an output depends on all inputs, however far."""
    return any(isinstance(op, Whole) for op in ops)


def takes_blocks(ops: Sequence[Op]) -> bool:
    """Whether patches must end at multiples of the stride, and not only start there."""
    return any(isinstance(op, Squeeze) for op in ops)


def needs(ops: Sequence[Op], start: int, stop: int) -> tuple[int, int]:
    """Inputs ``[start, stop)`` of the first operation for outputs ``[start, stop)`` of the last."""
    for op in reversed(ops):
        start, stop = op.needs(start, stop)
    return start, stop


def output_length(ops: Sequence[Op], inputs: int) -> int:
    """Number of outputs of the last operation for a number of inputs of the first."""
    for op in ops:
        inputs = op.length(inputs)
    return inputs


def stride(ops: Sequence[Op]) -> int:
    """Inputs per output where the operations shrink: patches must start at its multiples."""
    product = 1
    for op in ops:
        if isinstance(op, Window):
            product *= op.stride
    return product


def radius(ops: Sequence[Op]) -> int:
    """The largest distance, in inputs, between an output and an input it needs."""
    widest = 0
    for output in range(64):
        first, last = needs(ops, output, output + 1)
        scale = output_length(ops, 1 << 16) / (1 << 16)
        centre = (output + 0.5) / scale - 0.5
        widest = max(widest, int(centre - first + 0.999), int(last - 1 - centre + 0.999))
    return widest
