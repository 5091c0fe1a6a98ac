"""Layers that belong together: one set of statistics, so that what does not move does not change."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from scumble_models.errors import Cancelled
from scumble_models.look import Look
from scumble_models.stylize import encode_style, share, stylize
from scumble_models.tiling.statistics import RunningStatistics
from tests.unit.models.conftest import natural_image

LOOKS = {
    "plain": (1.0, Look()),
    "faded": (0.6, Look()),
    "palette": (1.0, Look(preserve_color="palette", contrast=1.3)),
    "strokes": (0.8, Look(stroke_size=2.0)),
}


def clip(frames: int = 5) -> list[np.ndarray]:
    """A still scene in which a bright square moves along the top."""
    scene = natural_image(160, 200)
    moving = []
    for index in range(frames):
        frame = scene.copy()
        frame[4:36, 10 + 30 * index : 42 + 30 * index] = (250, 240, 60)
        moving.append(frame)
    return moving


def flicker(frames: list[np.ndarray]) -> float:
    """Mean absolute difference of successive frames, 0..255, in the part that nothing moves through.

    Rows below 136 are more than the network's reach away from the square.
    """
    still = [frame[136:].astype(float) for frame in frames]
    return float(np.mean([np.abs(b - a).mean() for a, b in itertools.pairwise(still)]))


@pytest.mark.parametrize("name", LOOKS)
def test_what_does_not_move_does_not_flicker(model, signals, name):
    weight, look = LOOKS[name]
    options = {"weight": weight, "look": look}
    frames, styles = clip(), [(signals, 1.0)]
    alone = [stylize(model, frame, "RGB", styles, **options) for frame in frames]
    shared = share(model, [(frame, "RGB") for frame in frames[::2]], styles, **options)
    together = [stylize(model, frame, "RGB", styles, shared=shared, **options) for frame in frames]
    before, after = flicker(alone), flicker(together)
    # Measured: 2.4 plain, 2.1 faded, 3.9 palette, 2.9 strokes, and 0 together.
    assert before > 1
    if look.stroke_size == 1.0:
        assert after == 0
    else:  # the scaled layer's pixels mix a little of what is near; the reach is twice as far, too
        assert after < 0.01
    change = [np.abs(a.astype(float) - b).mean() for a, b in zip(alone, together, strict=True)]
    assert max(change) < 12  # still the same picture


@pytest.mark.parametrize("size", [(150, 170), (5, 40), (1, 1)])
@pytest.mark.parametrize("name", LOOKS)
def test_shared_with_itself_alone_a_layer_is_what_it_is_by_itself(model, signals, name, size):
    weight, look = LOOKS[name]
    layer, styles = natural_image(*size), [(signals, 1.0)]
    options = {"weight": weight, "look": look}
    shared = share(model, [(layer, "RGB")], styles, patch=64, **options)
    alone = stylize(model, layer, "RGB", styles, **options)
    same = stylize(model, layer, "RGB", styles, shared=shared, patch=64, **options)
    assert np.abs(alone.astype(int) - same).max() <= 1


def test_references_of_any_size_and_kind_and_masks(model, signals):
    other = encode_style(model, 255 - natural_image(100, 100, seed=9), "RGB")
    styles = [(signals, 1.0), (other, 1.0)]
    layer = natural_image(90, 120)
    left = np.zeros((90, 120), np.uint8)
    left[:, :60] = 255
    masks = [left, 255 - left]
    references = [(layer, "RGB"), (natural_image(64, 40, channels=4), "RGBA")]
    shared = share(model, references, styles, style_masks=masks)
    result = stylize(model, layer, "RGB", styles, shared=shared, style_masks=masks)
    assert result.shape == layer.shape
    assert all(torch.isfinite(value).all() for level in shared.statistics for pair in level for value in pair)


def test_gathering_stops_when_it_is_cancelled(model, signals):
    with pytest.raises(Cancelled):
        share(model, [(natural_image(64, 64), "RGB")], [(signals, 1.0)], cancelled=lambda: True)


def test_merged_statistics_are_those_of_all_patches_in_one_go():
    values = torch.randn(1, 3, 40, 60, generator=torch.Generator().manual_seed(1)) + 5
    whole = RunningStatistics()
    whole.update(values)
    merged = RunningStatistics()
    merged.merge(RunningStatistics())
    for piece in (values[:, :, :7], values[:, :, 7:8], values[:, :, 8:]):
        part = RunningStatistics()
        part.update(piece)
        merged.merge(part)
    for one, other in zip(whole.result("cpu"), merged.result("cpu"), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=0)
