"""Ways to run a network on a graphics card, and models that are run in one of them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor

from scumble_bench.pictures import STYLE_SIDE, photo
from scumble_models.fast.choice import Choice
from scumble_models.fast.half import half_stages
from scumble_models.registry import StyleModel, load_model
from scumble_models.runner import run_at_once
from scumble_models.stylize import encode_style


@dataclass(frozen=True)
class PlainModel(StyleModel):
    """Computed as published, in float32."""

    @property
    def choice(self) -> Choice:
        return Choice(tuple(self.network.stages()), "as published")


@dataclass(frozen=True)
class HalfModel(StyleModel):
    """Convolutions in half precision, whether or not that passes a trial."""

    @property
    def choice(self) -> Choice:
        return Choice(half_stages(tuple(self.network.stages())), "convolutions in half precision")


Kind = TypeVar("Kind", bound=StyleModel)


def loaded(kind: type[Kind], engine: str, device: str) -> Kind:
    """An engine on a device, with a network of its own, run in that way."""
    model = load_model(engine, device)
    return kind(model.info, model.network, model.device)


@contextlib.contextmanager
def tf32(convolutions: bool) -> Iterator[None]:
    """Whether convolutions of float32 may round to TF32, which torch allows by default."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = convolutions
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before


def network_ways(
    engine: str, device: str, image: Tensor, median: Callable[[Callable[[], object]], float]
) -> Iterator[dict[str, Any]]:
    """The network alone over an image ``(1, 3, H, W)``, in each way that could be tried at start.

    A way that is refused is a row with its reason.

    Args:
        median: measures a call in seconds.
    """
    plain, halved = (loaded(kind, engine, device) for kind in (PlainModel, HalfModel))
    style = photo(STYLE_SIDE, STYLE_SIDE, 2)
    signals = encode_style(plain, style, "RGB")

    def at_once(model: StyleModel, x: Tensor = image) -> Tensor:
        return run_at_once(model, signals, x)

    def graph() -> Callable[[], object]:
        if image.device.type != "cuda":
            raise RuntimeError("CUDA graphs need a CUDA device.")
        fixed = image.clone()
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                at_once(halved, fixed)
        torch.cuda.current_stream().wait_stream(side)
        recorded = torch.cuda.CUDAGraph()
        with torch.cuda.graph(recorded):
            at_once(halved, fixed)

        def replay() -> None:
            fixed.copy_(image)
            recorded.replay()

        return replay

    def compiled() -> Callable[[], object]:
        if image.device.type != "cuda":
            raise RuntimeError("torch.compile is tried on a CUDA device only.")
        run = torch.compile(at_once)
        return lambda: run(halved)

    def benchmarked() -> None:
        torch.backends.cudnn.benchmark = True
        try:
            at_once(halved)
        finally:
            torch.backends.cudnn.benchmark = False

    with tf32(False):
        yield _measured("float32", lambda: lambda: at_once(plain), median)
    with tf32(True):
        yield _measured("float32, convolutions in TF32", lambda: lambda: at_once(plain), median)
    yield _measured("half precision", lambda: lambda: at_once(halved), median)
    yield _measured("half precision, cuDNN's kernels tried out", lambda: benchmarked, median)
    # A recording that fails may leave the card's stream unusable, and compiling takes longest.
    yield _measured("half precision in a CUDA graph", graph, median)
    yield _measured("half precision by torch.compile", compiled, median)


def _measured(
    way: str,
    prepare: Callable[[], Callable[[], object]],
    median: Callable[[Callable[[], object]], float],
) -> dict[str, Any]:
    try:
        return {"way": way, "seconds": median(prepare()), "refused": None}
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        return {"way": way, "seconds": None, "refused": reason[:200]}
