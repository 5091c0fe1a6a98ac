"""Different styles in different places: each place looks as it would alone, edges blend, in one pass."""

from __future__ import annotations

import numpy as np
import pytest

from scumble_models.errors import PixelsError
from scumble_models.look import Look
from scumble_models.stylize import encode_style, stylize
from tests.unit.models.conftest import natural_image


@pytest.fixture(scope="module")
def other(model):
    return encode_style(model, 255 - natural_image(100, 100, seed=9), "RGB")


def halves(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    left = np.zeros((height, width), np.uint8)
    left[:, : width // 2] = 255
    return left, 255 - left


def test_a_mask_that_is_full_everywhere_is_no_mask(model, signals):
    layer, full = natural_image(64, 80), np.full((64, 80), 255, np.uint8)
    plain = stylize(model, layer, "RGB", [(signals, 1)])
    masked = stylize(model, layer, "RGB", [(signals, 1)], style_masks=[full])
    assert np.abs(plain.astype(int) - masked).max() <= 1


def test_each_half_takes_after_its_own_style(model, signals, other):
    layer = natural_image(96, 192)
    both = stylize(model, layer, "RGB", [(signals, 1), (other, 1)], style_masks=halves(96, 192))
    first, second = (stylize(model, layer, "RGB", [(s, 1)]) for s in (signals, other))

    def distance(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.abs(a.astype(int) - b).mean())

    left, right = np.s_[:, :60], np.s_[:, -60:]
    assert distance(both[left], first[left]) < 0.5 * distance(both[left], second[left])
    assert distance(both[right], second[right]) < 0.5 * distance(both[right], first[right])


@pytest.mark.parametrize("look", [Look(), Look(stroke_size=2.0)])
def test_patches_equal_the_full_frame_with_masks_too(model, signals, other, look):
    layer, masks = natural_image(150, 170), halves(150, 170)
    styles = [(signals, 1), (other, 2)]
    options = {"style_masks": masks, "look": look}
    full = stylize(model, layer, "RGB", styles, tiling="full", **options)
    cut = stylize(model, layer, "RGB", styles, tiling="exact", patch=64, **options)
    assert np.abs(full.astype(int) - cut).max() <= 1


def test_where_no_style_is_the_layer_stays_bit_for_bit(model, signals):
    layer, (left, _) = natural_image(64, 80), halves(64, 80)
    result = stylize(model, layer, "RGB", [(signals, 1)], style_masks=[left], weight=0.7)
    assert np.array_equal(result[:, 40:], layer[:, 40:])
    assert not np.array_equal(result[:, :40], layer[:, :40])


def test_two_halves_of_one_style_are_the_whole_of_it(model, signals):
    layer = natural_image(64, 80)
    plain = stylize(model, layer, "RGB", [(signals, 1)])
    twice = stylize(model, layer, "RGB", [(signals, 1), (signals, 1)], style_masks=halves(64, 80))
    assert np.abs(plain.astype(int) - twice).max() <= 1


def test_a_mask_of_another_size_is_refused(model, signals):
    with pytest.raises(PixelsError, match="own size"):
        stylize(
            model,
            natural_image(20, 20),
            "RGB",
            [(signals, 1)],
            style_masks=[np.zeros((4, 4), np.uint8)],
        )
