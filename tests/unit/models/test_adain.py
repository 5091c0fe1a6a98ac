"""AdaIN: the second network through the same executor, with random weights (its own are optional)."""

from __future__ import annotations

import pytest
import torch

from scumble_models.adain import AdaIN
from scumble_models.signals import interpolate
from scumble_models.tiling.box import Box
from scumble_models.tiling.budget import Budget
from scumble_models.tiling.executor import run_exact
from scumble_models.tiling.statistics import channel_statistics


@pytest.fixture(scope="module")
def network() -> AdaIN:
    torch.manual_seed(0)
    return AdaIN().eval().requires_grad_(False)


@pytest.mark.parametrize(("height", "width"), [(97, 75), (64, 64), (33, 120)])
def test_patches_equal_the_full_frame_at_odd_sizes(network, height, width):
    image = torch.rand(1, 3, height, width)
    signals = network.encode_style(torch.rand(1, 3, 48, 48))
    result = torch.empty_like(image)

    def sink(tile: Box, output: torch.Tensor) -> None:
        rows, columns = tile.slices()
        result[:, :, rows, columns] = output

    box = Box(0, 0, width, height)
    run_exact(
        network.stages(),
        signals,
        lambda b: image[:, :, b.top : b.bottom, b.left : b.right],
        box,
        sink,
        region=box,
        patch=64,
        budget=Budget(1 << 30, 0),
        device=torch.device("cpu"),
    )
    expected = network(image, signals)[:, :, :height, :width]
    assert (result - expected).abs().max() <= 1e-6 + 1e-4 * expected.abs().max()


def test_interpolating_signals_is_the_papers_interpolation_of_features(network):
    content, style = torch.rand(1, 3, 64, 64), torch.rand(1, 3, 64, 64) ** 2
    own, other = network.encode_style(content), network.encode_style(style)
    features = network.encode_content(content)
    statistics = channel_statistics(features)
    half = interpolate(own, other, 0.5)
    scale = other.column("std") / statistics[1]
    moved = (features - statistics[0]) * scale + other.column("mean")
    expected = network.decoder(0.5 * features + 0.5 * moved)
    assert torch.allclose(network.decode(features, statistics, half), expected, atol=1e-5)
