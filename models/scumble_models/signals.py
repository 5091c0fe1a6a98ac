"""Style signals: everything an engine keeps of a style, as named tensors that only it understands."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors
from torch import Tensor

from scumble_models.errors import SignalsError
from scumble_models.grain import GRAIN
from scumble_models.tiling.box import Box

#: Of a style's file, where the engine names no other limit (MicroAST: 2.5 KB, a learned style 312).
MAX_BYTES = 1 << 20
#: Before the names of a learned style's decoder in a file.
DECODER = "decoder."


class Signals(Protocol):
    """What a stage asks of the styles, at the positions that it computes."""

    def column(self, name: str) -> Tensor:
        """A tensor ``(N, C)`` of the style, ready to modulate features (mixing by tensors).

        Returns:
            ``(N, C, 1, 1)``, or ``(1, C, h, w)`` where styles vary over the picture.
        """
        ...

    def mixed(self, features: Callable[[StyleSignals], Tensor]) -> Tensor:
        """What ``features`` makes of each style, ``(N, C, h, w)``, by their shares (mixing by features)."""
        ...

    @property
    def weight(self) -> float:
        """How far features go from the content's own to the styles', 0..1 (a weight by features)."""
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
        tensors: by name, float32 of any shape ``(N, ...)``. MicroAST has eight vectors; attention has keys
            and values of many tokens, whitening a covariance.
        decoder: of a learned style, the weights of the network's decoder by name, and its grain; empty
            where the style is painted by the network's own.
    """

    architecture: str
    tensors: Mapping[str, Tensor]
    decoder: Mapping[str, Tensor] = field(default_factory=dict)

    @property
    def learned(self) -> bool:
        """Whether the style has a decoder of its own."""
        return bool(self.decoder)

    def map(self, function: Callable[[Tensor], Tensor]) -> StyleSignals:
        """Apply ``function`` to every tensor."""
        own, decoder = (
            {name: function(tensor) for name, tensor in tensors.items()}
            for tensors in (self.tensors, self.decoder)
        )
        return StyleSignals(self.architecture, own, decoder)

    def to(self, device: torch.device | str) -> StyleSignals:
        """The same signals on another device; these themselves where they are there already."""
        if all(v.device == torch.device(device) for v in (*self.tensors.values(), *self.decoder.values())):
            return self
        return self.map(lambda tensor: tensor.to(device))

    def column(self, name: str) -> Tensor:
        """One vector as ``(N, C, 1, 1)``, ready to modulate features."""
        return self.tensors[name][:, :, None, None]

    def mixed(self, features: Callable[[StyleSignals], Tensor]) -> Tensor:
        """What ``features`` makes of the one style."""
        return features(self)

    @property
    def weight(self) -> float:
        """All of the style: what weight there is lies in the tensors."""
        return 1.0

    def at(self, box: Box, grid: Box) -> StyleSignals:
        """The signals at a box of a feature map: the same everywhere."""
        del box, grid
        return self

    def to_bytes(self) -> bytes:
        """Serialise as safetensors; the architecture is in its metadata. A decoder is kept as float16."""
        tensors = {name: t.detach().float().cpu().contiguous() for name, t in self.tensors.items()}
        for name, weight in self.decoder.items():
            tensors[DECODER + name] = weight.detach().half().cpu().contiguous()
        return save_safetensors(tensors, metadata={"architecture": self.architecture})

    @staticmethod
    def from_bytes(data: bytes, architecture: str, limit: int = MAX_BYTES) -> StyleSignals:
        """Read what :meth:`to_bytes` wrote. Whether names and shapes are the engine's, the engine says.

        Args:
            limit: of the bytes, see :attr:`scumble_models.engine.Traits.style_bytes`.

        Raises:
            SignalsError: the data are damaged, too large, not finite, or not of ``architecture``.
        """
        if len(data) > limit:
            raise SignalsError("Style signals of {size} bytes are too large to be genuine.", size=len(data))
        try:
            tensors = load_safetensors(data)
        except (SafetensorError, ValueError, KeyError) as error:
            raise SignalsError("The style signals are damaged.", hint="Encode the style again.") from error
        found = metadata_of(data).get("architecture", "")
        if found != architecture:
            raise SignalsError(
                "These style signals are of {found}, not of {architecture}."
                if found
                else "These style signals are not of {architecture}.",
                hint="Encode the style again with this engine.",
                found=found,
                architecture=architecture,
            )
        decoder = {
            name.removeprefix(DECODER): tensor.float()
            for name, tensor in tensors.items()
            if name.startswith(DECODER)
        }
        if decoder:  # styles that were learned before there was grain have none
            decoder.setdefault(GRAIN, torch.zeros(1))
        if not all(bool(tensor.isfinite().all()) for tensor in tensors.values()):
            raise SignalsError("The style signals are damaged.", hint="Encode the style again.")
        own = {name: tensor for name, tensor in tensors.items() if not name.startswith(DECODER)}
        return StyleSignals(architecture, own, decoder)


def metadata_of(data: bytes) -> dict[str, str]:
    """What a safetensors file says of itself; only of bytes that are one."""
    length = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + length]).get("__metadata__", {})


def mix(parts: Sequence[tuple[StyleSignals, float]]) -> StyleSignals:
    """Mix styles by the weighted mean of their signals and decoders; the weights need not sum to 1.

    Decoders are learned from one start, so that what lies between two of them paints as well (shown in
    docs/styles.md).

    Raises:
        SignalsError: no parts, a negative weight, weights that sum to 0, mixed architectures, tensors of
            other shapes, or decoders of some of the styles only (:func:`with_decoders` gives the others the
            network's own).
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
    if any(signals.decoder.keys() != first.decoder.keys() for signals, _ in parts):
        raise SignalsError("A learned style and one that is not cannot be mixed as they are.")
    if any(shapes_of(signals.tensors) != shapes_of(first.tensors) for signals, _ in parts):
        raise SignalsError("Styles whose tensors have other shapes cannot be mixed.")
    mixed, decoder = (
        {name: sum_of([(tensors(s)[name], w / total) for s, w in parts]) for name in tensors(first)}
        for tensors in (lambda s: s.tensors, lambda s: s.decoder)
    )
    return StyleSignals(first.architecture, mixed, decoder)


def shapes_of(tensors: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    """The shape of each tensor."""
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def sum_of(parts: Sequence[tuple[Tensor, float]]) -> Tensor:
    """The weighted sum of tensors of one shape."""
    return torch.stack([tensor * weight for tensor, weight in parts]).sum(0)


def with_decoders(
    parts: Sequence[StyleSignals], own: Callable[[], Mapping[str, Tensor]]
) -> list[StyleSignals]:
    """The styles with a decoder each where any has one: the network's ``own`` for those without."""
    if not any(signals.learned for signals in parts):
        return list(parts)
    return [s if s.learned else StyleSignals(s.architecture, s.tensors, own()) for s in parts]


def interpolate(start: StyleSignals, end: StyleSignals, amount: float) -> StyleSignals:
    """Signals between ``start`` (amount 0) and ``end`` (amount 1, returned as it is)."""
    if amount >= 1.0:
        return end
    return mix([(start, 1.0 - amount), (end, amount)])
