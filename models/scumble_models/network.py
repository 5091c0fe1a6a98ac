"""What every network here is: a style encoder, and a content path in local stages."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor, nn

from scumble_models.errors import SignalsError
from scumble_models.signals import StyleSignals
from scumble_models.tiling.stage import Stage
from scumble_models.tiling.statistics import channel_statistics


class StyleNetwork(nn.Module):
    """A network that stylizes images in 0..1.

    Whatever needs the whole image, the statistics of instance normalisation, lies between the stages.
    So the same network runs at once (:meth:`forward`) or patch by patch
    (:mod:`scumble_models.tiling.executor`).
    """

    #: Registry name of the architecture.
    architecture: ClassVar[str]
    #: Whether a style can be learned: a decoder of its own, fitted to one painting.
    learns: ClassVar[bool] = False
    #: Whether it paints coarse to fine; else all in one level (:mod:`scumble_models.cascade`).
    cascades: ClassVar[bool] = True

    @abstractmethod
    def encode_style(self, style: Tensor) -> StyleSignals:
        """Style images ``(N, 3, H, W)`` in 0..1 to the signals of ``N`` styles."""

    @abstractmethod
    def stages(self) -> tuple[Stage, ...]:
        """The content path, in order; the input of every stage but the first is normalised."""

    def decoder_weights(self) -> Mapping[str, Tensor]:
        """The decoder that paints a style which has none of its own."""
        return {}

    def with_decoder(self, decoder: Mapping[str, Tensor]) -> StyleNetwork:
        """The same encoders with another decoder, for a learned style.

        Raises:
            SignalsError: the weights do not fit.
        """
        raise SignalsError(f"Styles cannot be learned for {self.architecture}.")

    def forward(self, content: Tensor, signals: StyleSignals) -> Tensor:
        """The full frame at once, as published.

        Args:
            content: ``(N, 3, H, W)`` in 0..1; height and width at least 16.
            signals: of ``N`` styles, or of one for all.

        Returns:
            ``(N, 3, H', W')``, height and width rounded up to what the network's strides make of
            them, aligned at the top left; not clamped.
        """
        first, *others = self.stages()
        x = first.run(content, None, signals)
        for stage in others:
            x = stage.run(x, channel_statistics(x), signals)
        return x
