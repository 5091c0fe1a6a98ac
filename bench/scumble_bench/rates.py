"""What the machine can do at best, and what a network asks of it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

from scumble_models.model import StyleModel
from scumble_models.tiling.executor import full_statistics

#: Side of the square matrices that show the machine's rate.
GEMM_SIDE = 2048
GEMM_SIDE_CUDA = 8192
#: More than any cache holds.
COPY_BYTES = 256 << 20


def gemm_rate(device: torch.device, dtype: torch.dtype = torch.float32, repeats: int = 5) -> float:
    """Floating-point operations per second of a square matrix product (median of ``repeats``).

    On a CPU the product is also computed as a 1x1 convolution, and the faster one counts: MKL, behind
    ``torch.mm``, uses half of what other makers' processors can do, and oneDNN all of it.
    """
    side = GEMM_SIDE_CUDA if device.type == "cuda" else GEMM_SIDE
    a, b = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    seconds = [_median_time(lambda: torch.mm(a, b), device, repeats)]
    if device.type == "cpu":
        weight = b[:, :, None, None].contiguous(memory_format=torch.channels_last)
        x = a.view(1, side // 32, 32, side).permute(0, 3, 1, 2)
        seconds.append(_median_time(lambda: F.conv2d(x, weight), device, repeats))
    return 2 * side**3 / min(seconds)


def copy_rate(device: torch.device, size: int = COPY_BYTES, repeats: int = 5) -> float:
    """Bytes per second of copying ``size`` bytes in memory (median of ``repeats``)."""
    a = torch.ones(size, dtype=torch.uint8, device=device)
    b = torch.empty_like(a)
    return size / _median_time(lambda: b.copy_(a), device, repeats)


def operations_per_pixel(model: StyleModel) -> float:
    """Floating-point operations of the content path per pixel (two per multiply-add), counted by torch."""
    side = 256
    image = torch.rand(1, 3, side, side, device=model.device)
    stages = model.network.stages()
    with torch.inference_mode():
        signals = model.network.encode_style(image)
        statistics_ = full_statistics(stages, signals, image)
        with FlopCounterMode(display=False) as counter:
            x, before = image, None
            for stage, after in zip(stages, [*statistics_, None], strict=True):
                x = stage.run(x, before, signals)
                before = after
    return counter.get_total_flops() / side**2


def _median_time(call: Callable[[], object], device: torch.device, repeats: int) -> float:
    """Seconds of one call, after one that does not count."""
    seconds = []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        call()
        synchronise(device)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds[1:])


def synchronise(device: torch.device) -> None:
    """Wait until the device has done all it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
