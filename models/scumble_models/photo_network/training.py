"""How the photorealistic network is trained: two stylizers, the second of which brings the content back.

Section III of the paper. Eq. 4 and 6 as printed compare features of two photos place by place, which are not
alike in any place; their means and deviations are compared here, as elsewhere in this package.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scumble_models.errors import TrainingError
from scumble_models.photo_network.aggregation import GATHERS, Reading
from scumble_models.photo_network.network import Decoder, PhotoNetwork
from scumble_models.signals import StyleSignals
from scumble_models.tiling.statistics import whole_statistics
from scumble_models.training.bank import Batch
from scumble_models.training.initialisation import begin_at_gray, he_initialised
from scumble_models.training.judge import Judge, autocast
from scumble_models.training.losses import content_loss, style_loss_each, style_statistics
from scumble_models.training.method import TrainingMethod
from scumble_models.vgg.encoder import STYLE_LAYERS, VGG16


class TwoStylizers(PhotoNetwork):
    """The network as it is trained: U, and in :attr:`second` the decoder of V, which is not shipped.

    :attr:`coherence` are the convolutions W of the SCP loss (Eq. 2), one for each pooling.
    """

    def __init__(self, level: str, reading: Reading) -> None:
        super().__init__(level, reading)
        self.second = Decoder(level)
        self.coherence = nn.ModuleList(
            nn.Conv2d(width, width, 3, padding=1, padding_mode="reflect", bias=False) for width in self.pooled
        )

    def traced(
        self, content: Tensor, signals: StyleSignals, second: bool = False
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The result of U, or of V; the content's features at the level; and the SCP loss."""
        decoder = self.second if second else self.decoder
        features, places, maxima = self.encode(content)
        x = decoder.mirrored(len(maxima) + 1, features)
        losses = []
        for number, target, coherence in zip(self.numbers, maxima, self.coherence, strict=True):
            gathered = whole_statistics(x, GATHERS[self.reading])
            x = self.aggregate(decoder, number, x, gathered, signals)
            losses.append(F.mse_loss(coherence(x).float(), target.float()))
            x, places = self.restore(decoder, number, x, places)
        return x.float(), features.float(), torch.stack(losses).sum()


class Training(TrainingMethod[PhotoNetwork]):
    """The paper's training, after a first stage that gives photos back part by part."""

    def initial(self, loss_network: VGG16) -> TwoStylizers:
        """Two decoders that begin with mid-gray; the loss network is the encoder.

        Raises:
            TrainingError: a level or a reading of Equation 1 that there is not.
        """
        level, reading = self.recipe.level, self.recipe.reading
        if reading not in GATHERS or level not in ("conv2_1", "conv3_1", "conv4_1"):
            raise TrainingError("The recipe asks for a level or a reading that the photo network has not.")
        network = TwoStylizers(level, cast(Reading, reading))
        network.encoder.load_state_dict(loss_network.state_dict())
        network.encoder.requires_grad_(False)
        for decoder in (network.decoder, network.second):
            he_initialised(decoder)
            begin_at_gray(decoder.conv_1_d1)
            for number in network.numbers:
                nn.init.dirac_(decoder.of(number + 1, "d2").weight)
        for layer in network.coherence:
            nn.init.dirac_(cast(nn.Conv2d, layer).weight)
        return network

    def load(self, network: PhotoNetwork, state: Mapping[str, Tensor]) -> None:
        """Both stylizers begin with the one decoder that a first stage leaves."""
        own = network.state_dict()
        taken = {name: tensor.float() for name, tensor in state.items() if name in own}
        if not any(name.startswith("decoder.") for name in taken):
            raise KeyError("decoder")
        again = {
            f"second.{n.removeprefix('decoder.')}": t for n, t in taken.items() if n.startswith("decoder.")
        }
        network.load_state_dict({**own, **again, **taken})

    def kept(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Without V and the convolutions of the loss."""
        return {n: t for n, t in state.items() if not n.startswith(("second.", "coherence."))}

    def parts(self, network: PhotoNetwork) -> Iterator[tuple[nn.Module, float]]:
        """Both decoders, and the convolutions of the SCP loss."""
        assert isinstance(network, TwoStylizers)
        for part in (network.decoder, network.second, network.coherence):
            yield part, 1.0

    def reconstruction(
        self, network: PhotoNetwork, judge: Judge, batch: Batch, level: str
    ) -> dict[str, Tensor]:
        """Every part of the decoder gives back what the encoder had there, from what the encoder has next.

        Each part learns at once and by itself, in a fraction of the steps that the whole takes. What
        redistributes (``d2``) has nothing to do here: it begins as it is, and gives its features back.
        """
        del judge, level
        images = torch.cat([batch.content, batch.style])
        with autocast(images, self.recipe.autocast):
            x, places, maxima = network.encode(images)
            wanted, result = [*maxima, images], images
            losses = [_distance(network.decoder.mirrored(len(maxima) + 1, x), wanted[0])]
            for number, features, target in zip(network.numbers, maxima, wanted[1:], strict=True):
                result, places = network.restore(network.decoder, number, features, places)
                if number > 1:
                    losses.append(_distance(result, target))
        result = result.float()
        gradients = [F.l1_loss(result.diff(dim=axis), images.diff(dim=axis)) for axis in (2, 3)]
        pixel = {"pixel": F.l1_loss(result, images), "gradient": torch.stack(gradients).sum()}
        return {**pixel, "coherence": torch.stack(losses).sum()}

    def result(
        self, network: PhotoNetwork, batch: Batch, signals: StyleSignals
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """What U makes of the content, and the content's features (Eq. 3)."""
        assert isinstance(network, TwoStylizers)
        with autocast(batch.content, self.recipe.autocast):
            result, features, self._coherence = network.traced(batch.content, signals)
        # Of the layers in Eq. 3, 5 and 7 the two finest would hold the colours.
        self._result, self._features = result, {network.level: features, "conv4_1": batch.content_features}
        return result, self._features

    def further_losses(
        self, network: PhotoNetwork, batch: Batch, signals: StyleSignals, activations: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """SCP (Eq. 2) of both stylizers, and the perceptual losses of V (Eq. 5 to 7)."""
        del signals
        weights, found = self.recipe.losses, {}
        coherence = self._coherence
        if weights.restyle:
            assert isinstance(network, TwoStylizers)
            assert batch.similar is not None
            with autocast(batch.content, self.recipe.autocast):
                similar = network.encode_style(batch.similar)
                again, _, of_second = network.traced(self._result, similar, second=True)
                of_again = {name: x.float() for name, x in network.encoder(again, STYLE_LAYERS).items()}
                of_similar = {n: x.float() for n, x in network.encoder(batch.similar, STYLE_LAYERS).items()}
            coherence = coherence + of_second
            losses = [content_loss(of_again[name], self._features[name]) for name in self._features]  # Eq. 7
            losses += [content_loss(of_again[name], activations[name]) for name in self._features]  # Eq. 5
            statistics = style_statistics(of_similar)
            losses.append(style_loss_each(style_statistics(of_again), statistics).mean())  # Eq. 6
            found["restyle"] = torch.stack(losses).sum()
        if weights.coherence:
            found["coherence"] = coherence
        return found


def _distance(result: Tensor, target: Tensor) -> Tensor:
    """Mean squared difference of features, relative to what they are."""
    return F.mse_loss(result.float(), target.float()) / target.float().square().mean()
