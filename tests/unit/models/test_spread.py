"""A layer computed in parts equals the layer computed in one place."""

from __future__ import annotations

import itertools
import pickle

import numpy as np
import pytest

from scumble_models import spread as spreading
from scumble_models.cascade import grids
from scumble_models.look import Look
from scumble_models.signals import StyleSignals
from scumble_models.spread import Spread, can_spread
from scumble_models.stylize import stylize
from scumble_models.tiling.box import Box
from scumble_models.tiling.budget import Budget
from tests.unit.models.conftest import natural_image

CASES = {
    "rgb": ("RGB", 3, {}),
    "alpha": ("RGBA", 4, {"weight": 0.7}),
    "look": ("RGB", 3, {"look": Look(preserve_color="palette", contrast=1.2, detail=0.5)}),
    "protected": ("RGB", 3, {"look": Look(protect_skin=0.9, protect_edges=0.9)}),
    "thumbnail": ("RGB", 3, {"tiling": "thumbnail"}),
}


@pytest.mark.parametrize("name", CASES)
def test_parts_equal_the_whole_bit_for_bit_where_features_are_computed_alike(model, signals, name):
    channels, count, options = CASES[name]
    layer = natural_image(150, 210, channels=count)
    if count == 4:
        layer[:, 100:, 3] = 0
    whole = stylize(
        model, layer, channels, [(signals, 1)], patch=64, budget=Budget(memory=0, disk=0), **options
    )
    spread = Spread(model, layer, channels, [(signals, 1)], patch=64, **options)
    shared = (
        pickle.loads(pickle.dumps(spread.begin(), protocol=5)) if "look" not in options else spread.begin()
    )
    while not spread.is_ready(shared):
        tiles = spread.tiles(shared)
        cuts = [0, 1, 4, len(tiles)]
        parts = [spread.statistics(shared, a, b) for a, b in itertools.pairwise(cuts)]
        shared = spread.with_statistics(shared, parts)
    result = np.empty_like(layer)
    for block in Box(0, 0, 210, 150).tiles(128):
        result[block.slices()] = spread.paint(shared, block)
    np.testing.assert_array_equal(result, whole)


def test_parts_of_a_learned_style_equal_the_whole(model, signals):
    decoder = {name: 1.1 * weight for name, weight in model.network.decoder_weights().items()}
    learned = StyleSignals(signals.architecture, signals.tensors, decoder)
    layer = natural_image(90, 130)
    options = {"weight": 0.8, "patch": 64}
    whole = stylize(model, layer, "RGB", [(learned, 1)], budget=Budget(memory=0, disk=0), **options)
    assert not np.array_equal(whole, stylize(model, layer, "RGB", [(signals, 1)], **options))
    spread = Spread(model, layer, "RGB", [(learned, 1)], **options)
    shared = spread.begin()
    while not spread.is_ready(shared):
        parts = [spread.statistics(shared, 0, len(spread.tiles(shared)))]
        shared = spread.with_statistics(shared, parts)
    result = np.empty_like(layer)
    for block in Box(0, 0, 130, 90).tiles(64):
        result[block.slices()] = spread.paint(shared, block)
    np.testing.assert_array_equal(result, whole)


@pytest.mark.parametrize("options", [{}, {"look": Look(stroke_size=2.0)}, {"tiling": "thumbnail"}])
def test_parts_of_a_cascade_equal_the_whole(model, signals, options, monkeypatch):
    monkeypatch.setattr(grids, "BASE_SIDE", 64)
    monkeypatch.setattr(spreading, "SMALL_LEVEL", 64 * 64)  # all levels but the coarsest in parts
    layer = natural_image(150, 190)
    whole = stylize(model, layer, "RGB", [(signals, 1)], patch=64, **options)
    spread, wanted = Spread(model, layer, "RGB", [(signals, 1)], patch=64, **options), []
    shared = pickle.loads(pickle.dumps(spread.begin(), protocol=5))
    while not spread.is_ready(shared):
        wanted.append(spread.wanted(shared))
        count = len(spread.tiles(shared))
        parts = [spread.statistics(shared, *cut) for cut in itertools.pairwise([0, count // 2, count])]
        shared = spread.with_statistics(shared, parts)
    found = grids.level_grids(Box(0, 0, 190, 150), spread.look.stroke_size)
    assert len(shared.statistics) == len(found) > 1
    large = [k for k, grid in enumerate(found, 1) if grid.area > 64 * 64 and "tiling" not in options]
    assert wanted == [f"statistics {point} of level {k} of {len(found)}" for k in large for point in (1, 2)]
    for block in (Box(0, 0, 128, 128), Box(128, 64, 190, 150)):
        part = spread.paint(shared, block)
        assert np.abs(part.astype(int) - whole[block.slices()]).max() <= 1


def test_what_is_tiny_or_enlarged_is_computed_as_a_whole():
    assert can_spread(4000, 3000, Look(stroke_size=0.25))
    assert can_spread(300, 200, Look())
    assert not can_spread(15, 4000, Look())
    assert not can_spread(600, 400, Look(stroke_size=0.5))
