"""Layers brighter than white: compressed for the network, restored, the same in every part."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from scumble_models.highlights import KNEE, compressed, restored
from scumble_models.pixels import NetworkView, PixelArray
from scumble_models.spread import Spread
from scumble_models.stylize import share, stylize
from scumble_models.tiling.box import Box
from scumble_models.tiling.budget import Budget
from tests.unit.models.conftest import natural_image


@pytest.fixture
def bright() -> np.ndarray:
    """A photo with a lamp of 12 in it, and a value below black."""
    layer = natural_image(90, 130).astype(np.float32) / 255
    layer[20:40, 30:60] = np.linspace(1, 12, 30, dtype=np.float32)[None, :, None]
    layer[5, 5] = -0.2
    return layer


@pytest.mark.parametrize("top", [1.01, 4.0, 60000.0])
def test_compressing_keeps_order_and_the_way_back_is_the_inverse(top):
    values = torch.linspace(-0.3, top, 1001)
    small = compressed(values, top)
    assert small.max() == pytest.approx(1, abs=1e-6)
    assert bool((small.diff() > 0).all())
    assert torch.equal(small[values <= KNEE], values[values <= KNEE])
    torch.testing.assert_close(restored(small, top), values, rtol=2e-4, atol=1e-6)
    assert compressed(values, 1.0) is values


def test_a_lamp_is_painted_in_its_range_and_what_is_not_painted_stays(model, signals, bright):
    mask = np.full(bright.shape[:2], 255, np.uint8)
    mask[:, 45:] = 0
    whole = stylize(model, bright, "RGB", [(signals, 1)])
    masked = stylize(model, bright, "RGB", [(signals, 1)], mask=mask)
    assert 1 < whole.max() <= 12 * 1.001
    assert np.abs(whole[20:40, 30:60] - bright[20:40, 30:60]).mean() > 1
    np.testing.assert_array_equal(masked[:, 45:], bright[:, 45:])
    np.testing.assert_array_equal(masked[:, :45], whole[:, :45])
    faint = stylize(model, bright, "RGB", [(signals, 1)], weight=1e-6)
    np.testing.assert_allclose(faint, bright, rtol=1e-3, atol=1e-4)


def test_a_region_and_parts_know_the_brightest_value_of_the_whole(model, signals, bright):
    options = {"patch": 64, "budget": Budget(memory=0, disk=0)}
    whole = stylize(model, bright, "RGB", [(signals, 1)], **options)
    part = stylize(model, bright, "RGB", [(signals, 1)], region=(70, 50, 40, 30), **options)
    np.testing.assert_array_equal(part, whole[50:80, 70:110])
    spread = Spread(model, bright, "RGB", [(signals, 1)], patch=64)
    shared = spread.begin()
    while not spread.is_ready(shared):
        shared = spread.with_statistics(shared, [spread.statistics(shared, 0, len(spread.tiles(shared)))])
    np.testing.assert_array_equal(spread.paint(shared, Box(70, 50, 110, 80)), part)


def test_frames_of_a_clip_share_the_brightest_value(model, signals, bright):
    dark = bright.clip(0, 1)
    shared = share(model, [(dark, "RGB"), (bright, "RGB")], [(signals, 1)])
    assert shared.top == pytest.approx(12)
    first, second = (stylize(model, frame, "RGB", [(signals, 1)], shared=shared) for frame in (dark, bright))
    far = np.s_[70:, 100:]  # where both frames are alike, out of the lamp's reach
    np.testing.assert_allclose(first[far], second[far], atol=1e-5)


def test_what_cannot_be_seen_or_is_no_number_is_not_the_brightest(bright):
    layer = np.dstack([bright, np.ones(bright.shape[:2], np.float32)])
    layer[0, 0] = [500, 500, 500, 0]
    layer[1, 1, :3] = np.inf
    layer[2, 2, :3] = np.nan
    view = NetworkView(PixelArray(layer, "RGBA"))
    assert view.top == pytest.approx(12)
    seen = view.read(view.box)
    assert bool(seen.isfinite().all())
    assert (seen.min(), seen.max()) == (0, 1)
