#!/usr/bin/env python3
"""The parts of tools/gpu_check.sh: each prints its rows as JSON, one a line, as soon as it has them.

    python tools/gpu_parts.py PART DEVICE full|small|tiny SECONDS

They are rows of measurements and nothing else: gpu_page.py says what they mean.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gpu_daemon import end_to_end
from gpu_ways import HalfModel, PlainModel, loaded, network_ways, tf32
from PIL import Image

from scumble_bench.contender import in_one_pass, peak_bytes
from scumble_bench.network import measure
from scumble_bench.pictures import STYLE_SIDE, photo
from scumble_bench.rates import copy_rate, gemm_rate, synchronise
from scumble_models.learning import Learner, LearnSettings
from scumble_models.registry import StyleModel, list_models, load_model
from scumble_models.runner import run_at_once
from scumble_models.signals import StyleSignals
from scumble_models.stylize import encode_style, stylize

ROOT = Path(__file__).parents[1]
EXAMPLES, STYLES = ROOT / "examples", ROOT / "styles"
#: Learned styles and others in which half precision is compared.
LEARNED = ("starry-night", "great-wave", "engraving", "stained-glass", "points", "ink-wash", "kiss", "scream")
PICTURES = ("swirls", "points", "glass")
FIRST, ATTENTION = "microast", "stylekernel"
#: Seconds that a part leaves for its end.
RESERVE_S = 3

Row = dict[str, Any]


@dataclass(frozen=True)
class Scale:
    """How large everything is.

    Attributes:
        photo: long side of the photos that are compared.
        compared: how many learned styles and how many pictures half precision is tried with.
        sizes: of the network alone.
        frame: through the daemon, and of MicroAST's row in its paper.
        large: side of the square whose memory counts.
        square: side of StyleKernel's row in its paper.
        steps: of one learning.
        library: how many styles of the library are learned at most.
        repeats: medians are taken over so many.
    """

    photo: int
    compared: int
    sizes: tuple[tuple[int, int], ...]
    frame: tuple[int, int]
    large: int
    square: int
    steps: int
    library: int
    repeats: int
    engines: tuple[str, ...] = ()


SCALES = {
    "full": Scale(1024, 8, ((512, 512), (1024, 1024), (2048, 2048), (4096, 2160)), (4096, 2160), 10000, 512,
                  LearnSettings.steps, 1000, 9),
    "small": Scale(224, 2, ((256, 256), (512, 272)), (512, 272), 1500, 128, 2, 3, 2),
    "tiny": Scale(64, 1, ((64, 48),), (96, 64), 160, 48, 1, 1, 1, (FIRST, "photo")),
}  # fmt: skip


@dataclass(frozen=True)
class Run:
    """What a part is told: where, how large, and until when (of `time.monotonic`)."""

    device: str
    scale: Scale
    deadline: float

    def engines(self) -> list[str]:
        """Those that are built in, or the scale's own choice."""
        return list(self.scale.engines or (info.name for info in list_models() if info.builtin))


def parity(run: Run) -> Iterator[Row]:
    """Every engine, against the published float32 network on the CPU: levels of 255."""
    content = picture(EXAMPLES / "photos" / "coffee.jpg", run.scale.photo)
    style = picture(EXAMPLES / "styles" / "swirls.jpg")
    for engine in run.engines():
        expected = _painted(loaded(PlainModel, engine, "cpu"), content, style)
        for way, kind, device, fast in (
            ("Scumble on the CPU", StyleModel, "cpu", False),
            ("float32", PlainModel, run.device, False),
            ("float32, torch's default", PlainModel, run.device, True),
            ("Scumble", StyleModel, run.device, True),
        ):
            row = {"engine": engine, "way": way}
            try:
                with tf32(fast):
                    model = loaded(kind, engine, device)
                    found = _painted(model, content, style)
            except RuntimeError as error:  # one engine that a card refuses must not hide the others
                yield {**row, "failed": str(error).strip().partition("\n")[0][:200]}
                continue
            yield {**row, "how": model.choice.phrase, **difference(found, expected)}


def half(run: Run) -> Iterator[Row]:
    """Convolutions in half precision against float32 on the same device, in many styles."""
    content = picture(EXAMPLES / "photos" / "astronaut.jpg", run.scale.photo)
    for info in list_models():
        if not info.builtin or info.name not in run.engines() or not info.traits.half_precision:
            continue
        full, halved = (loaded(kind, info.name, run.device) for kind in (PlainModel, HalfModel))
        for name, signals in _styles(full, run.scale.compared):
            with tf32(False):
                expected = np.asarray(stylize(full, content, "RGB", [(signals, 1.0)]))
            found = np.asarray(stylize(halved, content, "RGB", [(signals, 1.0)]))
            yield {"engine": info.name, "style": name, **difference(found, expected)}


def network(run: Run) -> Iterator[Row]:
    """One pass over each size: on a tensor that lies on the device, of an array, and the published way."""
    device = torch.device(run.device)
    yield {"gemm_gflops": gemm_rate(device) / 1e9, "copy_gbytes": copy_rate(device) / 1e9}
    model = load_model(FIRST, run.device)
    signals = encode_style(model, photo(STYLE_SIDE, STYLE_SIDE, 2), "RGB")
    for width, height in run.scale.sizes:
        image = torch.rand(1, 3, height, width, device=device)
        alone = _median(lambda image=image: run_at_once(model, signals, image), device, run.scale.repeats)
        del image
        ways = measure(("scumble", "reference"), width, height, device=run.device, repeats=run.scale.repeats)
        row: Row = {"width": width, "height": height, "alone": alone}
        for way, found in ways.items():
            row[way] = {"seconds": found.seconds, "with_style": found.with_style, "peak": found.peak_bytes}
        yield row


def daemon(run: Run) -> Iterator[Row]:
    """A layer from a client's memory to a result that it can read, painted coarse to fine."""
    yield end_to_end(run.device, *run.scale.frame, run.scale.repeats)


def large(run: Run) -> Iterator[Row]:
    """One picture that is much larger than a screen: time and memory, coarse to fine and in one pass."""
    side, device = run.scale.large, torch.device(run.device)
    content = photo(side, side, 1)
    model = load_model(FIRST, run.device)
    for way, painter in (("one pass", in_one_pass(model)), ("cascade", model)):
        signals = encode_style(painter, photo(STYLE_SIDE, STYLE_SIDE, 2), "RGB")
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
        seconds = _seconds(
            lambda painter=painter, signals=signals: stylize(painter, content, "RGB", [(signals, 1.0)]),
            device,
        )
        row: Row = {"way": way, "side": side, "seconds": seconds}
        card = peak_bytes(device) if device.type == "cuda" else None
        yield {**row, "card_peak": card, "host_peak": peak_bytes(torch.device("cpu"))}


def learn(run: Run) -> Iterator[Row]:
    """One style, from its picture to signals that paint, twice: the first one loads and chooses kernels."""
    model = load_model(FIRST, run.device)
    for turn in ("first", "again"):
        yield {"turn": turn, **_learned(model, LEARNED[0], run)}


def library(run: Run) -> Iterator[Row]:
    """The styles of the library, one after the other, until the time is over."""
    model, longest = load_model(FIRST, run.device), 0.0
    names = sorted(path.parent.name for path in STYLES.glob("*/picture.jpg"))
    for name in names[: run.scale.library]:
        if time.monotonic() + max(longest, 1.0) * 1.2 + RESERVE_S > run.deadline:
            return
        row = _learned(model, name, run)
        longest = max(longest, row["seconds"])
        yield {"of": len(names), **row}


def seeds(run: Run) -> Iterator[Row]:
    """The rows of two papers: MicroAST at 4096x2160, and StyleKernel's frames of 512x512."""
    device = torch.device(run.device)
    style = photo(STYLE_SIDE, STYLE_SIDE, 2)
    model, (width, height) = load_model(FIRST, run.device), run.scale.frame
    content, one_pass = photo(width, height, 1), in_one_pass(model)

    def with_style() -> None:
        stylize(one_pass, content, "RGB", [(encode_style(one_pass, style, "RGB"), 1.0)])

    yield {"engine": FIRST, "width": width, "height": height,
           "seconds": _median(with_style, device, run.scale.repeats)}  # fmt: skip
    model, side = load_model(ATTENTION, run.device), run.scale.square
    frames, signals = photo(side, side, 1), encode_style(model, style, "RGB")
    seconds = _median(lambda: stylize(model, frames, "RGB", [(signals, 1.0)]), device, run.scale.repeats * 3)
    yield {"engine": ATTENTION, "width": side, "height": side, "seconds": seconds}


def ways(run: Run) -> Iterator[Row]:
    """Ways to run the same network that could be chosen by a trial at start: what each would bring."""
    width, height = run.scale.frame
    image = torch.rand(1, 3, height, width, device=run.device)
    yield from network_ways(FIRST, run.device, image, lambda call: _median(
        call, torch.device(run.device), run.scale.repeats))  # fmt: skip


PARTS: dict[str, Callable[[Run], Iterator[Row]]] = {
    part.__name__: part for part in (parity, half, network, daemon, large, learn, library, seeds, ways)
}


def picture(path: Path, side: int | None = None) -> np.ndarray:
    """A picture as ``(H, W, 3)`` uint8, brought to that long side."""
    with Image.open(path) as image:
        found = image.convert("RGB")
    if side is not None:
        factor = side / max(found.size)
        found = found.resize([max(16, round(length * factor)) for length in found.size])
    return np.asarray(found)


def difference(found: np.ndarray, expected: np.ndarray) -> Row:
    """Levels of 255 between two pictures: the largest, that of 99.9% of the values, and the mean."""
    levels = np.abs(found.astype(int) - expected)
    return {
        "largest": int(levels.max()),
        "most": int(np.quantile(levels, 0.999, method="higher")),
        "mean": round(float(levels.mean()), 4),
    }


def _painted(model: StyleModel, content: np.ndarray, style: np.ndarray) -> np.ndarray:
    return np.asarray(stylize(model, content, "RGB", [(encode_style(model, style, "RGB"), 1.0)]))


def _styles(model: StyleModel, count: int) -> Iterator[tuple[str, StyleSignals]]:
    for name in PICTURES[:count]:
        yield name, encode_style(model, picture(EXAMPLES / "styles" / f"{name}.jpg"), "RGB")
    weights = model.info.sha256[:16]
    for name in LEARNED[:count]:
        for file in (STYLES / name / "learned").glob(f"*-{weights}.safetensors"):
            yield f"{name}, learned", model.info.read_style(file.read_bytes()).to(model.device)


def _learned(model: StyleModel, name: str, run: Run) -> Row:
    started, losses = time.perf_counter(), []
    learner = Learner(
        model, picture(STYLES / name / "picture.jpg"), "RGB", LearnSettings(steps=run.scale.steps)
    )
    ready = time.perf_counter()
    while learner.done < learner.steps:
        losses.append(learner.step())
    data = learner.signals().to_bytes()
    done = time.perf_counter()
    row = {"style": name, "steps": learner.steps, "seconds": done - started, "bytes": len(data)}
    rate = learner.steps / (done - ready)
    last = statistics.mean(losses[-10:])
    return {**row, "steps_per_second": rate, "loss_before": losses[0], "loss_after": last}


def _median(call: Callable[[], object], device: torch.device, repeats: int) -> float:
    """Seconds of one call, after two that do not count."""
    for _ in range(2 if repeats > 1 else 1):
        call()
    return statistics.median(_seconds(call, device) for _ in range(repeats))


def _seconds(call: Callable[[], object], device: torch.device) -> float:
    synchronise(device)
    started = time.perf_counter()
    call()
    synchronise(device)
    return time.perf_counter() - started


def main() -> None:
    """Print the rows of one part."""
    name, device, scale, seconds = sys.argv[1:]
    run = Run(device, SCALES[scale], time.monotonic() + float(seconds))
    for row in PARTS[name](run):
        sys.stdout.write(json.dumps(row) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
