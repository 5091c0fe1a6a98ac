"""The network's own speed: our engine beside the published way of running it, in turn in one run."""

from __future__ import annotations

import contextlib
import statistics
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scumble_bench.contender import TASKS, Contender
from scumble_bench.openvino_way import WAYS

#: Levels of 255 by which a faster way may differ.
TOLERANCE = 2


@dataclass(frozen=True)
class Measurement:
    """One size, one way of running.

    Attributes:
        way: ``scumble``, ``reference``, or one of `openvino_way.WAYS`.
        seconds: median over the repeats of one stylization, style known (but see ``with_style``).
        with_style: the same with the style encoded each time, as the published code does.
        style_seconds: encoding the style alone.
        peak_bytes: largest resident memory of the process, or memory taken on the GPU.
        off: share of the pixels that are more than `TOLERANCE` levels from the published way's; None where
            that, or any other engine than ours, was not measured.
    """

    way: str
    width: int
    height: int
    seconds: float
    with_style: float
    style_seconds: float
    peak_bytes: int
    off: float | None = None


def measure(
    ways: tuple[str, ...],
    width: int,
    height: int,
    *,
    engine: str = "microast",
    device: str = "cpu",
    tiling: str = "auto",
    patch: int | None = None,
    repeats: int = 5,
    reference: Path | None = None,
) -> dict[str, Measurement]:
    """Measure ``ways`` in turn: each in a process of its own, of which one works at a time.

    So both meet the same machine, busy or idle, and peak memory is that of one way alone. A way that does
    not fit into the memory that is free is left out of the answer.

    Raises:
        ModelError: a process failed; its last line is the message.
    """
    arguments = (width, height, engine, device, tiling, patch or 0, reference or "")
    with contextlib.ExitStack() as stack:
        contenders = []
        for way in ways:
            contender = stack.enter_context(Contender(way, *arguments))
            if contender.fits():  # warm before the next one starts
                contenders.append(contender)
        seconds: dict[str, dict[str, list[float]]] = {c.way: {task: [] for task in TASKS} for c in contenders}
        for task in TASKS:
            for _ in range(repeats):
                for contender in contenders:
                    seconds[contender.way][task].append(contender.seconds(task))
        medians = {way: [statistics.median(s[task]) for task in TASKS] for way, s in seconds.items()}
        peaks = {c.way: c.peak_bytes() for c in contenders}
        off = _off(contenders) if "reference" in medians and set(medians) & set(WAYS) else {}
        return {
            way: Measurement(way, width, height, run, with_style, style, peaks[way], off.get(way))
            for way, (style, run, with_style) in medians.items()
        }


def _off(contenders: list[Contender]) -> dict[str, float]:
    results = {contender.way: contender.result().astype(np.int16) for contender in contenders}
    truth = results["reference"]
    differences = {way: np.abs(result - truth).max(axis=2) for way, result in results.items()}
    return {way: float((difference > TOLERANCE).mean()) for way, difference in differences.items()}
