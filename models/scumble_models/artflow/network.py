"""ArtFlow: pictures to a latent space and back by one reversible network, with AdaIN in between.

An et al., "ArtFlow: Unbiased Image Style Transfer via Reversible Neural Flows" (CVPR 2021), figure 2: blocks
of a squeeze and eight steps of flow. What the encoder does the decoder undoes exactly, so no content is lost,
and a style that was put on can be taken off: the original's own mean and deviation are put back.

The published network's grid cannot come up here: see :mod:`scumble_models.artflow.bands`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from scumble_models.artflow.bands import SMALL, BandStep
from scumble_models.artflow.ends import restored, rolled_off
from scumble_models.artflow.flow import FlowStep
from scumble_models.artflow.squeeze import CHECKERBOARD, WAVELET
from scumble_models.network import StyleNetwork
from scumble_models.signals import Signals, StyleSignals
from scumble_models.tiling.receptive import Enlargement, Op, Squeeze, Window
from scumble_models.tiling.stage import Stage
from scumble_models.tiling.statistics import Statistics, channel_statistics

BLOCKS, STEPS, WIDTH = 2, 8, 32
#: How many times stronger or weaker a channel may become: a flat picture has next to no details, and would
#: be given noise for them. Alike both ways, so that what was done can be undone.
GAIN = 4.0
#: How far a squeeze sees beyond its block, and its inverse.
_SQUEEZE_REACH, _UNSQUEEZE_REACH = 2, 1


class ArtFlow(StyleNetwork):
    """The whole network, from images in 0..1 to images in 0..1; sides are multiples of 4.

    Args:
        published: with the paper's squeeze and steps, to show its grid.
    """

    architecture = "artflow"

    def __init__(self, *, published: bool = False) -> None:
        super().__init__()
        step = FlowStep if published else BandStep
        self.blocks = nn.ModuleList(
            nn.ModuleList(step(3 * 4 ** (block + 1), WIDTH) for _ in range(STEPS)) for block in range(BLOCKS)
        )
        self._squeeze, self._unsqueeze = CHECKERBOARD if published else WAVELET
        self._takes_off = False
        # A coupling has one convolution of 3x3, a published one two.
        self._reach = 2 * STEPS if published else STEPS
        self._shifted = 3 * 4**BLOCKS if published else SMALL
        """Channels that have a mean to give: that of details is 0."""

    def encode(self, image: Tensor) -> Tensor:
        """``(N, 3, H, W)``, in 0..1 where it is a photo, to the latent space ``(N, 48, H / 4, W / 4)``."""
        x = image - 0.5
        for block in self.blocks:
            x = self._squeeze(x)
            for step in block:  # type: ignore[union-attr]
                x = step(x)
        return x

    def invert(self, latent: Tensor) -> Tensor:
        """The inverse of :meth:`encode`; not clamped."""
        x = latent
        for block in reversed(self.blocks):
            for step in reversed(block):  # type: ignore[call-overload]
                x = step.inverse(x)
            x = self._unsqueeze(x)
        return x + 0.5

    def encode_style(self, style: Tensor) -> StyleSignals:
        """Styles ``(N, 3, H, W)`` in 0..1 to mean ``(N, 3)`` and deviation ``(N, 48)`` of their latents."""
        height, width = (side - side % 4 for side in style.shape[2:])
        mean, std = channel_statistics(self.encode(style[:, :, :height, :width]))
        return self._signals(mean, std)

    def _signals(self, mean: Tensor, std: Tensor) -> StyleSignals:
        tensors = {"mean": mean.flatten(1)[:, : self._shifted], "std": std.flatten(1)}
        return StyleSignals(self.architecture, tensors)

    def exchange(self, latent: Tensor, statistics: Statistics, signals: Signals) -> Tensor:
        """AdaIN in the latent space (Eq. 5), without the mean of the details."""
        mean, _ = statistics
        gain, few = gain_of(statistics, signals), self._shifted
        small = (latent[:, :few] - mean[:, :few]) * gain[:, :few] + signals.column("mean")
        return torch.cat([small, latent[:, few:] * gain[:, few:]], 1)

    def taking_off(self) -> ArtFlow:
        """The same network for its own results: as :class:`scumble_models.reversal.Reversible` says."""
        other = ArtFlow.__new__(ArtFlow)
        nn.Module.__init__(other)
        other.blocks, other._takes_off = self.blocks, True
        other._squeeze, other._unsqueeze = self._squeeze, self._unsqueeze
        other._shifted, other._reach = self._shifted, self._reach
        return other

    def states(self, statistics: Statistics, signals: StyleSignals) -> tuple[StyleSignals, StyleSignals]:
        """As :class:`scumble_models.reversal.Reversible` says."""
        std = statistics[1] * gain_of(statistics, signals)
        return self._signals(*statistics), self._signals(signals.column("mean"), std)

    def statistics(self, signals: StyleSignals) -> Statistics:
        """As :class:`scumble_models.reversal.Reversible` says; details have no mean that would matter."""
        std = signals.column("std")
        mean = torch.zeros_like(std)
        mean[:, : self._shifted] = signals.column("mean")
        return mean, std

    def stages(self) -> tuple[Stage, Stage]:
        """One point of normalisation, at a quarter of the resolution."""
        there: list[Op] = []
        back: list[Op] = []
        for _ in self.blocks:
            there += [Squeeze(2, _SQUEEZE_REACH), Window(self._reach, self._reach)]
            before = self._reach + _UNSQUEEZE_REACH
            back += [Window(before, before), Enlargement(2, reach=0)]
        return (
            Stage("encode", self._encode, tuple(there), 3 * 4**BLOCKS),
            Stage("decode", self._decode, tuple(back), 3, "moments"),
        )

    def _encode(self, content: Tensor, _statistics: Statistics | None, _signals: Signals) -> Tensor:
        return self.encode(restored(content) if self._takes_off else content)

    def _decode(self, latent: Tensor, statistics: Statistics | None, signals: Signals) -> Tensor:
        assert statistics is not None
        result = self.invert(self.exchange(latent, statistics, signals))  # Eq. 6
        return result if self._takes_off else rolled_off(result)


def gain_of(statistics: Statistics, signals: Signals) -> Tensor:
    """How many times stronger each channel becomes, ``(N, C, 1, 1)``."""
    return (signals.column("std") / statistics[1]).clamp(1 / GAIN, GAIN)
