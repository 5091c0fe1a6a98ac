"""MicroAST's content path, with its modulation folded into the weights of two convolutions per level."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

from scumble_models.fast.area import Area, convolve, pointwise
from scumble_models.fast.packed import Packed
from scumble_models.fast.phases import Enlarging, PhasedOutput, unfold_phases
from scumble_models.microast.layers import ConvLayer, ResidualLayer
from scumble_models.signals import StyleSignals
from scumble_models.tiling.box import Box
from scumble_models.tiling.receptive import needs
from scumble_models.tiling.stage import Stage
from scumble_models.tiling.statistics import Statistics

if TYPE_CHECKING:
    from scumble_models.microast.network import MicroAST

_KEPT = "_packed_for_patches"


def fast_stages(network: MicroAST) -> tuple[Stage, ...]:
    """The stages of ``network`` with a fast way for patches, in float32 on the CPU."""
    encode, deep, shallow = network.stages()
    decoder, kept = network.decoder, vars(network.content_encoder)
    if _KEPT not in kept:  # with the encoder, which networks of learned styles share
        kept[_KEPT] = Encode(network, encode)
    return (
        replace(encode, local=kept[_KEPT]),
        replace(deep, local=DecodeDeep(decoder.dec1)),
        replace(shallow, local=DecodeShallow(decoder.dec2, decoder.dec3)),
    )


class Encode:
    """The content encoder."""

    def __init__(self, network: MicroAST, plain: Stage) -> None:
        encoder = network.content_encoder
        layers = cast(nn.Sequential, encoder.enc1)
        self._plain = plain
        self._layers = [_packed(layer) for layer in layers if isinstance(layer, ConvLayer)]
        self._blocks = [_packed_block(cast(ResidualLayer, b)) for b in (layers[-1], encoder.enc2[0])]

    def inputs(self, outputs: Box) -> Box:
        """Exactly the pixels that ``outputs`` need, whatever the strides; may reach past the border."""
        left, right = needs(self._plain.operations, outputs.left, outputs.right)
        top, bottom = needs(self._plain.operations, outputs.top, outputs.bottom)
        return Box(left, top, right, bottom)

    def run(
        self, x: Tensor, inputs: Box, grid: Box, statistics: Statistics | None, signals: StyleSignals
    ) -> tuple[Tensor, Box]:
        """Features ``(1, 64, h, w)`` and where they lie."""
        area = Area(x, inputs, grid)
        for layer in self._layers:
            area = pointwise(area, layer) if layer.kernel == 1 else convolve(area, layer)
        for first, second in self._blocks:
            result = convolve(convolve(area, first), second)
            result.x.add_(area.cropped(result.box))
            area = result
        return area.x, area.box


@dataclass(frozen=True)
class _Folded:
    """A modulated block for one style and one picture: two plain convolutions and a scaled input."""

    statistics: Statistics
    signals: StyleSignals
    first: Packed
    second: Packed
    scale: Tensor

    def run(self, area: Area) -> Area:
        result = convolve(convolve(area, self.first), self.second)
        result.x.addcmul_(area.cropped(result.box), self.scale)
        return result


class _Block:
    """FeatMod and a modulated residual block of one level.

    Both are linear in the features but for the ReLU, so the normalisation, the style's statistics and its
    filters become part of the weights, once per picture and style.
    """

    def __init__(self, block: ResidualLayer, level: int) -> None:
        self._block, self._level = block, level
        self._last: _Folded | None = None

    def __call__(self, area: Area, statistics: Statistics | None, signals: StyleSignals) -> Area:
        if statistics is None:
            raise ValueError("A modulated block needs the statistics of its whole input.")
        folded = self._last
        if folded is None or folded.statistics is not statistics or folded.signals is not signals:
            folded = self._last = self._fold(statistics, signals)
        return folded.run(area)

    def _fold(self, statistics: Statistics, signals: StyleSignals) -> _Folded:
        names = (f"{name}{self._level}" for name in ("mean", "std", "weight", "bias"))
        mean, std, weight, bias = (signals.tensors[name][0].double() for name in names)
        own_mean, own_std = (value.double().flatten() for value in statistics)
        scale = std / own_std
        shift = mean - own_mean * scale
        first, second = self._block.conv1.conv_layer, self._block.conv2.conv_layer
        taps, offset = _modulated(first, weight, bias)
        offset = offset + taps.sum((2, 3)) @ shift
        last_taps, last_offset = _modulated(second, weight, bias)
        return _Folded(
            statistics,
            signals,
            Packed((taps * scale[:, None, None]).float(), offset.float(), relu=True),
            Packed(last_taps.float(), (last_offset + shift).float()),
            scale.float()[None, :, None, None],
        )


class DecodeDeep:
    """Modulation of the deep level."""

    def __init__(self, block: ResidualLayer) -> None:
        self._block = _Block(block, 2)

    def inputs(self, outputs: Box) -> Box:
        """Two positions more on each side."""
        return _grown(outputs, 2)

    def run(
        self, x: Tensor, inputs: Box, grid: Box, statistics: Statistics | None, signals: StyleSignals
    ) -> tuple[Tensor, Box]:
        """Features ``(1, 64, h, w)`` and where they lie."""
        area = self._block(Area(x, inputs, grid), statistics, signals)
        return area.x, area.box


class DecodeShallow:
    """Modulation of the shallow level, and the image."""

    def __init__(self, block: ResidualLayer, layers: nn.Sequential) -> None:
        self._block = _Block(block, 1)
        convolutions = [layer.conv_layer for layer in layers if isinstance(layer, ConvLayer)]
        once, mix_once, twice, mix_twice, output = [(c.weight.detach(), _bias(c)) for c in convolutions]
        self._once, self._twice = Enlarging(*once), Enlarging(*twice)
        self._mix_once, self._mix_twice = self._once.mixing(*mix_once), self._twice.mixing(*mix_twice)
        self._output = PhasedOutput(*output)

    def inputs(self, outputs: Box) -> Box:
        """Two for the block, one for an enlargement, and what another and 9x9 need, in whole positions."""
        quarter = Box(outputs.left // 4, outputs.top // 4, -(-outputs.right // 4), -(-outputs.bottom // 4))
        return _grown(quarter, 5)

    def run(
        self, x: Tensor, inputs: Box, grid: Box, statistics: Statistics | None, signals: StyleSignals
    ) -> tuple[Tensor, Box]:
        """The image ``(1, 3, h, w)``, not clamped, and where it lies."""
        area = self._block(Area(x, inputs, grid), statistics, signals)
        area = unfold_phases(pointwise(self._once(area), self._mix_once))
        area = pointwise(self._twice(area), self._mix_twice)
        image = unfold_phases(self._output(area))
        return image.x, image.box


def _modulated(convolution: nn.Conv2d, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """Weights and bias of ``weight * convolution(x) + bias * x``, in float64."""
    taps = convolution.weight.detach().double() * weight[:, None, None, None]
    centre = convolution.kernel_size[0] // 2
    taps[:, :, centre, centre] += torch.diag(bias)
    return taps, _bias(convolution).double() * weight


def _packed(layer: ConvLayer) -> Packed:
    """A layer and its ReLU; channel groups as a dense convolution, which fills the vector registers."""
    convolution = layer.conv_layer
    weight = convolution.weight.detach()
    if convolution.groups > 1:
        each = weight.shape[0] // convolution.groups
        dense = weight.new_zeros(weight.shape[0], weight.shape[1] * convolution.groups, *weight.shape[2:])
        for output in range(weight.shape[0]):
            start = output // each * weight.shape[1]
            dense[output, start : start + weight.shape[1]] = weight[output]
        weight = dense
    return Packed(weight, _bias(convolution), stride=int(convolution.stride[0]), relu=True)


def _packed_block(block: ResidualLayer) -> tuple[Packed, Packed]:
    first, second = block.conv1.conv_layer, block.conv2.conv_layer
    return (
        Packed(first.weight.detach(), _bias(first), relu=True),
        Packed(second.weight.detach(), _bias(second)),
    )


def _bias(convolution: nn.Conv2d) -> Tensor:
    return cast(Tensor, convolution.bias).detach()


def _grown(box: Box, width: int) -> Box:
    return Box(box.left - width, box.top - width, box.right + width, box.bottom + width)
