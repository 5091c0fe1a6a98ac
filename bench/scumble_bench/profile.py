"""Which share of the time each layer takes, what it computes and what it moves."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from scumble_bench.rates import synchronise

_GROUPS = {
    "padding": ("reflection_pad2d", "constant_pad_nd", "pad"),
    "statistics": ("var_mean", "mean", "std", "sum", "square", "sqrt"),
    "upsampling": ("upsample_nearest2d", "upsample_bilinear2d"),
    "arithmetic": ("add", "sub", "mul", "div", "addcmul", "relu", "clamp", "nan_to_num", "lerp"),
    "copies": ("copy", "clone", "cat", "_to_copy", "stack", "index", "pixel_shuffle", "pixel_unshuffle"),
    "folding weights": ("conv2d", "matmul", "diag", "_reorder_convolution_weight"),
}
_KINDS = {kind: group for group, kinds in _GROUPS.items() for kind in kinds}
_CONVOLUTIONS = {"convolution", "_convolution_pointwise"}
REST = "outside torch"


@dataclass
class Layer:
    """All calls of one kind.

    Attributes:
        name: ``conv 9x9 3 to 16 / 1`` for convolutions: kernel, channels, stride; else what it does.
        calls: how many.
        seconds: their time together.
        operations: floating-point operations of convolutions, two per multiply-add.
        bytes: size of all tensors read and written.
    """

    name: str
    calls: int = 0
    seconds: float = 0.0
    operations: int = 0
    bytes: int = 0


def profile(work: Callable[[], object], device: torch.device) -> list[Layer]:
    """What took how long in ``work``, the longest first; the last is what torch was not asked for.

    ``work`` runs three times: to be warm, to be timed as a whole, and to be watched, which takes longer.
    """
    work()
    started = time.perf_counter()
    work()
    synchronise(device)
    whole = time.perf_counter() - started
    with _Watch(device) as watch:
        work()
    layers = sorted(watch.layers.values(), key=lambda layer: -layer.seconds)
    rest = whole - sum(layer.seconds for layer in layers)
    return [*layers, Layer(REST, 1, max(0.0, rest))]


class _Watch(TorchDispatchMode):
    def __init__(self, device: torch.device) -> None:
        super().__init__()
        self._device = device
        self.layers: dict[str, Layer] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        synchronise(self._device)
        started = time.perf_counter()
        result = func(*args, **(kwargs or {}))
        synchronise(self._device)
        seconds = time.perf_counter() - started
        kind = str(func.overloadpacket.__name__).rstrip("_")
        convolution = kind in _CONVOLUTIONS
        other = "views" if _is_view(func) else _KINDS.get(kind, kind)
        name = _name(kind, args) if convolution else other
        layer = self.layers.setdefault(name, Layer(name))
        layer.calls += 1
        layer.seconds += seconds
        if name != "views":
            tensors = [leaf for leaf in tree_leaves((args, kwargs, result)) if isinstance(leaf, Tensor)]
            layer.bytes += sum(tensor.numel() * tensor.element_size() for tensor in tensors)
        if convolution:
            weight: Tensor = args[1]
            layer.operations += 2 * result.numel() * weight.numel() // result.shape[1]
        return result


def _name(kind: str, args: Any) -> str:
    weight: Tensor = args[1]
    outputs, inputs, height, width = weight.shape[-4:]
    plain = kind == "convolution"
    stride, groups = (args[3], args[8]) if plain else (args[4], args[6])
    name = f"conv {height}x{width} {inputs * groups} to {outputs if weight.ndim == 4 else outputs * groups}"
    return name + (f" / {stride[0]}" if stride[0] > 1 else "") + (f", {groups} groups" if groups > 1 else "")


@functools.cache
def _is_view(func: Any) -> bool:
    return any(a.alias_info is not None and not a.alias_info.is_write for a in func._schema.arguments)
