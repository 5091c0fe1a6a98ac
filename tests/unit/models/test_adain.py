"""AdaIN: the second network through the same executor, with random weights and with its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from scumble_models.adain import AdaIN
from scumble_models.registry import StyleModel, load_model
from scumble_models.signals import interpolate
from scumble_models.ssim import ssim
from scumble_models.stylize import encode_style, stylize
from scumble_models.tiling.box import Box
from scumble_models.tiling.budget import Budget
from scumble_models.tiling.executor import run_exact
from scumble_models.tiling.statistics import channel_statistics
from tests.unit.models.conftest import into, reading

EXAMPLES = Path(__file__).parents[3] / "examples"


def picture(path: Path, size: tuple[int, int]) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB").resize(size, Image.Resampling.LANCZOS))


def tensor(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(image.copy()).permute(2, 0, 1)[None].float() / 255


@pytest.fixture(scope="module")
def shipped() -> StyleModel:
    return load_model("adain")


@pytest.fixture(scope="module")
def network() -> AdaIN:
    torch.manual_seed(0)
    return AdaIN().eval().requires_grad_(False)


@pytest.mark.slow
@pytest.mark.parametrize(("height", "width"), [(97, 75), (64, 64), (33, 120)])
def test_patches_equal_the_full_frame_at_odd_sizes(network, height, width):
    image = torch.rand(1, 3, height, width)
    signals = network.encode_style(torch.rand(1, 3, 48, 48))
    result = torch.empty_like(image)
    box = Box(0, 0, width, height)
    run_exact(
        network.stages(),
        signals,
        reading(image),
        box,
        into(result),
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
    expected = network.decoder(0.5 * features + 0.5 * moved, "conv4_1")
    assert torch.allclose(network.decode(features, statistics, half), expected, atol=1e-5)


@pytest.mark.parametrize("style", ["swirls", "watercolour"])
def test_the_shipped_weights_keep_the_picture_and_take_the_styles_colours(shipped, style):
    content = picture(EXAMPLES / "photos" / "coffee.jpg", (384, 256))
    painting = picture(EXAMPLES / "styles" / f"{style}.jpg", (256, 256))
    result = stylize(shipped, content, "RGB", [(encode_style(shipped, painting, "RGB"), 1.0)])
    assert ssim(tensor(result), tensor(content)).mean() > 0.2
    mean = [x.reshape(-1, 3).mean(0, dtype=float) for x in (content, painting, result)]
    assert np.abs(mean[2] - mean[1]).sum() < 0.6 * np.abs(mean[0] - mean[1]).sum()


@pytest.mark.slow
def test_the_shipped_weights_in_patches_equal_the_full_frame(shipped):
    content = picture(EXAMPLES / "photos" / "coffee.jpg", (230, 170))
    style = encode_style(shipped, picture(EXAMPLES / "styles" / "swirls.jpg", (128, 128)), "RGB")
    whole = stylize(shipped, content, "RGB", [(style, 1.0)], tiling="full")
    patches = stylize(shipped, content, "RGB", [(style, 1.0)], tiling="exact", patch=64)
    assert np.abs(whole.astype(int) - patches).max() <= 1
