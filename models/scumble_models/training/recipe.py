"""A training recipe: everything that, with the data, decides the weights. Read from TOML."""

from __future__ import annotations

import dataclasses
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scumble_models.errors import TrainingError
from scumble_models.vgg.decoder import LEVELS

if sys.version_info >= (3, 11):
    import tomllib
else:  # the extra `train` brings it
    import tomli as tomllib

TARGETS = ("perceptual", "pixel", "reconstruction")


@dataclass(frozen=True)
class Phase:
    """A stretch of training with one crop size.

    Attributes:
        steps: number of optimiser steps.
        crop: side of the square crops in pixels, a multiple of 32.
        batch: crops per step, at least 2 (the contrastive loss needs a pair).
        target: ``perceptual`` (the paper's losses), ``pixel`` (colour-moved content, no VGG) or
            ``reconstruction`` (the crops themselves, of a decoder from VGG).
        levels: of a reconstruction, where the decoder begins, in turn.
    """

    steps: int
    crop: int
    batch: int
    target: str = "perceptual"
    levels: tuple[str, ...] = ("conv4_1",)


@dataclass(frozen=True)
class LossWeights:
    """Weight of each loss; 0 leaves it out and costs nothing."""

    content: float = 1.0
    style: float = 3.0
    gram: float = 0.0
    contrastive: float = 3.0
    stroke: float = 0.0
    structure: float = 0.0
    grid: float = 0.0
    palette: float = 0.0
    earth_mover: float = 0.0
    reconstruction: float = 0.0
    out_of_range: float = 0.0
    reversal: float = 0.0
    coherence: float = 0.0
    restyle: float = 0.0


@dataclass(frozen=True)
class Recipe:
    """See ``microast/recipe.toml`` for the recipe of the shipped weights.

    Attributes:
        architecture: registry name of the network, such as ``microast``.
        seed: of every random choice.
        phases: in order.
        learning_rate: peak of Adam's rate; cosine to ``final_learning_rate`` after ``warm_up`` steps.
        modulator_rate: factor on the rate of one part, MicroAST's modulator or a decoder that starts trained.
        clip: largest norm of the gradient.
        ema: decay of the averaged weights, which are the result.
        bank: number of content and of style crops whose VGG activations are kept for reuse.
        refresh: crops of each kind renewed per step.
        init: safetensors file to start from, relative to the recipe; empty starts from scratch.
        leave_out: parts of the network to train without, for ablations: ``filter_modulation`` of MicroAST,
            ``gating`` and ``shuffling`` of StyleKernel, ``bands`` of ArtFlow, ``block`` its second one.
        kernel: size of StyleKernel's kernels.
        reading: of Equation 1 of the photorealistic network: ``mean``, ``moments`` or ``covariance``.
        level: of VGG, where the photorealistic network's decoder begins.
        betas: Adam's.
        autocast: ``off``, ``bf16`` or ``fp16``, for the loss network and convolutions.
        checkpoint_minutes: wall-clock minutes between checkpoints.
    """

    architecture: str
    phases: tuple[Phase, ...]
    seed: int = 1
    learning_rate: float = 1e-3
    final_learning_rate: float = 1e-5
    modulator_rate: float = 1.0
    warm_up: int = 200
    clip: float = 5.0
    ema: float = 0.999
    bank: int = 512
    refresh: int = 1
    init: str = ""
    leave_out: tuple[str, ...] = ()
    kernel: int = 3
    reading: str = "moments"
    level: str = "conv3_1"
    betas: tuple[float, float] = (0.9, 0.99)
    autocast: str = "off"
    checkpoint_minutes: float = 5.0
    losses: LossWeights = LossWeights()

    @property
    def steps(self) -> int:
        """All steps of all phases."""
        return sum(phase.steps for phase in self.phases)

    def phase_at(self, step: int) -> Phase:
        """The phase that ``step`` (from 0) belongs to."""
        for phase in self.phases:
            if step < phase.steps:
                return phase
            step -= phase.steps
        return self.phases[-1]


def read_recipe(path: Path) -> Recipe:
    """Read and check a recipe.

    Raises:
        TrainingError: the file is missing, not TOML, or has a wrong key or value.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        phases = tuple(_build(Phase, entry) for entry in table.pop("phase", []))
        losses = _build(LossWeights, table.pop("losses", {}))
        recipe = _build(Recipe, {**table, "phases": phases, "losses": losses})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, TypeError) as error:
        raise TrainingError(
            "The recipe {file} cannot be read: {reason}.", file=path.name, reason=error
        ) from error
    if not phases or any(p.steps < 1 or p.crop % 32 or p.batch < 2 for p in phases):
        raise TrainingError(
            "The recipe {file} needs at least one phase, each with steps >= 1, a crop that is a multiple "
            "of 32, and a batch of 2 or more.",
            file=path.name,
        )
    if any(p.target not in TARGETS for p in phases):
        raise TrainingError("A phase's target is one of {choices}.", choices=", ".join(TARGETS))
    if any(not p.levels or set(p.levels) - LEVELS.keys() for p in phases):
        raise TrainingError("The levels of a phase are some of {choices}.", choices=", ".join(LEVELS))
    if recipe.autocast not in ("off", "bf16", "fp16"):
        raise TrainingError("autocast is 'off', 'bf16' or 'fp16'.")
    return recipe


def _build(kind: type[Any], table: dict[str, Any]) -> Any:
    unknown = set(table) - {field.name for field in dataclasses.fields(kind)}
    if unknown:
        raise TypeError(f"unknown key {sorted(unknown)[0]!r}")
    return kind(**table)
