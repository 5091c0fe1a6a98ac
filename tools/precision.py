#!/usr/bin/env python3
"""What bfloat16 would cost and save in each of MicroAST's fused convolutions, on this machine.

    python tools/precision.py

For each kind of convolution: the largest and mean difference of finished 8-bit pictures, in levels of 255,
when its inputs, weights and outputs are rounded to bfloat16 and nothing else is; and how long one call takes.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from page import processor, table
from PIL import Image
from torch import Tensor

from scumble_models.allocation import keep_freed_memory
from scumble_models.fast.packed import Packed
from scumble_models.registry import load_model
from scumble_models.stylize import encode_style, stylize

EXAMPLES = Path(__file__).parents[1] / "examples"
STYLES = ("swirls", "points", "glass")
REPEATS = 15
AT_QUARTER = (64, 128)  # channels of the blocks and of the decoder's first layers

Kind = tuple[int, int, int]


class Rounded:
    """Packed convolutions that round where they are told to, and note which kinds there are."""

    def __init__(self) -> None:
        self.kinds: dict[Kind, None] = {}
        self.chosen: set[Kind] = set()
        self._original = Packed.__call__

    def __call__(self, layer: Packed, x: Tensor) -> Tensor:
        kind = (layer.weight.shape[1] * layer.groups, layer.weight.shape[0], layer.kernel)
        self.kinds[kind] = None
        if kind not in self.chosen:
            return self._original(layer, x)
        x, weight = x.bfloat16().float(), layer.weight.bfloat16().float()
        result = F.conv2d(x, weight, layer.bias, layer.stride, groups=layer.groups).bfloat16().float()
        return result.relu_() if layer.relu else result


def main() -> None:
    """Print the table."""
    keep_freed_memory()
    model = load_model("microast", "cpu")
    photo = _picture(EXAMPLES / "photos" / "coffee.jpg")
    rounded = Rounded()
    Packed.__call__ = lambda layer, x: rounded(layer, x)  # type: ignore[method-assign]
    signals = [encode_style(model, _picture(EXAMPLES / "styles" / f"{name}.jpg"), "RGB") for name in STYLES]

    def pictures(chosen: set[Kind]) -> np.ndarray:
        rounded.chosen = chosen
        return np.stack([stylize(model, photo, "RGB", [(one, 1.0)]) for one in signals]).astype(int)

    exact = pictures(set())
    kinds = list(rounded.kinds)
    inner = {kind for kind in kinds if kind[0] in AT_QUARTER}
    rows = []
    for name, chosen in [
        *((f"{k[2]}x{k[2]}, {k[0]} to {k[1]}", {k}) for k in kinds),
        ("all that read 64 or 128 channels", inner),
        ("all", set(kinds)),
    ]:
        levels = np.abs(pictures(chosen) - exact)
        rows.append([name, f"{levels.max()}", f"{np.quantile(levels, 0.999):.0f}", f"{levels.mean():.2f}"])
    print(f"{processor()}, {torch.get_num_threads()} threads\n")  # noqa: T201
    print(table(["rounded", "largest", "99.9%", "mean"], rows), "\n")  # noqa: T201
    print(table(["3x3, 64 to 64, 132x132", "ms"], _speed()))  # noqa: T201


def _speed() -> list[list[str]]:
    rows = []
    operators = torch.ops.mkldnn
    for dtype in (torch.float32, torch.bfloat16):
        x = torch.randn(1, 64, 132, 132, dtype=dtype).contiguous(memory_format=torch.channels_last)
        weight, bias = torch.randn(64, 64, 3, 3, dtype=dtype), torch.randn(64, dtype=dtype)
        packed = operators._reorder_convolution_weight(weight, [0, 0], [1, 1], [1, 1], 1, list(x.shape))
        times = []
        for _ in range(REPEATS):
            started = time.perf_counter()
            operators._convolution_pointwise(x, packed, bias, [0, 0], [1, 1], [1, 1], 1, "relu", [], "")
            times.append(time.perf_counter() - started)
        rows.append([str(dtype).removeprefix("torch."), f"{statistics.median(times) * 1000:.2f}"])
    return rows


def _picture(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


if __name__ == "__main__":
    main()
