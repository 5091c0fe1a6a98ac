"""The training loop: resumable, guarded against divergence, the same on CPU and CUDA."""

from __future__ import annotations

import copy
import csv
import math
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from scumble_models.devices import channels_last
from scumble_models.errors import TrainingError
from scumble_models.files import save_atomically, save_state
from scumble_models.training.bank import Bank
from scumble_models.training.data import ImageFolder
from scumble_models.training.judge import under_autocast
from scumble_models.training.method import training_method
from scumble_models.training.objective import perceptual_losses, pixel_losses
from scumble_models.training.preview import save_preview
from scumble_models.training.recipe import Phase, Recipe
from scumble_models.vgg.encoder import VGG16, shipped_encoder

#: Steps in a row with a loss or gradient that is not finite before training gives up.
PATIENCE = 20
PIXEL_WEIGHTS = {"pixel": 10.0, "gradient": 10.0, "coarse": 10.0}
OnStep = Callable[[int, int, dict[str, float]], None]


class Trainer:
    """Trains one network by one recipe into one folder.

    The folder receives ``checkpoint.pt`` (everything needed to go on), ``log.csv``,
    ``preview-STEP.png`` and at the end ``weights.safetensors`` (the averaged weights).
    A folder that holds a checkpoint is resumed.

    Args:
        recipe_folder: what ``init`` in the recipe is relative to.
        loss_network: by default the encoder of this package, VGG-16 with ImageNet weights.

    Raises:
        TrainingError: the recipe does not fit, or its ``init`` is missing.
    """

    def __init__(
        self,
        recipe: Recipe,
        recipe_folder: Path,
        contents: ImageFolder,
        styles: ImageFolder,
        out: Path,
        *,
        device: torch.device | str = "cpu",
        loss_network: VGG16 | None = None,
    ) -> None:
        self.recipe, self.out, self.device = recipe, out, torch.device(device)
        self._contents, self._styles = contents, styles
        torch.manual_seed(recipe.seed)
        self._generator = torch.Generator().manual_seed(recipe.seed)
        vgg = channels_last((loss_network or shipped_encoder()).requires_grad_(False), self.device)
        self._judge = under_autocast(vgg, recipe.autocast)
        self._method = training_method(recipe)
        network = self._method.start(recipe_folder, vgg)
        self.network = channels_last(network, self.device)
        self.average = copy.deepcopy(self.network).requires_grad_(False)
        self._optimiser = torch.optim.Adam(
            [
                {"params": list(module.parameters()), "factor": factor}
                for module, factor in self._method.parts(self.network)
            ],
            lr=recipe.learning_rate,
            betas=recipe.betas,
        )
        self.step = 0
        side = max(phase.crop for phase in recipe.phases)
        self._preview_inputs = (
            contents.crops(4, side, torch.Generator().manual_seed(7)),
            styles.crops(5, side, torch.Generator().manual_seed(8)),
        )
        out.mkdir(parents=True, exist_ok=True)
        if self._checkpoint_path.exists():
            self._resume()

    def run(self, on_step: OnStep | None = None, stop_after: int | None = None) -> Path:
        """Train to the end of the recipe, or to step ``stop_after``.

        Args:
            on_step: called with the step, the number of steps, and the losses of the step.

        Returns:
            The weights file. Before the last step it holds the averaged weights so far.

        Raises:
            TrainingError: loss or gradient stay not finite for :data:`PATIENCE` steps.
        """
        end = min(self.recipe.steps, stop_after or self.recipe.steps)
        phase, failures, saved = self.recipe.phase_at(self.step), 0, time.monotonic()
        bank = self._bank(phase)
        while self.step < end:
            now = self.recipe.phase_at(self.step)
            if now is not phase:
                del bank  # its memory goes back before the next one is filled
                bank, phase = self._bank(now), now
            losses = self._train_step(bank, phase)
            failures = 0 if losses else failures + 1
            if failures > PATIENCE:
                raise TrainingError(
                    "The loss was not finite for {patience} steps up to step {step}.",
                    hint="Lower learning_rate in the recipe and resume; the last checkpoint is sound.",
                    patience=PATIENCE,
                    step=self.step,
                )
            self.step += 1
            bank.refresh(self.recipe.refresh)
            if losses:
                self._log(losses)
                if on_step:
                    on_step(self.step, self.recipe.steps, losses)
            if time.monotonic() - saved > 60 * self.recipe.checkpoint_minutes:
                self.save()
                saved = time.monotonic()
        return self.save()

    def save(self) -> Path:
        """Write checkpoint, weights and preview; returns the weights file."""
        state: dict[str, Any] = {
            "step": self.step,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "generator": self._generator.get_state(),
            "torch_rng": torch.get_rng_state(),
        }
        save_state(state, self._checkpoint_path)
        weights = self.out / "weights.safetensors"
        kept = self._method.kept(self.average.state_dict())
        tensors = {k: v.detach().float().cpu().contiguous() for k, v in kept.items()}
        save_atomically(tensors, weights, architecture=self.network.architecture)
        contents, styles = self._preview_inputs
        save_preview(self.average, contents, styles, self.out / f"preview-{self.step:06d}.png")
        return weights

    @property
    def _checkpoint_path(self) -> Path:
        return self.out / "checkpoint.pt"

    def _resume(self) -> None:
        state = torch.load(self._checkpoint_path, map_location=self.device, weights_only=True)
        self.step = state["step"]
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._generator.set_state(state["generator"].cpu())
        torch.set_rng_state(state["torch_rng"].cpu())

    def _bank(self, phase: Phase) -> Bank:
        return Bank(
            self._contents,
            self._styles,
            self._judge,
            size=self.recipe.bank,
            crop=phase.crop,
            generator=self._generator,
            grams=self.recipe.losses.gram > 0,
            similar=self.recipe.losses.restyle > 0,
        )

    def _train_step(self, bank: Bank, phase: Phase) -> dict[str, float]:
        """One optimiser step; returns the losses, or nothing when a value was not finite."""
        rate = self._learning_rate()
        for group in self._optimiser.param_groups:
            group["lr"] = rate * group["factor"]
        batch = bank.draw(phase.batch)
        losses = self._losses(batch, phase)
        weights = {**PIXEL_WEIGHTS, **asdict(self.recipe.losses)}
        total = torch.stack([weights[name] * value for name, value in losses.items()]).sum()
        self._optimiser.zero_grad(set_to_none=True)
        total.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip)
        measured = {**losses, "total": total, "gradient_norm": norm}
        # One transfer for all: each would make a GPU wait.
        numbers = torch.stack([value.detach() for value in measured.values()]).tolist()
        values = dict(zip(measured, numbers, strict=True))
        if not (math.isfinite(values["total"]) and math.isfinite(values["gradient_norm"])):
            return {}
        self._optimiser.step()
        self._average()
        return {**values, "rate": rate}

    def _losses(self, batch: Any, phase: Phase) -> dict[str, Tensor]:
        if phase.target == "pixel":
            return pixel_losses(self.network, self._method, batch)
        if phase.target == "reconstruction":
            level = phase.levels[self.step % len(phase.levels)]
            return self._method.reconstruction(self.network, self._judge, batch, level)
        return perceptual_losses(self.network, self._method, self._judge, batch, self.recipe.losses)

    def _learning_rate(self) -> float:
        recipe = self.recipe
        warm = min(1.0, (self.step + 1) / max(1, recipe.warm_up))
        cosine = 0.5 + 0.5 * math.cos(math.pi * self.step / recipe.steps)
        decayed = recipe.final_learning_rate + (recipe.learning_rate - recipe.final_learning_rate) * cosine
        return warm * decayed

    def _average(self) -> None:
        # A short memory at the start, or the average would keep the initial weights for long.
        decay = min(self.recipe.ema, (self.step + 1) / (self.step + 10))
        with torch.no_grad():
            for mean, value in zip(self.average.parameters(), self.network.parameters(), strict=True):
                mean.lerp_(value, 1.0 - decay)
            for kept, value in zip(self.average.buffers(), self.network.buffers(), strict=True):
                kept.copy_(value)

    def _log(self, losses: dict[str, float]) -> None:
        path = self.out / "log.csv"
        new = not path.exists()
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            if new:
                writer.writerow(["step", "loss", "value"])
            writer.writerows([self.step, name, f"{value:.6g}"] for name, value in losses.items())
