"""Photo looks: light and colours of another photo, no edge bent, and the same as a LUT."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from scumble_models.errors import PixelsError
from scumble_models.oklab import CONES, OPPONENT, from_linear, linear_of, to_linear, to_oklab
from scumble_models.photo.lut import look_table, looked_up
from scumble_models.photo.network import COLOUR_GAINS, LIGHT_GAINS, gains
from scumble_models.registry import load_model
from scumble_models.stylize import encode_style, stylize
from tests.unit.models.conftest import natural_image

MATRICES = torch.tensor(CONES), torch.tensor(OPPONENT)


@pytest.fixture(scope="module")
def photo():
    return load_model("photo")


def graded(image: np.ndarray, scale: float, shift: tuple[float, float, float]) -> np.ndarray:
    return np.clip(image * scale + np.array(shift) * 255, 0, 255).astype(np.uint8)


def lab_of(image: np.ndarray) -> torch.Tensor:
    return to_oklab(torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255, *MATRICES)


def test_oklab_is_that_of_its_author():
    red = torch.tensor([1.0, 0.0, 0.0])[None, :, None, None]
    assert to_oklab(red, *MATRICES).flatten().tolist() == pytest.approx([0.628, 0.225, 0.126], abs=1e-3)
    assert to_oklab(torch.ones(1, 3, 1, 1), *MATRICES).flatten().tolist() == pytest.approx(
        [1, 0, 0], abs=1e-3
    )


def test_there_and_back_is_the_same_colour():
    colours = torch.rand(1, 3, 40, 40)
    back = from_linear(linear_of(to_oklab(colours, *MATRICES), *MATRICES))
    assert (back - colours).abs().max() < 2e-4
    assert (from_linear(to_linear(colours)) - colours).abs().max() < 1e-5


def test_the_result_has_the_light_and_the_colourfulness_of_the_style(photo):
    content = natural_image(120, 160, seed=1) // 2 + 60
    style = graded(natural_image(100, 90, seed=2), 0.4, (0.3, 0.2, 0.1))
    result = stylize(photo, content, "RGB", [(encode_style(photo, style, "RGB"), 1.0)])
    found, wanted = lab_of(result).flatten(2)[0], lab_of(style).flatten(2)[0]
    assert torch.allclose(found.mean(1), wanted.mean(1), atol=5e-3)
    for channels in (slice(0, 1), slice(1, 3)):
        ours, theirs = (x[channels].var(1).sum().sqrt() for x in (found, wanted))
        assert float(ours) == pytest.approx(float(theirs), rel=0.05)


def test_the_look_of_a_photo_on_itself_is_that_photo(photo):
    image = natural_image(100, 140, seed=3) // 2 + 50
    result = stylize(photo, image, "RGB", [(encode_style(photo, image, "RGB"), 1.0)])
    assert np.abs(result.astype(int) - image).max() <= 1


def test_a_flat_sky_is_not_stretched_into_bands(photo):
    sky = np.repeat(np.linspace(118, 124, 64)[:, None], 80, 1)[:, :, None].repeat(3, 2).astype(np.uint8)
    style = encode_style(photo, natural_image(80, 80, seed=4), "RGB")
    result = stylize(photo, sky, "RGB", [(style, 1.0)]).astype(int)
    assert np.abs(np.diff(result, axis=0)).max() <= 4  # steps of one level in, gains of at most 2.5


def test_sixteen_bits_stay_sixteen_bits(photo):
    ramp = np.linspace(20_000, 24_000, 2000).astype(np.uint16).reshape(20, 100, 1).repeat(3, 2)
    style = encode_style(photo, natural_image(80, 80, seed=5), "RGB")
    result = stylize(photo, np.ascontiguousarray(ramp), "RGB", [(style, 1.0)])
    assert result.dtype == np.uint16
    assert len(np.unique(result[:, :, 1])) > 1500


def test_hues_keep_their_angles_to_each_other(photo):
    """Two colours on a gray picture: what lies between them in hue does afterwards, too."""
    content = np.full((60, 60, 3), 128, np.uint8)
    content[:20], content[40:] = (150, 110, 100), (100, 120, 150)
    style = encode_style(photo, natural_image(80, 80, seed=8) // 2 + 60, "RGB")
    result = stylize(photo, content, "RGB", [(style, 1.0)])
    angles = []
    for image in (content, result):
        colours = lab_of(image)[0, 1:, [10, 30, 50], 10]
        edges = colours[:, [0, 2]] - colours[:, [1]]
        angles.append(torch.atan2(edges[1, 0], edges[0, 0]) - torch.atan2(edges[1, 1], edges[0, 1]))
    assert float(angles[0]) == pytest.approx(float(angles[1]), abs=0.05)


def test_a_black_and_white_look_leaves_no_colour(photo):
    gray = natural_image(80, 80, seed=9).mean(2, keepdims=True).repeat(3, 2).astype(np.uint8)
    result = stylize(photo, natural_image(80, 80, seed=10), "RGB", [(encode_style(photo, gray, "RGB"), 1.0)])
    assert np.ptp(result.astype(int), axis=2).mean() < 12  # deviations of nothing are kept above 0.003


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_gains_stay_within_their_limits(seed):
    generator = torch.Generator().manual_seed(seed)
    one, other = (10 ** torch.empty(1, 3, 1, 1).uniform_(-3, 0, generator=generator) for _ in range(2))
    found = gains(one, other)
    assert LIGHT_GAINS[0] <= found[0, 0] <= LIGHT_GAINS[1]
    assert COLOUR_GAINS[0] <= found[0, 1] <= COLOUR_GAINS[1]
    assert found[0, 1] == found[0, 2]


@pytest.mark.parametrize("weight", [0.5, 1.0])
def test_a_lut_does_what_the_engine_does(photo, weight):
    content, style = natural_image(90, 120, seed=6), natural_image(70, 80, seed=7)
    signals = encode_style(photo, style, "RGB")
    image = torch.from_numpy(content).permute(2, 0, 1)[None].float() / 255
    lut = look_table(photo, signals, [image], weight)
    expected = stylize(photo, content, "RGB", [(signals, 1.0)], weight=weight)
    read = (looked_up(lut.table, image)[0].permute(1, 2, 0) * 255).round().numpy()
    assert np.abs(read - expected).max() <= lut.largest + 1.0
    assert lut.mean < 1.0


def test_the_cube_file_counts_red_fastest(photo):
    image = torch.rand(1, 3, 32, 32)
    signals = photo.encode(image)
    lines = look_table(photo, signals, [image], side=3).text('my "look"\n').splitlines()
    assert lines[:2] == ['TITLE "my look"', "LUT_3D_SIZE 3"]
    values = np.array([[float(v) for v in line.split()] for line in lines[2:]])
    assert values.shape == (27, 3)
    assert values[2, 0] > values[0, 0]
    assert values[18, 2] > values[0, 2]


def test_a_lut_of_no_size_is_refused(photo):
    with pytest.raises(PixelsError, match="between 2 and 129"):
        look_table(photo, photo.encode(torch.rand(1, 3, 16, 16)), [torch.rand(1, 3, 16, 16)], side=1)
