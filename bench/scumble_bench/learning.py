"""Learning a style beside the same loop written plainly in torch, and choosing a learned style."""

from __future__ import annotations

import contextlib
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from scumble_bench.contender import Contender, answer, say
from scumble_bench.pictures import STYLE_SIDE, photo
from scumble_models.allocation import keep_freed_memory
from scumble_models.learned import painting_model
from scumble_models.learning import Learner, LearnSettings
from scumble_models.registry import StyleModel, load_model
from scumble_models.stylize import stylize

#: A learned style of the checkout.
LEARNED = Path(__file__).parents[2] / "styles" / "starry-night" / "learned"
#: What a preview in an editor has.
PREVIEW = (640, 427)


@dataclass(frozen=True)
class LearningCost:
    """Medians over steps taken in turn.

    Attributes:
        rate, plain_rate: steps per second, ours and the plain loop's.
        ratio: median of the plain step's time by that of the step beside it.
        work_ratio: the same of the processor's time, for a machine that is busy with other work.
        peak_bytes, plain_peak_bytes: largest resident memory, or memory taken on the GPU.
    """

    rate: float
    plain_rate: float
    ratio: float
    work_ratio: float
    peak_bytes: int
    plain_peak_bytes: int


@dataclass(frozen=True)
class Switch:
    """What choosing a learned style costs; seconds, medians.

    Attributes:
        seconds: from the bytes of its file to a network that is ready to paint.
        first, again: a preview of `PREVIEW` pixels with the style new to the network, and once more.
    """

    seconds: float
    first: float
    again: float


def measure_learning(*, engine: str = "microast", device: str = "cpu", repeats: int = 5) -> LearningCost:
    """Steps of both loops in turn, each in a process of its own.

    Raises:
        ModelError: a process failed; its last line is the message.
    """
    with contextlib.ExitStack() as stack:
        ours, plain = (
            stack.enter_context(Contender(way, engine, device, module=__name__)) for way in ("ours", "plain")
        )
        for contender in (ours, plain):
            contender.fits()
        pairs = [(ours.times("step"), plain.times("step")) for _ in range(repeats)]
        return LearningCost(
            1 / statistics.median(one[0] for one, _ in pairs),
            1 / statistics.median(other[0] for _, other in pairs),
            statistics.median(other[0] / one[0] for one, other in pairs),
            statistics.median(other[1] / one[1] for one, other in pairs),
            ours.peak_bytes(),
            plain.peak_bytes(),
        )


def measure_switch(model: StyleModel, repeats: int) -> Switch | None:
    """Choose a learned style again and again; None where the checkout has none for this model."""
    files = list(LEARNED.glob(f"*-{model.info.sha256[:16]}.safetensors"))
    if not files:
        return None
    data, content = files[0].read_bytes(), photo(*PREVIEW, 1)
    switched, firsts, agains = [], [], []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        signals = model.info.read_style(data).to(model.device)
        painting_model(model, signals).stages()
        switched.append(time.perf_counter() - started)
        signals = model.info.read_style(data).to(model.device)
        for found in (firsts, agains):
            started = time.perf_counter()
            stylize(model, content, "RGB", [(signals, 1.0)])
            found.append(time.perf_counter() - started)
    return Switch(*(statistics.median(found[1:]) for found in (switched, firsts, agains)))


def learner_of(way: str, engine: str, device: str) -> Learner:
    """A learning that goes on for as long as it is told to."""
    from scumble_bench.plain_learning import PlainLearner

    kind = {"ours": Learner, "plain": PlainLearner}[way]
    return kind(load_model(engine, device), photo(768, STYLE_SIDE, 2), "RGB", LearnSettings(steps=5000))


def _serve(way: str, engine: str, device: str) -> None:
    if way == "ours":
        keep_freed_memory()  # as the daemon's worker does
    learner = learner_of(way, engine, device)
    for _ in range(2):  # the first ones allocate and choose kernels
        learner.step()
    say("warm")
    answer({"step": learner.step}, load_model(engine, device).device)


if __name__ == "__main__":
    _serve(*sys.argv[1:])
