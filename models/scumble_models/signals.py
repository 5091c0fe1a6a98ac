"""Style signals: everything a network keeps of a style. Small, mixable and serialisable."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors
from torch import Tensor

from scumble_models.errors import SignalsError
from scumble_models.tiling.box import Box

#: Far above what any network here needs (MicroAST: 2.5 KB), far below what could hurt.
MAX_BYTES = 1 << 20


class Signals(Protocol):
    """What a stage asks of the styles: one vector, ready to modulate features."""

    def column(self, name: str) -> Tensor:
        """``(N, C, 1, 1)``, or ``(1, C, h, w)`` where styles vary over the picture."""
        ...


class LayerSignals(Protocol):
    """The styles of a whole layer, from which those of a patch are taken."""

    def at(self, box: Box, grid: Box) -> Signals:
        """The styles at a box of a feature map whose whole box is ``grid``."""
        ...


@dataclass(frozen=True)
class StyleSignals:
    """The style signals of ``N`` styles for one architecture.

    Attributes:
        architecture: the registry name of the architecture that encoded them, such as ``microast``.
        vectors: name to float32 tensor ``(N, C)``. MicroAST has eight: mean, std, weight and bias
            of level 1 and of level 2.
    """

    architecture: str
    vectors: Mapping[str, Tensor]

    def map(self, function: Callable[[Tensor], Tensor]) -> StyleSignals:
        """Apply ``function`` to every vector."""
        return StyleSignals(
            self.architecture, {name: function(vector) for name, vector in self.vectors.items()}
        )

    def to(self, device: torch.device | str) -> StyleSignals:
        """The same signals on another device."""
        return self.map(lambda vector: vector.to(device))

    def column(self, name: str) -> Tensor:
        """One vector as ``(N, C, 1, 1)``, ready to modulate features."""
        return self.vectors[name][:, :, None, None]

    def at(self, box: Box, grid: Box) -> StyleSignals:
        """The signals at a box of a feature map: the same everywhere."""
        del box, grid
        return self

    def to_bytes(self) -> bytes:
        """Serialise as safetensors; the architecture is in its metadata."""
        tensors = {name: vector.detach().float().cpu().contiguous() for name, vector in self.vectors.items()}
        return save_safetensors(tensors, metadata={"architecture": self.architecture})

    @staticmethod
    def from_bytes(data: bytes, architecture: str) -> StyleSignals:
        """Read what :meth:`to_bytes` wrote.

        Raises:
            SignalsError: the data are damaged, too large, not finite, or not of ``architecture``.
        """
        if len(data) > MAX_BYTES:
            raise SignalsError(f"Style signals of {len(data)} bytes are too large to be genuine.")
        try:
            vectors = load_safetensors(data)
        except (SafetensorError, ValueError, KeyError) as error:
            raise SignalsError("The style signals are damaged.", hint="Encode the style again.") from error
        found = _metadata(data).get("architecture", "")
        if found != architecture:
            raise SignalsError(
                f"These style signals are of {found or 'an unknown network'}, not of {architecture}.",
                hint="Encode the style again with this engine.",
            )
        if not all(v.ndim == 2 and v.isfinite().all() for v in vectors.values()):
            raise SignalsError("The style signals are damaged.", hint="Encode the style again.")
        return StyleSignals(architecture, vectors)


def _metadata(data: bytes) -> dict[str, str]:
    length = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + length]).get("__metadata__", {})


def mix(parts: Sequence[tuple[StyleSignals, float]]) -> StyleSignals:
    """Mix styles by the weighted mean of their signals; the weights need not sum to 1.

    Raises:
        SignalsError: no parts, a negative weight, weights that sum to 0, or mixed architectures.
    """
    if not parts or any(weight < 0 for _, weight in parts):
        raise SignalsError("A mix needs at least one style, each with a weight of 0 or more.")
    total = sum(weight for _, weight in parts)
    if total <= 0:
        raise SignalsError("The weights of the styles sum to 0; give at least one a positive weight.")
    first = parts[0][0]
    if any(signals.architecture != first.architecture for signals, _ in parts):
        raise SignalsError("Styles encoded by different networks cannot be mixed.")
    if len(parts) == 1:
        return first
    vectors = {
        name: torch.stack([s.vectors[name] * (w / total) for s, w in parts]).sum(0) for name in first.vectors
    }
    return StyleSignals(first.architecture, vectors)


def interpolate(start: StyleSignals, end: StyleSignals, amount: float) -> StyleSignals:
    """Signals between ``start`` (amount 0) and ``end`` (amount 1, returned as it is)."""
    if amount >= 1.0:
        return end
    return mix([(start, 1.0 - amount), (end, amount)])
