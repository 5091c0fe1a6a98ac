"""Which way a network is computed on this machine: chosen by trying, never by asking."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence

import torch

from scumble_models.fast.half import half_stages
from scumble_models.fast.microast import microast_stages
from scumble_models.fast.packed import can_pack
from scumble_models.microast import MicroAST
from scumble_models.registry import StyleModel
from scumble_models.signals import StyleSignals
from scumble_models.tiling.box import Box
from scumble_models.tiling.stage import Stage
from scumble_models.tiling.statistics import channel_statistics

#: Set to ``plain`` to compute every network as published.
VARIABLE = "SCUMBLE_COMPUTE"
#: Largest difference between both ways in the trial, of features scaled to a deviation of 1.
TOLERANCE = 1e-3
#: The same where half precision is expected, which keeps 11 bits of each value.
HALF_TOLERANCE = 3e-2
TRIAL = 32

_KEPT = "_stages_here"


def stages_of(model: StyleModel) -> tuple[Stage, ...]:
    """The stages of a loaded model, in a fast way where there is one that works here.

    The network must not change afterwards: its weights are laid out anew, once.
    """
    kept = vars(model.network)  # with the network, to which they refer: they go when it goes
    if _KEPT not in kept:
        kept[_KEPT] = _choose(model)
    return kept[_KEPT]


def chosen_backend(device: torch.device) -> str:
    """One phrase for people: how a device of this machine computes MicroAST."""
    if os.environ.get(VARIABLE) == "plain":
        return f"as published ({VARIABLE} is set to plain)"
    if device.type == "cpu":
        if _fused_work():
            return "fused layers, " + ("weights packed by oneDNN" if can_pack() else "torch's own operators")
        return "as published (the fused layers did not pass their trial here)"
    if device.type == "cuda" and _half_works(device):
        return "convolutions in half precision"
    return "as published (half precision did not pass its trial here)"


def _choose(model: StyleModel) -> tuple[Stage, ...]:
    plain = tuple(model.network.stages())
    network = model.network
    if os.environ.get(VARIABLE) == "plain":
        return plain
    if model.device.type == "cpu" and type(network) is MicroAST and _fused_work():
        return microast_stages(network)
    if model.device.type == "cuda" and _half_works(model.device):
        return half_stages(plain)
    return plain


@functools.cache
def _fused_work() -> bool:
    return _passes_trial(microast_stages, torch.device("cpu"), TOLERANCE)


@functools.cache
def _half_works(device: torch.device) -> bool:
    return _passes_trial(lambda network: half_stages(network.stages()), device, HALF_TOLERANCE)


def _passes_trial(
    fast: Callable[[MicroAST], Sequence[Stage]], device: torch.device, tolerance: float
) -> bool:
    """Whether a fast way computes what the published one does, tried on a small network and picture."""
    with torch.random.fork_rng([]), torch.inference_mode():
        torch.manual_seed(0)
        network = MicroAST().eval().requires_grad_(False)
        image, style = torch.rand(2, 1, 3, TRIAL, TRIAL)
        try:
            network, image, style = network.to(device), image.to(device), style.to(device)
            signals = network.encode_style(style)
            return _agree(network.stages(), fast(network), signals, image, tolerance)
        except (RuntimeError, NotImplementedError, AttributeError):
            return False  # an operator is missing or refuses: the published way needs none of them


def _agree(
    plain: Sequence[Stage],
    fast: Sequence[Stage],
    signals: StyleSignals,
    image: torch.Tensor,
    tolerance: float,
) -> bool:
    x, statistics = image, None
    for one, other in zip(plain, fast, strict=True):
        whole = Box(0, 0, x.shape[3], x.shape[2])
        everywhere = one.output_box(whole)
        # An inner part besides the whole: without padding and with it.
        part = Box(
            everywhere.right // 3, everywhere.bottom // 3, everywhere.right // 2, everywhere.bottom // 2
        )
        expected = one.run(x, statistics, signals)
        scale = expected.std()
        for outputs in (everywhere, part):
            inputs = other.input_box(outputs, whole)
            rows, columns = inputs.slices()
            result, box = other.run_patch(x[:, :, rows, columns], inputs, whole, statistics, signals)
            rows, columns = box.slices()
            if not bool(((result - expected[:, :, rows, columns]).abs() <= tolerance * scale).all()):
                return False
        x, statistics = expected, channel_statistics(expected)
    return True
