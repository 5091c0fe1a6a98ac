"""The network's own speed: our engine beside the published way of running it, in turn in one run."""

from __future__ import annotations

import contextlib
import statistics
from dataclasses import dataclass
from pathlib import Path

from scumble_bench.contender import TASKS, Contender


@dataclass(frozen=True)
class Measurement:
    """One size, one way of running.

    Attributes:
        way: ``scumble`` or ``reference``.
        seconds: median over the repeats of one stylization, style known (but see ``with_style``).
        with_style: the same with the style encoded each time, as the published code does.
        style_seconds: encoding the style alone.
        peak_bytes: largest resident memory of the process, or memory taken on the GPU.
    """

    way: str
    width: int
    height: int
    seconds: float
    with_style: float
    style_seconds: float
    peak_bytes: int


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
        return {
            c.way: Measurement(c.way, width, height, medians[c.way][1], medians[c.way][2], medians[c.way][0],
                               c.peak_bytes())
            for c in contenders
        }  # fmt: skip
