"""The way back from VGG-16: a mirror of its convolutions, from one of four depths."""

from __future__ import annotations

from torch import Tensor, nn

#: Where features of the encoder may enter, and how many channels they have there.
LEVELS = {"conv4_1": 512, "conv3_1": 256, "conv2_1": 128, "conv1_1": 64}


class VGGDecoder(nn.Module):
    """From activations of :class:`~scumble_models.vgg.encoder.VGG16` to images in 0..1 (not clamped).

    Each block undoes the convolutions between two levels: nearest upsampling for pooling, reflection
    padding, no normalisation.

    Args:
        level: where it begins, one of :data:`LEVELS`.
    """

    def __init__(self, level: str = "conv4_1") -> None:
        super().__init__()
        self.level = level
        blocks = {
            "conv4_1": [*_conv(512, 256), _up(), *_conv(256, 256), *_conv(256, 256)],
            "conv3_1": [*_conv(256, 128), _up(), *_conv(128, 128)],
            "conv2_1": [*_conv(128, 64), _up(), *_conv(64, 64)],
            "conv1_1": [nn.Conv2d(64, 3, 3, padding=1, padding_mode="reflect")],
        }
        names = list(LEVELS)
        for name in names[names.index(level) :]:
            self.add_module(name, nn.Sequential(*blocks[name]))

    def way(self, level: str | None = None) -> list[nn.Module]:
        """The blocks from a level, by default the first, to the picture, in order."""
        names = list(LEVELS)
        return [self.get_submodule(name) for name in names[names.index(level or self.level) :]]

    def forward(self, features: Tensor, level: str | None = None) -> Tensor:
        """Activations after the ReLU of the level, ``(N, C, H, W)``, to ``(N, 3, f H, f W)``, f 8 to 1.

        Args:
            level: to leave out blocks before it.
        """
        for block in self.way(level):
            features = block(features)
        return features


def _conv(channels_in: int, channels_out: int) -> list[nn.Module]:
    return [nn.Conv2d(channels_in, channels_out, 3, padding=1, padding_mode="reflect"), nn.ReLU(inplace=True)]


def _up() -> nn.Module:
    return nn.Upsample(scale_factor=2, mode="nearest")
