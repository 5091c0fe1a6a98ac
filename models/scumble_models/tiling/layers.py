"""What the layers of a network do to positions, read off them; a layer that is not known is refused.

A wrong halo is a seam in somebody's picture and no test of the network alone would see it: so nothing is
taken for pointwise because it is not known.
"""

from __future__ import annotations

from collections.abc import Iterable

from torch import nn

from scumble_models.errors import LayerError
from scumble_models.tiling.receptive import Enlargement, Op, Squeeze, Window

#: Layers whose output at a position depends on that position alone (normalisations in evaluation mode).
POINTWISE = (
    nn.BatchNorm2d,
    nn.Dropout,
    nn.Dropout2d,
    nn.ELU,
    nn.GELU,
    nn.Hardtanh,
    nn.Identity,
    nn.LeakyReLU,
    nn.PReLU,
    nn.ReLU,
    nn.SELU,
    nn.SiLU,
    nn.Sigmoid,
    nn.Softplus,
    nn.Tanh,
)
#: Layers that invent positions beyond the border, for the convolution after them.
PADDING = (nn.ReflectionPad2d, nn.ReplicationPad2d, nn.ZeroPad2d)
#: Layers that need more than is near, and what stands in for them.
GLOBAL = (
    nn.AdaptiveAvgPool2d,
    nn.AdaptiveMaxPool2d,
    nn.GroupNorm,
    nn.InstanceNorm2d,
    nn.LayerNorm,
)


def operations(modules: Iterable[nn.Module]) -> tuple[Op, ...]:
    """The operations that move positions, in order, read off the layers of a sequential network.

    Containers are entered in the order in which their children are defined; a residual block is its
    convolutions (the skip connection reaches less far). A module of one's own may say what it does by an
    attribute ``operations``, a tuple that is empty for a pointwise one; it is not entered then.

    Raises:
        LayerError: a layer whose outputs cannot be told to depend on certain inputs only.
    """
    reader = _Reader()
    for module in modules:
        reader.read(module)
    reader.end()
    return tuple(reader.found)


class _Reader:
    """Walks through layers; `_padding` is what the layer before has put around the positions."""

    def __init__(self) -> None:
        self.found: list[Op] = []
        self._padding = 0

    def read(self, layer: nn.Module) -> None:
        own = getattr(layer, "operations", None)
        if isinstance(layer, PADDING):
            self._padding = self._padding + _same(layer, layer.padding, "padding")
        elif isinstance(layer, nn.Conv2d):
            self.found.append(_convolution(layer, self._padding))
            self._padding = 0
        elif isinstance(own, tuple):
            self.end()
            self.found += own
        elif isinstance(layer, POINTWISE):
            return
        elif isinstance(layer, (nn.MaxPool2d, nn.AvgPool2d)):
            self._add(_pooling(layer))
        elif isinstance(layer, nn.Upsample):
            self._add(_enlargement(layer))
        elif isinstance(layer, nn.PixelShuffle):
            self._add(Enlargement(layer.upscale_factor, reach=0))
        elif isinstance(layer, nn.PixelUnshuffle):
            self._add(Squeeze(layer.downscale_factor))
        else:
            self._enter(layer)

    def end(self) -> None:
        """What is padded must be convolved: else positions have moved."""
        if self._padding:
            raise LayerError("A padding layer is not followed by a convolution that takes its padding away.")

    def _add(self, op: Op) -> None:
        self.end()
        self.found.append(op)

    def _enter(self, layer: nn.Module) -> None:
        if isinstance(layer, GLOBAL):
            raise _refused(layer, "it depends on the whole picture: end the stage before it and gather")
        children = list(layer.children())
        if not children or next(layer.parameters(recurse=False), None) is not None:
            raise _refused(layer, "give it an attribute `operations`")
        for child in children:
            self.read(child)


def _convolution(layer: nn.Conv2d, padding: int) -> Window:
    kernel, step, dilation = (
        _same(layer, getattr(layer, name), name) for name in ("kernel_size", "stride", "dilation")
    )
    half = kernel // 2 * dilation
    own = half if layer.padding == "same" else 0 if layer.padding == "valid" else layer.padding
    if kernel % 2 == 0 or padding + _same(layer, own, "padding") != half:
        raise _refused(layer, "only odd kernels, padded by half their reach, keep positions in place")
    return Window(half, half, step)


def _pooling(layer: nn.MaxPool2d | nn.AvgPool2d) -> Window:
    kernel, step, padding, dilation = (
        _same(layer, getattr(layer, name, 1), name)
        for name in ("kernel_size", "stride", "padding", "dilation")
    )
    if kernel != step or padding or dilation != 1 or not layer.ceil_mode:
        raise _refused(layer, "only pooling of blocks that lie side by side, rounding up, is exact")
    return Window(0, kernel - 1, kernel)


def _enlargement(layer: nn.Upsample) -> Enlargement:
    factor = 0.0 if layer.scale_factor is None else _same(layer, layer.scale_factor, "scale_factor")
    modes = {"nearest": 0, "nearest-exact": 0, "bilinear": 1}
    if factor < 1 or factor != int(factor) or layer.mode not in modes or layer.align_corners:
        raise _refused(layer, "only whole factors, nearest or bilinear without aligned corners, are exact")
    return Enlargement(int(factor), reach=modes[layer.mode])


def _same(layer: nn.Module, value: object, name: str) -> int:
    """A setting that is the same in both directions."""
    values = set(value) if isinstance(value, (tuple, list)) else {value}
    (one, *others) = values
    if others or not isinstance(one, (int, float)):
        raise _refused(layer, f"its {name} differs between the axes")
    return one  # type: ignore[return-value]


def _refused(layer: nn.Module, reason: str) -> LayerError:
    return LayerError(
        "Which inputs an output of {type} needs is not known, so it cannot run in patches.",
        hint="{layer}: {reason}.",
        type=type(layer).__name__,
        layer=layer,
        reason=reason,
    )
