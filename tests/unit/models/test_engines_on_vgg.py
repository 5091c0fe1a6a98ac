"""What the engines on VGG compute between encoder and decoder, beside the plainest way to compute it."""

from __future__ import annotations

import itertools

import pytest
import torch
import torch.nn.functional as F

from scumble_models.adaattn.attention import AttentionLevel, attended, attended_features, normalised
from scumble_models.adaattn.network import AdaAttN
from scumble_models.linearwct.network import RANK, LinearWCT
from scumble_models.network import StyleNetwork
from scumble_models.stylekernel.alignment import Alignment
from scumble_models.stylekernel.kernels import KernelPrediction, PointwiseKernels, shuffled
from scumble_models.stylekernel.losses import relaxed_earth_mover
from scumble_models.stylekernel.network import StyleKernel
from scumble_models.tiling.statistics import whole_statistics
from scumble_models.vgg.decoder import LEVELS, VGGDecoder
from scumble_models.vgg.encoder import VGG16
from scumble_models.vgg.tokens import TOKENS, sampled
from scumble_models.wct.network import WCT
from scumble_models.wct.whitening import colouring, whitening


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(3)


def features(channels: int = 8, height: int = 9, width: int = 11, count: int = 1) -> torch.Tensor:
    """Features of which some go together."""
    x = torch.randn(count, channels, height, width)
    x[:, 1] = 2 * x[:, 0] + 0.3 * x[:, 1]
    return x + 1.5


# The way back ------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", LEVELS)
def test_the_decoder_takes_each_level_of_the_encoder_back_to_the_pictures_size(level: str):
    image = torch.rand(1, 3, 24, 40)
    found = VGG16(padding_mode="reflect")(image, (level,))[level]
    assert found.shape[1] == LEVELS[level]
    assert VGGDecoder(level)(found).shape == image.shape
    assert VGGDecoder()(found, level).shape == image.shape


def test_a_decoder_of_a_shallow_level_has_the_same_layers_and_no_others():
    deep, shallow = (VGGDecoder(level).state_dict().keys() for level in ("conv4_1", "conv3_1"))
    assert shallow == {name for name in deep if not name.startswith("conv4_1")}


# Whitening ---------------------------------------------------------------------------------------


def test_whitened_features_are_uncorrelated_and_coloured_ones_have_the_paintings_covariance():
    content, style = 100 * features(height=30, width=30), 3 * features(height=40, width=20) ** 2
    (mean, own), (_, wanted) = (whole_statistics(x, "covariance") for x in (content, style))
    white = F.conv2d(content - mean, whitening(own)[0, :, :, None, None])
    _, covariance = whole_statistics(white, "covariance")
    assert torch.allclose(covariance[0], torch.eye(8).double(), atol=5e-3)
    coloured = F.conv2d(white, colouring(wanted)[0, :, :, None, None])
    _, covariance = whole_statistics(coloured, "covariance")
    assert torch.allclose(covariance, wanted, rtol=1e-2, atol=1e-2 * float(wanted.abs().max()))


def test_what_hardly_varies_is_not_amplified():
    _, covariance = whole_statistics(0.01 * features(), "covariance")
    values = torch.linalg.eigvalsh(whitening(covariance))
    assert 0.9 < float(values.min()) <= float(values.max()) < 1.0001


def test_wct_in_its_own_style_gives_features_that_vary_back():
    network = WCT().eval()
    x = 30 * torch.rand(1, 64, 24, 28)
    mean, covariance = whole_statistics(x, "covariance")
    style = {"conv1_1.mean": mean.flatten(1), "conv1_1.colouring": colouring(covariance)}
    signals = network.encode_style(torch.rand(1, 3, 16, 16))
    own = type(signals)("wct", {**signals.tensors, **style})
    assert torch.allclose(network.transform(x, (mean, covariance), own, "conv1_1"), x, atol=0.6)


# Predicted matrices ------------------------------------------------------------------------------


def test_linear_wct_gives_the_painting_its_mean_whatever_the_matrices_say():
    network = LinearWCT().eval()
    style = network.encode_style(torch.rand(1, 3, 32, 32))
    seen: list[torch.Tensor] = []
    network.decoder.register_forward_pre_hook(lambda _module, arguments: seen.append(arguments[0]))
    network(torch.rand(1, 3, 40, 48), style)
    assert torch.allclose(seen[0].mean((2, 3)), style.tensors["mean"], atol=1e-4)


def test_linear_wct_of_several_pictures_is_that_of_each():
    network = LinearWCT().eval()
    contents, styles = torch.rand(3, 3, 32, 40), torch.rand(3, 3, 48, 32)
    together = network(contents, network.encode_style(styles))
    for index in range(3):
        alone = network(contents[index : index + 1], network.encode_style(styles[index : index + 1]))
        assert torch.allclose(together[index], alone[0], atol=1e-4)
    assert network.encode_style(styles).tensors["matrix"].shape == (3, RANK, RANK)


# Attention ---------------------------------------------------------------------------------------


def test_attended_statistics_are_weighted_means_and_deviations():
    queries, keys, values = torch.randn(1, 5, 4), torch.randn(1, 7, 4), torch.randn(1, 7, 3)
    mean, std = attended(queries, keys, values)
    for point in range(5):
        weights = torch.softmax(keys[0] @ queries[0, point], 0)[:, None]
        expected = (weights * values[0]).sum(0)
        variance = (weights * (values[0] - expected) ** 2).sum(0)
        assert torch.allclose(mean[0, point], expected, atol=1e-5)
        assert torch.allclose(std[0, point], variance.clamp_min(1e-5).sqrt(), atol=1e-4)


def test_attention_to_one_point_is_that_point():
    style = features(6, 1, 1)
    assert torch.allclose(attended_features(features(6), style), style.expand(1, 6, 9, 11), atol=0.05)


def test_tokens_are_few_and_the_same_every_time():
    level, x = AttentionLevel(8, 8), features(height=50, width=60)
    keys, values = level.tokens(normalised(x), x)
    assert keys.shape[1] == values.shape[1] == TOKENS
    assert torch.equal(level.tokens(normalised(x), x)[0], keys)
    few = torch.randn(1, 5, 2)
    assert torch.equal(sampled(few), few)


@pytest.mark.parametrize("network", [AdaAttN(), StyleKernel()], ids=["adaattn", "stylekernel"])
def test_a_style_with_points_that_do_not_belong_together_is_refused(network: StyleNetwork):
    style = network.eval().encode_style(torch.rand(1, 3, 64, 48))
    assert network.fits(style)
    for name, tensor in style.tensors.items():
        for other in (tensor[:, :, :-1], tensor[:, :0], tensor[0], tensor.repeat(1, 400, 1)):
            assert not network.fits(type(style)(style.architecture, {**style.tensors, name: other}))
    assert not network.fits(type(style)(style.architecture, {}))


# Style kernels -----------------------------------------------------------------------------------


def test_the_best_fitting_point_always_passes_the_gate():
    alignment = Alignment(8).eval()
    torch.nn.init.constant_(alignment.gate[2].bias, 1e6)
    x, style = features(), torch.randn(1, 20, 8)
    picked = alignment(x, style)
    best = (F.normalize(x.flatten(2), dim=1).transpose(1, 2) @ F.normalize(style, dim=2).mT).argmax(2)
    assert torch.allclose(picked.flatten(2).transpose(1, 2)[0], style[0, best[0]], atol=1e-4)


def test_an_open_gate_is_plain_attention():
    alignment, plain = Alignment(8).eval(), Alignment(8, gating=False).eval()
    torch.nn.init.constant_(alignment.gate[2].bias, -1e6)
    x, style = features(), torch.randn(1, 20, 8)
    assert torch.allclose(alignment(x, style), plain(x, style), atol=1e-5)


@pytest.mark.parametrize("size", [1, 3, 5])
def test_kernels_are_what_a_loop_over_points_makes_of_them(size: int):
    x = features(4, 6, 7)
    vertical, horizontal, bias = KernelPrediction(4, size)(features(4, 6, 7))
    result = PointwiseKernels(size)(x, vertical, horizontal, bias)

    def along(image: torch.Tensor, filters: torch.Tensor, axis: int) -> torch.Tensor:
        found = torch.zeros_like(image)
        for row in range(6):
            for column in range(7):
                for tap in range(size):
                    place = [row, column]
                    place[axis] = min(max(place[axis] + tap - size // 2, 0), (6, 7)[axis] - 1)
                    found[0, :, row, column] += (
                        filters[0, tap, :, row, column] * image[0, :, place[0], place[1]]
                    )
        return found

    expected = along(along(x, vertical, 0), horizontal, 1) + bias
    assert torch.allclose(result, expected, atol=1e-4)


def test_shuffling_parts_neighbours_and_loses_no_channel():
    x = torch.arange(64.0).view(1, 64, 1, 1)
    order = shuffled(x).flatten().tolist()
    assert sorted(order) == list(range(64))
    assert all(abs(one - other) > 1 for one, other in itertools.pairwise(order))


def test_the_relaxed_distance_of_the_same_points_is_zero_in_any_order():
    points = torch.randn(1, 30, 6)
    assert float(relaxed_earth_mover(points, points[:, torch.randperm(30)])) < 1e-5
    assert float(relaxed_earth_mover(points, -points)) > 0.05
