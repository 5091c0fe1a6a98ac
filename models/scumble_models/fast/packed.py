"""Convolutions with their weights laid out once for this processor, and the ReLU fused."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


class Packed:
    """A convolution without padding over channels-last features, with an optional ReLU.

    Where torch has oneDNN the weights are reordered once, here, and not at each call, and the ReLU costs
    no pass over the result; elsewhere both are torch's ordinary operators.

    Args:
        weight: ``(C_out, C_in / groups, k, k)``.
        bias: ``(C_out,)``.
    """

    def __init__(
        self, weight: Tensor, bias: Tensor, *, stride: int = 1, groups: int = 1, relu: bool = False
    ) -> None:
        self.kernel, self.stride, self.groups, self.relu = int(weight.shape[2]), stride, groups, relu
        self.weight = weight.contiguous(memory_format=torch.channels_last)
        self.bias = bias.contiguous()
        self._packed: Tensor | None = None
        if can_pack():
            side = 64 + self.kernel
            self._packed = torch.ops.mkldnn._reorder_convolution_weight(
                self.weight, [0, 0], [stride] * 2, [1, 1], groups, [1, weight.shape[1] * groups, side, side]
            )

    def __call__(self, x: Tensor) -> Tensor:
        """Map ``(1, C_in, H, W)`` to ``(1, C_out, (H - k) // stride + 1, (W - k) // stride + 1)``."""
        x = x.contiguous(memory_format=torch.channels_last)
        if self._packed is None:
            result = F.conv2d(x, self.weight, self.bias, self.stride, groups=self.groups)
            return result.relu_() if self.relu else result
        attribute = "relu" if self.relu else "none"
        stride = [self.stride] * 2
        return torch.ops.mkldnn._convolution_pointwise(
            x, self._packed, self.bias, [0, 0], stride, [1, 1], self.groups, attribute, [], ""
        )


def can_pack() -> bool:
    """Whether this build of torch has oneDNN and the operators that take packed weights."""
    operators = torch.ops.mkldnn
    return torch.backends.mkldnn.is_available() and all(
        hasattr(operators, name) for name in ("_reorder_convolution_weight", "_convolution_pointwise")
    )
