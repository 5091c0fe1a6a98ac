"""A loaded model: the engine that paints, made of a network and its row in the registry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor

from scumble_models.engine import Traits
from scumble_models.errors import SignalsError
from scumble_models.fast.choice import Choice, choose
from scumble_models.network import StyleNetwork
from scumble_models.signals import StyleSignals, shapes_of
from scumble_models.tiling.stage import Stage

#: Networks with a learned decoder that are kept, so that a slider or a second patch finds its own again.
MAX_KEPT = 4
# Kept with the network, to which they refer: they go when it goes.
_PAINTERS, _CHOICE = "_painting_networks", "_choice"


@dataclass(frozen=True)
class ModelInfo:
    """One row of the registry.

    Attributes:
        name: what ``--engine`` takes.
        architecture: the engine's folder.
        path: the safetensors file.
        sha256: of the file, in hex; checked at every load.
        builtin: shipped with Scumble, not imported by the user.
        traits: of the engine.
        encoder: a second file with the parts that training left as they were, such as a VGG.
        encoder_sha256: of that file.
        first_sight: a decoder for styles that are not learned; see :mod:`scumble_models.first_sight`.
    """

    name: str
    architecture: str
    title: str
    path: Path
    sha256: str
    licence: str
    builtin: bool
    traits: Traits = field(default_factory=Traits)
    encoder: Path | None = None
    encoder_sha256: str = ""
    first_sight: Path | None = None

    def read_style(self, data: bytes) -> StyleSignals:
        """A style from the bytes of its file.

        Raises:
            SignalsError: as :meth:`StyleSignals.from_bytes`.
        """
        return StyleSignals.from_bytes(data, self.architecture, self.traits.style_bytes)


@dataclass(frozen=True)
class StyleModel:
    """A loaded model: registry row, network in evaluation mode, and the device it lies on.

    An :class:`~scumble_models.engine.Engine`. The network must not change: its weights are laid out anew.
    """

    info: ModelInfo
    network: StyleNetwork
    device: torch.device

    @property
    def name(self) -> str:
        """What ``--engine`` takes."""
        return self.info.name

    @property
    def traits(self) -> Traits:
        """What it can do."""
        return self.info.traits

    @torch.inference_mode()
    def encode(self, pictures: Tensor) -> StyleSignals:
        """``N`` pictures ``(N, 3, H, W)`` in 0..1, at least 16 a side, as styles."""
        return self.network.encode_style(pictures)

    def check(self, style: StyleSignals) -> StyleSignals:
        """The style, if it fits; see :meth:`scumble_models.engine.Engine.check`."""
        fits = self.network.fits(style)
        if style.learned:
            fits &= self.traits.learns and shapes_of(style.decoder) == shapes_of(self.decoder_weights())
        if not fits:
            raise SignalsError("The style signals are damaged.", hint="Get the style again, or its image.")
        return style

    def stages(self) -> tuple[Stage, ...]:
        """How it paints, in the fastest way that works here."""
        first, *others = self.choice.stages
        return (replace(first, grain=self.network.grain), *others)

    @property
    def choice(self) -> Choice:
        """The stages, and in words which way they are computed; chosen once."""
        kept = vars(self.network)
        if _CHOICE not in kept:
            kept[_CHOICE] = choose(self.network, self.device, self.info.sha256, self.traits.half_precision)
        return kept[_CHOICE]

    def decoder_weights(self) -> Mapping[str, Tensor]:
        """The decoder that paints a style which has none of its own."""
        return self.network.decoder_weights()

    def with_decoder(self, decoder: Mapping[str, Tensor]) -> StyleModel:
        """The same model with the decoder of a learned style.

        Raises:
            SignalsError: the weights do not fit.
        """
        kept: list[tuple[object, StyleModel]] = vars(self.network).setdefault(_PAINTERS, [])
        for known, painter in kept:
            if known is decoder:
                return painter
        painter = replace(self, network=self.network.with_decoder(decoder))
        kept.append((decoder, painter))
        del kept[:-MAX_KEPT]
        return painter
