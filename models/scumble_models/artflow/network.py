"""ArtFlow: pictures to a latent space and back by one reversible network, with AdaIN in between.

An et al., "ArtFlow: Unbiased Image Style Transfer via Reversible Neural Flows" (CVPR 2021), figure 2: blocks
of a squeeze and eight steps of flow. What the encoder does the decoder undoes exactly, so no content is lost,
and a style that was put on can be taken off: the original's own mean and deviation are put back.
"""

from __future__ import annotations

from torch import Tensor, nn

from scumble_models.artflow.flow import FlowStep
from scumble_models.artflow.haar import squeeze, unsqueeze
from scumble_models.network import StyleNetwork
from scumble_models.signals import Signals, StyleSignals
from scumble_models.tiling.receptive import Enlargement, Op, Squeeze, Window
from scumble_models.tiling.stage import Stage
from scumble_models.tiling.statistics import Statistics, channel_statistics, modulate_features

BLOCKS, STEPS, WIDTH = 2, 8, 64
#: Channels of the latent space.
CHANNELS = 3 * 4**BLOCKS
#: Two convolutions of 3x3 in each coupling.
_REACH = 2 * STEPS


class ArtFlow(StyleNetwork):
    """The whole network, from images in 0..1 to images in 0..1 (not clamped); sides are multiples of 4."""

    architecture = "artflow"

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            nn.ModuleList(FlowStep(3 * 4 ** (block + 1), WIDTH) for _ in range(STEPS))
            for block in range(BLOCKS)
        )

    def encode(self, image: Tensor) -> Tensor:
        """``(N, 3, H, W)`` in 0..1 to the latent space ``(N, 48, H / 4, W / 4)``."""
        x = image - 0.5
        for block in self.blocks:
            x = squeeze(x)
            for step in block:  # type: ignore[union-attr]
                x = step(x)
        return x

    def invert(self, latent: Tensor) -> Tensor:
        """The inverse of :meth:`encode`."""
        x = latent
        for block in reversed(self.blocks):
            for step in reversed(block):  # type: ignore[call-overload]
                x = step.inverse(x)
            x = unsqueeze(x)
        return x + 0.5

    def encode_style(self, style: Tensor) -> StyleSignals:
        """Style images ``(N, 3, H, W)`` in 0..1 to mean and deviation of their latents, each ``(N, 48)``."""
        height, width = (side - side % 4 for side in style.shape[2:])
        mean, std = channel_statistics(self.encode(style[:, :, :height, :width]))
        return StyleSignals(self.architecture, {"mean": mean.flatten(1), "std": std.flatten(1)})

    def decode(self, latent: Tensor, statistics: Statistics, signals: Signals) -> Tensor:
        """AdaIN in the latent space, and back."""
        moved = modulate_features(latent, statistics, signals.column("mean"), signals.column("std"))
        return self.invert(moved)

    def stages(self) -> tuple[Stage, Stage]:
        """One point of normalisation, at a quarter of the resolution."""
        there: list[Op] = []
        back: list[Op] = []
        for _ in range(BLOCKS):
            there += [Squeeze(2), Window(_REACH, _REACH)]
            back += [Window(_REACH, _REACH), Enlargement(2, reach=0)]
        return (
            Stage("encode", lambda x, _statistics, _signals: self.encode(x), tuple(there), CHANNELS),
            Stage("decode", self._decode, tuple(back), 3, "moments"),
        )

    def _decode(self, latent: Tensor, statistics: Statistics | None, signals: Signals) -> Tensor:
        assert statistics is not None
        return self.decode(latent, statistics, signals)
