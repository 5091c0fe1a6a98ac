"""Fits an engine's decoder and one style's signals to one painting, step by step, resumable."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors
from torch import Tensor

from scumble_models.errors import TrainingError
from scumble_models.grain import GRAIN, grained
from scumble_models.grain import SIDE as GRAIN_SIDE
from scumble_models.grid import grid_peaks
from scumble_models.learning.contents import SIDE, Contents
from scumble_models.learning.features import CONTENT_LAYER, STYLE_LAYERS, activations, style_distance
from scumble_models.learning.losses import (
    CELLS,
    enlarged,
    joined,
    low_band,
    luminance_loss,
    outside,
    palette,
    shift_loss,
    smoothness,
    structure_loss,
    total,
)
from scumble_models.learning.painting import Painting
from scumble_models.learning.settings import LearnSettings, LossWeights
from scumble_models.learning.start import Start
from scumble_models.model import StyleModel
from scumble_models.registry import list_models
from scumble_models.signals import StyleSignals

WARM_UP = 8
GRID_WINDOW = 16
#: Share of the content's own fine luminance in what a finer level of the cascade paints.
BAND_SHARE = 0.8
#: Faces stay faces while the luminance loss is below this; where it is not, content counts more and more.
LEGIBLE = 0.25
#: How fast it comes to count more: the exponent for each step at twice the loss.
HASTE = 0.15
MOST_BALANCE = 30.0
#: Of the noise on every content: less leaves flat places bare, more breaks eyes and twigs up.
GRAIN_AMPLITUDE = 0.025


class Learner:
    """Learns one style: create it, call :meth:`step` until :attr:`done`, take :meth:`signals`.

    Each step paints three crops of photos: one, the same moved by a few pixels, and one as a finer level of
    the cascade sees it, from its own enlarged result. Random choices depend on the seed and the
    step alone, so that a learning that is resumed ends where it would have ended.

    Args:
        model: a loaded model of an engine that learns; all but its decoder stays as it is.
        pixels: the painting, ``(H, W, C)`` of uint8, uint16, float16 or float32.
        channels: ``RGB``, ``RGBA``, ``BGRA``, ``GRAY`` or ``GRAYA``; what is transparent does not count.
        extra: pixels and channels of a picture that is one more content, such as the one being painted.
        start: where it begins; by default with the network's own decoder.

    Raises:
        PixelsError: the painting cannot be learned from; says why.
        TrainingError: styles cannot be learned for this model.
    """

    def __init__(
        self,
        model: StyleModel,
        pixels: np.ndarray,
        channels: str,
        settings: LearnSettings | None = None,
        extra: tuple[np.ndarray, str] | None = None,
        start: Start | None = None,
    ) -> None:
        if not model.traits.learns:
            able = next((info.name for info in list_models() if info.traits.learns), "")
            raise TrainingError(
                "Styles cannot be learned for the engine {engine}.",
                hint="Choose the engine {able}." if able else "Choose another engine.",
                engine=model.name,
                able=able,
            )
        self._device, self._settings, self._weights = model.device, settings or LearnSettings(), LossWeights()
        with torch.inference_mode(False), torch.enable_grad():
            painting = Painting(pixels, channels, model.device)
            self._contents = Contents(model.device, extra)
            with torch.no_grad():
                self._style = painting.style()
                self._palettes = {cell: palette(painting.image, cell, painting.share) for cell in CELLS}
                signals = model.network.encode_style(painting.image)
            begun = start(signals) if start is not None else None
            self._architecture = signals.architecture
            weights = dict(model.network.decoder_weights() if begun is None else begun.decoder)
            weights.pop(GRAIN)  # each step puts it on its contents by itself
            self._network = model.network.with_decoder(weights)
            decoder = self._network.learned_part()
            assert decoder is not None
            # Clones, because tensors made in inference mode take no part in a gradient.
            for name, weight in list(decoder.named_parameters()):
                _set_parameter(decoder, name, torch.nn.Parameter(weight.clone()))
            self._decoder = dict(decoder.named_parameters())
            self._signals = {
                name: torch.nn.Parameter(tensor.to(model.device).clone())
                for name, tensor in (begun or signals).tensors.items()
            }
            self._parameters = {
                **{f"decoder.{name}": p for name, p in self._decoder.items()},
                **{f"signals.{name}": p for name, p in self._signals.items()},
            }
            self._optimiser = torch.optim.Adam(self._parameters.values(), lr=1.0, betas=(0.9, 0.99))
        # How many times its weight the content counts: a style of few tones takes more, or eyes are lost.
        self._balance = 1.0
        self.done = 0
        self.last: dict[str, float] = {}

    @property
    def steps(self) -> int:
        """Steps in all."""
        return self._settings.steps

    def step(self) -> float:
        """One step of optimisation: half a second on two cores.

        Returns:
            The loss before it.

        Raises:
            TrainingError: the loss is not finite.
        """
        with torch.inference_mode(False), torch.enable_grad():
            loss = self._loss(torch.Generator().manual_seed(self._settings.seed * 1_000_003 + self.done))
            if not bool(loss.isfinite()):
                raise TrainingError("Learning the style has failed: its loss is not finite.")
            for group in self._optimiser.param_groups:
                group["lr"] = self._rate()
            self._optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self._parameters.values(), 1.0)
            self._optimiser.step()
        self.done += 1
        return loss.item()

    def signals(self) -> StyleSignals:
        """The style as it is learned now."""
        tensors, decoder = (
            {name: p.detach().clone() for name, p in parameters.items()}
            for parameters in (self._signals, self._decoder)
        )
        decoder[GRAIN] = torch.tensor([GRAIN_AMPLITUDE], device=self._device)
        return StyleSignals(self._architecture, tensors, decoder)

    def checkpoint(self) -> bytes:
        """Everything that is needed to go on, as safetensors (2 MB)."""
        tensors = {name: p.detach() for name, p in self._parameters.items()}
        for name, parameter in self._parameters.items():
            state = self._optimiser.state.get(parameter, {})
            for kind in ("exp_avg", "exp_avg_sq", "step"):
                if kind in state:
                    tensors[f"{kind}/{name}"] = state[kind]
        meta = {
            "done": str(self.done),
            "balance": repr(self._balance),
            "settings": json.dumps(asdict(self._settings)),
        }
        return save_safetensors({k: t.float().cpu().contiguous() for k, t in tensors.items()}, metadata=meta)

    @staticmethod
    def resume(
        model: StyleModel,
        pixels: np.ndarray,
        channels: str,
        data: bytes,
        settings: LearnSettings | None = None,
        extra: tuple[np.ndarray, str] | None = None,
    ) -> Learner:
        """Go on from what :meth:`checkpoint` gave for the same painting and settings.

        Raises:
            TrainingError: the checkpoint is damaged, or of other settings.
        """
        learner = Learner(model, pixels, channels, settings, extra)
        learner._restore(data)
        return learner

    def _restore(self, data: bytes) -> None:
        try:
            tensors = load_safetensors(data)
            length = int.from_bytes(data[:8], "little")
            meta = json.loads(data[8 : 8 + length])["__metadata__"]
            done, settings = int(meta["done"]), json.loads(meta["settings"])
            self._balance = float(meta["balance"])
            if settings != asdict(self._settings) or not 0 <= done <= self.steps:
                raise TrainingError("The learning that was begun has other settings; begin again.")
            # In this order: leaving inference mode switches gradients on.
            with torch.inference_mode(False), torch.no_grad():
                for name, parameter in self._parameters.items():
                    if tensors[name].shape != parameter.shape:
                        raise ValueError(name)
                    parameter.copy_(tensors[name])
                    if done:
                        self._optimiser.state[parameter] = {
                            "step": tensors[f"step/{name}"].clone(),
                            "exp_avg": tensors[f"exp_avg/{name}"].to(parameter),
                            "exp_avg_sq": tensors[f"exp_avg_sq/{name}"].to(parameter),
                        }
        except (SafetensorError, ValueError, KeyError, TypeError) as error:
            raise TrainingError("The learning that was begun is damaged; begin again.") from error
        self.done = done

    def _rate(self) -> float:
        """Warm-up, then a cosine to almost nothing."""
        warm = min(1.0, (self.done + 1) / WARM_UP)
        fall = 0.5 + 0.5 * math.cos(math.pi * self.done / self.steps)
        return self._settings.rate * warm * fall + 1e-5

    def _paint(self, contents: Sequence[Tensor], places: Sequence[tuple[int, int]]) -> Tensor:
        """What the style makes now of contents ``(1, 3, H, W)`` that begin at places; not clamped."""
        signals = StyleSignals(self._architecture, self._signals)
        first = self._network.stages()[0]
        with torch.no_grad():
            pairs = zip(contents, places, strict=True)
            seen = torch.cat([grained(content, GRAIN_AMPLITUDE, *place) for content, place in pairs])
            features = first.run(seen.contiguous(memory_format=torch.channels_last), None, signals)
        return self._network.finish(features, signals)

    def _loss(self, generator: torch.Generator) -> Tensor:
        first, second, flip, dx, dy, x, y = self._draw(generator)
        content, target, moved = self._content(first, flip, dx, dy)
        finer_content, finer_target, _ = self._content(second, flip, dx, dy)
        plain = self._paint([content, moved], [(x, y), (x + dx, y + dy)])
        finer, left = self._finer(finer_content, (y, x))
        result, contents = torch.cat([plain[:1], finer]), torch.cat([content, finer_content])
        found = activations(result.clamp(-0.2, 1.2), STYLE_LAYERS)
        targets = torch.cat([target, finer_target]).float()
        gram, mean, spread = style_distance(found, self._style)
        parts = {
            "gram": gram,
            "mean": mean,
            "spread": spread,
            "content": F.mse_loss(found[CONTENT_LAYER].float(), targets) / targets.var(),
            "palette": self._palette_loss(result),
            "luminance": luminance_loss(result, contents),
            "structure": structure_loss(result, contents),
            "shift": shift_loss(plain[:1], plain[1:], dx, dy),
            "grid": grid_peaks(result, GRID_WINDOW).mean(),
            "band": left,
            "smooth": smoothness(result),
            "outside": outside(result),
        }
        return self._weighted(parts)

    def _draw(self, generator: torch.Generator) -> tuple[int, int, bool, int, int, int, int]:
        """What a step leaves to chance: both crops, mirrored or not, the shift, and where the grain is."""
        first, second = torch.randint(len(self._contents), (2,), generator=generator).tolist()
        flip = bool(torch.randint(2, (1,), generator=generator))
        dx, dy = torch.randint(1, 4, (2,), generator=generator).tolist()
        x, y = torch.randint(GRAIN_SIDE, (2,), generator=generator).tolist()
        return first, second, flip, dx, dy, x, y

    def _palette_loss(self, result: Tensor) -> Tensor:
        """How far the colours of the pictures are from the painting's, at each size of cells."""
        cells = self._palettes.items()
        return torch.stack([(palette(result, cell) - wanted).square().mean() for cell, wanted in cells]).sum()

    def _weighted(self, parts: dict[str, Tensor]) -> Tensor:
        """The sum of the losses, of which those of the content count more while the photo is lost."""
        self.last = {name: value.item() for name, value in parts.items()}
        weights = asdict(self._weights)
        for name in ("content", "luminance"):
            weights[name] *= self._balance
        self._balance *= math.exp(HASTE * (min(self.last["luminance"] / LEGIBLE, 3.0) - 1.0))
        self._balance = min(max(self._balance, 1.0), MOST_BALANCE)
        return total(parts, weights)

    def _content(self, index: int, flip: bool, dx: int, dy: int) -> tuple[Tensor, Tensor, Tensor]:
        """A content ``(1, 3, 256, 256)``, its activations, and the same moved by a few pixels."""
        crop, target = self._contents.crop(index, flip)
        return crop[:, :, :SIDE, :SIDE], target, crop[:, :, dy : dy + SIDE, dx : dx + SIDE]

    def _finer(self, content: Tensor, place: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """A finer level of the cascade over its own coarser result, and how far it left the kept band."""
        with torch.no_grad():
            coarser = enlarged(self._paint([F.avg_pool2d(content, 2)], [place]).clamp(0.0, 1.0), 2)
        result = self._paint([joined(coarser, content, BAND_SHARE)], [place])
        left = low_band(result, 2) - low_band(coarser, 2)
        return result - left, left.square().mean() / coarser.var().clamp_min(1e-3)


def _set_parameter(module: torch.nn.Module, name: str, value: torch.nn.Parameter) -> None:
    *path, last = name.split(".")
    for part in path:
        module = getattr(module, part)
    setattr(module, last, value)
