"""What a style looks like before it is learned: marks that learned styles have in common, its own colours.

The decoder that a network was trained with paints all styles in one texture, with a mesh. The mean of the
decoders that a library has learned from it paints better, but in no painting's colours: they are put into its
last convolution by a linear map (:func:`scumble_models.colour.linear_map`), which is exact, as nothing but
sums follow.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from scumble_models.colour import linear_map
from scumble_models.errors import SignalsError, WeightsError
from scumble_models.learning.contents import bundled
from scumble_models.learning.start import changed
from scumble_models.margins import padded
from scumble_models.model import StyleModel
from scumble_models.pixels import NetworkView, PixelArray
from scumble_models.signals import StyleSignals
from scumble_models.stylize import STYLE_SIDE
from scumble_models.tiling.file_array import Array

#: On so many of the contents that styles are learned on it is seen which colours a decoder paints.
CONTENTS = 6
#: The map of colours is rounded to so many steps for 1: a thirtieth of a level of 255.
STEPS = 4096


@torch.inference_mode()
def first_sight(model: StyleModel, pixels: Array, channels: str) -> StyleSignals:
    """The signals of a style of which nothing is learned, with a decoder where the model has one for them.

    Args:
        pixels, channels: as for :func:`scumble_models.stylize.encode_style`, of which it is the result for
            other models.

    Raises:
        PixelsError: the array is not such an image.
        WeightsError: the model's own file is missing or damaged.
    """
    picture = NetworkView(PixelArray(pixels, channels, model.device)).thumbnail(STYLE_SIDE)
    signals = model.encode(padded(picture, model.traits.size_multiple))
    if model.info.first_sight is None:
        return signals
    common = _common(model, model.info.first_sight)
    moved = changed(signals, common)
    painter = model.network.with_decoder(common.decoder)
    painted = painter(torch.cat(bundled(model.device)[:CONTENTS]), moved).clamp(0.0, 1.0)
    colours = painted.transpose(0, 1).flatten(1)[None, :, :, None]
    # Sums depend on the number of threads in their last digits. In float64 that is far below a step, so that
    # the same picture is the same style in every process.
    matrix, offset = (
        (part * STEPS).round() / STEPS for part in linear_map(colours.cpu().double(), picture.cpu().double())
    )
    decoder = recoloured(common.decoder, matrix, offset)
    return StyleSignals(signals.architecture, moved.tensors, decoder)


def _common(model: StyleModel, path: Path) -> StyleSignals:
    try:
        return model.check(model.info.read_style(path.read_bytes())).to(model.device)
    except (OSError, SignalsError) as error:
        raise WeightsError(
            "What {engine} needs for new styles cannot be read.",
            hint="Install Scumble again.",
            engine=model.name,
        ) from error


def recoloured(decoder: Mapping[str, Tensor], matrix: Tensor, offset: Tensor) -> dict[str, Tensor]:
    """A decoder followed by a linear map of colours, as its last convolution: the one with three outputs.

    Args:
        matrix, offset: ``(1, 3, 3)`` and ``(1, 3)``, on the CPU.
    """
    changed = dict(decoder)
    for name, tensor in decoder.items():
        if tensor.shape[0] == len(offset[0]):
            # On the CPU: not every device has float64.
            mapped = torch.tensordot(matrix[0].double(), tensor.cpu().double(), dims=1)
            mapped = mapped + offset[0].double() if tensor.ndim == 1 else mapped
            changed[name] = mapped.half().to(tensor)  # as files keep it: the same picture before and after
    return changed
