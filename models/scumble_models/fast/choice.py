"""Which way a network is computed on this machine: chosen by trying, never by asking."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from scumble_models.fast.half import half_stages
from scumble_models.fast.packed import can_pack
from scumble_models.network import StyleNetwork
from scumble_models.signals import StyleSignals
from scumble_models.tiling.box import Box
from scumble_models.tiling.stage import Stage
from scumble_models.tiling.statistics import whole_statistics

#: Set to ``plain`` to compute every network as published.
VARIABLE = "SCUMBLE_COMPUTE"
#: Largest difference between both ways in the trial, of features scaled to a deviation of 1.
TOLERANCE = 1e-3
#: The same where half precision is expected, which keeps 11 bits of each value.
HALF_TOLERANCE = 3e-2
TRIAL = 32

#: An operator is missing or refuses: the published way needs none of them.
_REFUSALS = (RuntimeError, NotImplementedError, AttributeError)
#: Trials that were made, by weights and way: networks of learned styles need none of their own.
_VERDICTS: dict[tuple[str, str], bool] = {}


@dataclass(frozen=True)
class Choice:
    """The stages of a network, and one phrase for people: how they are computed."""

    stages: tuple[Stage, ...]
    phrase: str


def choose(network: StyleNetwork, device: torch.device, weights: str, half: bool) -> Choice:
    """The fastest way that computes what the network's own stages do.

    The network must not change afterwards: its weights are laid out anew.

    Args:
        weights: what tells these weights from others, such as their sha256.
        half: whether half precision may be tried on a graphics card.
    """
    plain = tuple(network.stages())
    if os.environ.get(VARIABLE) == "plain":
        return Choice(plain, f"as published ({VARIABLE} is set to plain)")
    if device.type == "cpu":
        fused = _built(network)
        if fused is None:
            return Choice(plain, "as published")
        if passes_trial(network, fused, device, TOLERANCE, (weights, "fused")):
            packed = "weights packed by oneDNN" if can_pack() else "torch's own operators"
            return Choice(fused, f"fused layers, {packed}")
        return Choice(plain, "as published (the fused layers did not pass their trial here)")
    if device.type == "cuda" and half:
        halved = half_stages(plain)
        if passes_trial(network, halved, device, HALF_TOLERANCE, (weights, f"half on {device}")):
            return Choice(halved, "convolutions in half precision")
        return Choice(plain, "as published (half precision did not pass its trial here)")
    return Choice(plain, "as published")


def passes_trial(
    network: StyleNetwork,
    fast: Sequence[Stage],
    device: torch.device,
    tolerance: float,
    key: tuple[str, str] | None = None,
) -> bool:
    """Whether a fast way computes what the network's own stages do, tried on a small picture.

    Args:
        key: weights and way; of two networks with the same one the first is tried. None always tries.
    """
    if key is not None and key in _VERDICTS:
        return _VERDICTS[key]
    with torch.random.fork_rng([]), torch.inference_mode():
        torch.manual_seed(0)
        image, style = torch.rand(2, 1, 3, TRIAL, TRIAL).to(device)
        signals = network.encode_style(style)
        try:
            passed = _agree(network.stages(), fast, signals, image, tolerance)
        except _REFUSALS:
            passed = False
    if key is not None:
        _VERDICTS[key] = passed
    return passed


def _built(network: StyleNetwork) -> tuple[Stage, ...] | None:
    try:
        return network.fast_stages()
    except _REFUSALS:
        return None


def _agree(
    plain: Sequence[Stage],
    fast: Sequence[Stage],
    signals: StyleSignals,
    image: torch.Tensor,
    tolerance: float,
) -> bool:
    x, statistics = image, None
    for number, (one, other) in enumerate(zip(plain, fast, strict=True), 1):
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
            # What padding invents at a part's own border was not asked for.
            result = other.picked(result, box, outputs)
            rows, columns = outputs.slices()
            if not bool(((result - expected[:, :, rows, columns]).abs() <= tolerance * scale).all()):
                return False
        if number < len(plain):
            x, statistics = expected, whole_statistics(expected, plain[number].gathers)
    return True
