"""A layer computed in parts equals the layer computed in one place."""

from __future__ import annotations

import itertools
import pickle

import numpy as np
import pytest

from scumble_models.look import Look
from scumble_models.signals import StyleSignals
from scumble_models.spread import Spread
from scumble_models.stylize import stylize
from scumble_models.tiling.box import Box
from scumble_models.tiling.budget import Budget
from tests.unit.models.conftest import natural_image

CASES = {
    "rgb": ("RGB", 3, {}),
    "alpha": ("RGBA", 4, {"weight": 0.7}),
    "look": ("RGB", 3, {"look": Look(preserve_color="palette", contrast=1.2, detail=0.5)}),
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
    shared = pickle.loads(pickle.dumps(spread.begin(), protocol=5)) if name != "look" else spread.begin()
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
    learned = StyleSignals(signals.architecture, signals.vectors, decoder)
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
