"""Receptive fields read off layers: exact for those that are known, refused for all others."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from scumble_models.errors import LayerError
from scumble_models.signals import StyleSignals
from scumble_models.tiling.box import Box
from scumble_models.tiling.layers import operations
from scumble_models.tiling.receptive import (
    Squeeze,
    Whole,
    Window,
    is_whole,
    needs,
    output_length,
    takes_blocks,
)
from scumble_models.tiling.stage import Stage

PADDINGS = st.sampled_from(["zeros", "reflect", "replicate"])


@st.composite
def layers(draw: st.DrawFn) -> list[nn.Module]:
    """One layer, or a padding and its convolution, of any kind that is known."""
    kind = draw(
        st.sampled_from(["conv", "padded", "max", "average", "enlarge", "shuffle", "squeeze", "point"])
    )
    kernel, dilation = draw(st.sampled_from([1, 3, 5])), draw(st.integers(1, 2))
    half, step = kernel // 2 * dilation, draw(st.sampled_from([1, 1, 2]))
    if kind == "conv":
        mode = draw(PADDINGS)
        return [nn.Conv2d(4, 4, kernel, step, padding=half, dilation=dilation, padding_mode=mode)]
    if kind == "padded":
        pad = draw(st.sampled_from([nn.ReflectionPad2d, nn.ReplicationPad2d, nn.ZeroPad2d]))
        return [pad(half), nn.Conv2d(4, 4, kernel, step, dilation=dilation)]
    if kind == "max":
        return [nn.MaxPool2d(2, ceil_mode=True)]
    if kind == "average":
        return [nn.AvgPool2d(draw(st.integers(2, 3)), ceil_mode=True)]
    if kind == "enlarge":
        return [nn.Upsample(scale_factor=2, mode=draw(st.sampled_from(["nearest", "bilinear"])))]
    if kind == "shuffle":
        return [nn.Conv2d(4, 16, 1), nn.PixelShuffle(2)]
    if kind == "squeeze":
        return [nn.PixelUnshuffle(2), nn.Conv2d(16, 4, 1)]
    return [draw(st.sampled_from([nn.ReLU(), nn.LeakyReLU(), nn.Tanh(), nn.BatchNorm2d(4), nn.Identity()]))]


def stage_of(network: nn.Sequential) -> Stage:
    return Stage("one", lambda x, _statistics, _signals: network(x), operations([network]), 4)


@given(data=st.data(), parts=st.lists(layers(), min_size=1, max_size=4), seed=st.integers(0, 99))
def test_a_patch_with_its_halo_has_the_pixels_of_the_full_frame(
    data, parts: list[list[nn.Module]], seed: int
):
    torch.manual_seed(seed)
    network = nn.Sequential(*(layer for part in parts for layer in part)).double().eval()
    stage, side = stage_of(network), 48
    x = torch.rand(1, 4, side, side, dtype=torch.float64)
    whole = Box(0, 0, side, side)
    with torch.no_grad():
        try:
            expected = network(x)
        except RuntimeError:  # a squeeze of an odd side, or padding by more than there is
            return
        grid = stage.output_box(whole)
        assert (grid.width, grid.height) == (expected.shape[3], expected.shape[2])
        left, top = data.draw(st.integers(0, grid.width - 1)), data.draw(st.integers(0, grid.height - 1))
        right = data.draw(st.integers(left + 1, grid.width))
        outputs = Box(left, top, right, data.draw(st.integers(top + 1, grid.height)))
        inputs = stage.input_box(outputs, whole)
        result, box = stage.run_patch(cut(x, inputs), inputs, whole, None, StyleSignals("none", {}))
    assert torch.allclose(stage.picked(result, box, outputs), cut(expected, outputs), atol=1e-12)


def cut(x: Tensor, box: Box) -> Tensor:
    rows, columns = box.slices()
    return x[:, :, rows, columns]


@pytest.mark.parametrize(
    "layer",
    [
        nn.ConvTranspose2d(4, 4, 3),
        nn.Conv2d(4, 4, 3),
        nn.Conv2d(4, 4, 2, padding=1),
        nn.Conv2d(4, 4, (3, 1), padding=1),
        nn.Conv2d(4, 4, 3, padding=1, dilation=2),
        nn.MaxPool2d(2),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        nn.AvgPool2d(3, 1, padding=1),
        nn.AdaptiveAvgPool2d(1),
        nn.InstanceNorm2d(4),
        nn.GroupNorm(2, 4),
        nn.Upsample(scale_factor=1.5),
        nn.Upsample(size=(4, 4)),
        nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True),
        nn.Upsample(scale_factor=2, mode="bicubic"),
        nn.MaxUnpool2d(2),
        nn.Unfold(3),
        nn.Softmax(2),
        nn.Linear(4, 4),
        nn.Sequential(nn.ReflectionPad2d(1), nn.ReLU()),
        nn.Sequential(nn.ReflectionPad2d(1), nn.AvgPool2d(2, ceil_mode=True)),
        nn.Sequential(nn.ReflectionPad2d(2), nn.Conv2d(4, 4, 3)),
        nn.Sequential(nn.ReflectionPad2d((1, 2, 1, 2)), nn.Conv2d(4, 4, 3)),
    ],
    ids=str,
)
def test_a_layer_whose_reach_is_not_known_is_refused(layer: nn.Module):
    with pytest.raises(LayerError) as caught:
        operations([layer])
    assert caught.value.code == "unknown-layer"


def test_a_module_with_weights_of_its_own_must_say_what_it_does():
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(1))
            self.layer = nn.ReLU()

    module = Scaled()
    with pytest.raises(LayerError, match="Scaled"):
        operations([module])
    module.operations = ()
    assert operations([module, nn.Conv2d(4, 4, 3, padding=1)]) == (Window(1, 1),)
    module.operations = (Whole(),)
    assert operations([module]) == (Whole(),)


def test_where_all_is_needed_every_patch_is_all():
    stage = Stage("all", lambda x, *_: x + x.mean(), (Window(1, 1, 2), Whole(), Window(2, 2)), 4)
    assert is_whole(stage.operations)
    whole = Box(0, 0, 30, 21)
    assert stage.input_box(Box(3, 3, 4, 4), whole) == whole
    assert stage.first_output(whole) == stage.output_box(whole) == Box(0, 0, 15, 11)


def test_patches_of_a_squeeze_are_whole_blocks():
    ops = (Window(1, 1), Squeeze(2), Window(1, 1))
    assert takes_blocks(ops)
    assert needs(ops, 3, 5) == (3, 13)
    assert output_length(ops, 20) == 10
    stage = Stage("squeeze", lambda x, *_: x, ops, 4)
    assert stage.input_box(Box(3, 3, 5, 5), Box(0, 0, 40, 40)) == Box(2, 2, 14, 14)
