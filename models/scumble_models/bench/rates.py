"""What the machine can do at best, and what a network asks of it."""

from __future__ import annotations

import statistics
import time

import torch
from torch.utils.flop_counter import FlopCounterMode

from scumble_models.registry import StyleModel
from scumble_models.tiling.executor import full_statistics

#: Side of the square matrices that show the machine's rate.
GEMM_SIDE = 2048
GEMM_SIDE_CUDA = 8192
#: More than any cache holds.
COPY_BYTES = 256 << 20


def gemm_rate(device: torch.device, dtype: torch.dtype = torch.float32, repeats: int = 5) -> float:
    """Floating-point operations per second of a square matrix product (median of ``repeats``)."""
    side = GEMM_SIDE_CUDA if device.type == "cuda" else GEMM_SIDE
    a, b = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    seconds = []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        torch.mm(a, b)
        synchronise(device)
        seconds.append(time.perf_counter() - started)
    return 2 * side**3 / statistics.median(seconds[1:])


def copy_rate(device: torch.device, size: int = COPY_BYTES, repeats: int = 5) -> float:
    """Bytes per second of copying ``size`` bytes in memory (median of ``repeats``)."""
    a = torch.ones(size, dtype=torch.uint8, device=device)
    b = torch.empty_like(a)
    seconds = []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        b.copy_(a)
        synchronise(device)
        seconds.append(time.perf_counter() - started)
    return size / statistics.median(seconds[1:])


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


def synchronise(device: torch.device) -> None:
    """Wait until the device has done all it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
