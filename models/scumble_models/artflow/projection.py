"""The projection flow network: pictures to a latent space and, backwards, from there.

An et al., "ArtFlow: Unbiased Image Style Transfer via Reversible Neural Flows" (CVPR 2021), figure 2: blocks
of a squeeze and eight steps of flow. What the encoder does the decoder undoes exactly, so no content is lost.

The published network's grid cannot come up here: see :mod:`scumble_models.artflow.bands`.
"""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor, nn

from scumble_models.artflow.bands import SMALL, BandStep
from scumble_models.artflow.ends import restored, rolled_off
from scumble_models.artflow.flow import FlowStep
from scumble_models.artflow.squeeze import CHECKERBOARD, WAVELET
from scumble_models.network import StyleNetwork
from scumble_models.signals import Signals
from scumble_models.tiling.receptive import Enlargement, Op, Squeeze, Window
from scumble_models.tiling.stage import Stage
from scumble_models.tiling.statistics import Gathered, Statistics

STEPS, WIDTH = 8, 32
#: How many times stronger or weaker a channel may become: a flat picture has next to no details, and would
#: be given noise for them. Alike both ways, so that what was done can be undone.
GAIN = 4.0
#: How far a squeeze sees beyond its block, and its inverse.
_SQUEEZE_REACH, _UNSQUEEZE_REACH = 2, 1


class ProjectionFlow(StyleNetwork):
    """A network from images in 0..1 to images in 0..1 whose subclasses say what is exchanged in between.

    Args:
        published: with the paper's squeeze and steps, to show its grid.
        blocks: one squeeze each; sides are multiples of ``2 ** blocks``.
    """

    #: What is gathered of all latents, for :meth:`exchange`.
    gathers: Gathered = "moments"

    def __init__(self, *, published: bool = False, blocks: int = 2) -> None:
        super().__init__()
        step = FlowStep if published else BandStep
        self.channels = 3 * 4**blocks
        self.blocks = nn.ModuleList(
            nn.ModuleList(step(3 * 4 ** (block + 1), WIDTH) for _ in range(STEPS)) for block in range(blocks)
        )
        self._squeeze, self._unsqueeze = CHECKERBOARD if published else WAVELET
        self._takes_off = False
        # A coupling has one convolution of 3x3, a published one two.
        self._reach = 2 * STEPS if published else STEPS
        self.shifted = self.channels if published else SMALL
        """Channels that have a mean to give, the first ones: that of details is 0."""

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

    def encode_whole(self, style: Tensor) -> Tensor:
        """:meth:`encode` of pictures of any size, without the lines that fill no block."""
        block = 2 ** len(self.blocks)
        height, width = (side - side % block for side in style.shape[2:])
        return self.encode(style[:, :, :height, :width])

    @abstractmethod
    def exchange(self, latent: Tensor, statistics: Statistics, signals: Signals) -> Tensor:
        """Latents ``(N, 48, H / 4, W / 4)`` with the styles in place of their own.

        Args:
            statistics: what :attr:`gathers` says of all latents.
        """

    def stages(self) -> tuple[Stage, Stage]:
        """One point of normalisation, in the latent space."""
        there: list[Op] = []
        back: list[Op] = []
        for _ in self.blocks:
            there += [Squeeze(2, _SQUEEZE_REACH), Window(self._reach, self._reach)]
            before = self._reach + _UNSQUEEZE_REACH
            back += [Window(before, before), Enlargement(2, reach=0)]
        return (
            Stage("encode", self._encode, tuple(there), self.channels),
            Stage("decode", self._decode, tuple(back), 3, self.gathers),
        )

    def _encode(self, content: Tensor, _statistics: Statistics | None, _signals: Signals) -> Tensor:
        return self.encode(restored(content) if self._takes_off else content)

    def _decode(self, latent: Tensor, statistics: Statistics | None, signals: Signals) -> Tensor:
        assert statistics is not None
        result = self.invert(self.exchange(latent, statistics, signals))  # Eq. 6
        return result if self._takes_off else rolled_off(result)


class ReversibleFlow(ProjectionFlow):
    """A projection flow whose exchange has an inverse: see :class:`scumble_models.reversal.Reversible`."""

    def taking_off(self) -> ReversibleFlow:
        """The same network, its parts shared, for its own results."""
        other = type(self).__new__(type(self))
        nn.Module.__init__(other)
        other.blocks, other._takes_off = self.blocks, True
        other._squeeze, other._unsqueeze = self._squeeze, self._unsqueeze
        other.channels, other.shifted, other._reach = self.channels, self.shifted, self._reach
        return other


def limited_gain(gain: Tensor) -> Tensor:
    """How many times stronger a channel becomes, between 1 / GAIN and :data:`GAIN`."""
    return gain.clamp(1 / GAIN, GAIN)
