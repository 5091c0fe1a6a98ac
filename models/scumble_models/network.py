"""What the networks here have in common: a style encoder, and a content path in local stages."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from scumble_models.errors import SignalsError
from scumble_models.grain import GRAIN, grained
from scumble_models.signals import StyleSignals, shapes_of
from scumble_models.tiling.stage import Stage
from scumble_models.tiling.statistics import whole_statistics

#: Side of the picture whose tensors show names and shapes.
SAMPLE_SIDE = 32


class StyleNetwork(nn.Module):
    """A network that stylizes images in 0..1. A subclass and a file ``engine.toml`` beside it are an engine.

    Whatever needs the whole image, such as the statistics of instance normalisation, lies between the
    stages. So the same network runs at once (:meth:`forward`) or patch by patch
    (:mod:`scumble_models.tiling.executor`).
    """

    #: Name of its folder.
    architecture: ClassVar[str]
    #: Amplitude of the noise on the content, see :mod:`scumble_models.grain`: learned styles have some.
    grain: float = 0.0

    @abstractmethod
    def encode_style(self, style: Tensor) -> StyleSignals:
        """Style images ``(N, 3, H, W)`` in 0..1 to the signals of ``N`` styles."""

    @abstractmethod
    def stages(self) -> tuple[Stage, ...]:
        """The content path, in order; the first takes the image, and gathers nothing."""

    def fast_stages(self) -> tuple[Stage, ...] | None:
        """The same stages in a faster way on a processor; None where there is none.

        Used where it computes the same as :meth:`stages` (:mod:`scumble_models.fast.choice`).
        """
        return None

    def fits(self, style: StyleSignals) -> bool:
        """Whether a style has the names and shapes of this network's tensors.

        Overridden by a network whose tensors differ in shape between styles.
        """
        known = vars(self).get("_sample_shapes")
        if known is None:
            device = next(self.parameters()).device
            with torch.inference_mode():
                gray = torch.full((1, 3, SAMPLE_SIDE, SAMPLE_SIDE), 0.5, device=device)
                known = vars(self)["_sample_shapes"] = shapes_of(self.encode_style(gray).tensors)
        return shapes_of(style.tensors) == known

    def learned_part(self) -> nn.Module | None:
        """The decoder of which a learned style has its own; None where styles cannot be learned."""
        return None

    def decoder_weights(self) -> Mapping[str, Tensor]:
        """The decoder that paints a style which has none of its own, and its grain."""
        part = self.learned_part()
        if part is None:
            return {}
        return {**part.state_dict(), GRAIN: next(part.parameters()).new_tensor([self.grain])}

    def with_decoder(self, decoder: Mapping[str, Tensor]) -> StyleNetwork:
        """The same network, its other parts shared, with the decoder and the grain of a learned style.

        Raises:
            SignalsError: the weights do not fit, or styles cannot be learned for this network.
        """
        weights = dict(decoder)
        grain = weights.pop(GRAIN, None)
        try:
            other = self.with_part(weights)
        except RuntimeError as error:
            raise SignalsError("The learned style does not fit this engine.") from error
        other.grain = 0.0 if grain is None else float(grain)
        return other

    def with_part(self, weights: Mapping[str, Tensor]) -> StyleNetwork:
        """The same network, its other parts shared, with another :meth:`learned_part`.

        Raises:
            RuntimeError: the weights do not fit.
        """
        raise SignalsError("Styles cannot be learned for {architecture}.", architecture=self.architecture)

    def forward(self, content: Tensor, signals: StyleSignals) -> Tensor:
        """The full frame at once, as published.

        Args:
            content: ``(N, 3, H, W)`` in 0..1; height and width at least 16.
            signals: of ``N`` styles, or of one for all.

        Returns:
            ``(N, 3, H', W')``, height and width rounded up to what the network's strides make of
            them, aligned at the top left; not clamped.
        """
        content = grained(content, self.grain)
        return self.finish(self.stages()[0].run(content, None, signals), signals)

    def finish(self, features: Tensor, signals: StyleSignals) -> Tensor:
        """From what the first stage makes of a content to the result; arguments as :meth:`forward`."""
        for stage in self.stages()[1:]:
            features = stage.run(features, whole_statistics(features, stage.gathers), signals)
        return features
