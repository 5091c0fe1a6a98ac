"""The published way of running MicroAST, to compare with: full frame, NCHW, float32.

With a checkout of the authors' repository its own ``net_microAST.py`` runs; without one, the same
layers of ours in the same order and layout, which gives the same numbers (see the parity tests).
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from scumble_models.errors import ModelError
from scumble_models.registry import StyleModel

MODULE = "net_microAST"


@dataclass(frozen=True)
class Reference:
    """How the published code encodes a style and stylizes a content."""

    encode_tensor: Callable[[Tensor], Any]
    run_tensors: Callable[[Tensor, Any], Tensor]
    device: torch.device

    def encode(self, style: np.ndarray) -> Callable[[], Any]:
        """A call that encodes the style ``(H, W, 3)`` uint8."""

        @torch.no_grad()
        def encode() -> Any:
            return self.encode_tensor(self._tensor(style))

        return encode

    def run(self, content: np.ndarray) -> Callable[[Any], np.ndarray]:
        """A call that stylizes the content ``(H, W, 3)`` uint8, to uint8 again as saving it does."""

        @torch.no_grad()
        def stylize(signals: Any) -> np.ndarray:
            output = self.run_tensors(self._tensor(content), signals)[0]
            return output.mul(255).add(0.5).clamp(0, 255).permute(1, 2, 0).byte().cpu().numpy()

        return stylize

    def _tensor(self, image: np.ndarray) -> Tensor:
        return torch.from_numpy(image).permute(2, 0, 1).contiguous().float().div(255)[None].to(self.device)


def load_reference(checkout: Path | None, model: StyleModel) -> Reference:
    """The authors' modules with ``model``'s weights, or our own network in their layout.

    Raises:
        ModelError: the checkout has no ``net_microAST.py``.
    """
    network = model.network
    for parameter in network.parameters():
        parameter.data = parameter.data.contiguous()
    if checkout is None:
        return Reference(network.encode_style, network.forward, model.device)
    if not (checkout / f"{MODULE}.py").is_file():
        raise ModelError(
            "{folder} has no {module}.py.",
            hint="Name a checkout of EndyWon/MicroAST.",
            folder=checkout,
            module=MODULE,
        )
    sys.path.insert(0, str(checkout))
    authors = importlib.import_module(MODULE)
    parts = {"content_encoder": authors.Encoder(), "style_encoder": authors.Encoder()}
    parts |= {"modulator": authors.Modulator(), "decoder": authors.Decoder()}
    for name, part in parts.items():
        part.load_state_dict(network.get_submodule(name).state_dict())
        part.eval().to(model.device)

    def encode(style: Tensor) -> Any:
        features = parts["style_encoder"](style)
        return features, *parts["modulator"](features)

    def run(content: Tensor, signals: Any) -> Tensor:
        features, weights, biases = signals
        return parts["decoder"](parts["content_encoder"](content), features, weights, biases, 1.0)

    return Reference(encode, run, model.device)
