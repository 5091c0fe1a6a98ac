"""The levels of a cascade: their sizes, the way between two, and what a finer one keeps of a coarser."""

from __future__ import annotations

import itertools

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from scumble_models.cascade import bands
from scumble_models.cascade.bands import KeepLow
from scumble_models.cascade.climb import Cascade
from scumble_models.cascade.contents import Picture
from scumble_models.cascade.grids import BASE_SIDE, enlargement, level_grids
from scumble_models.cascade.scales import Scale, WholeScale, any_scale
from scumble_models.runner import SMALLEST_SIDE
from scumble_models.tiling.box import Box
from scumble_models.tiling.budget import Budget

CPU = torch.device("cpu")
SIDES = st.integers(1, 70)


# The grids --------------------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 40_000), st.integers(1, 40_000), st.floats(0.25, 4.0))
def test_levels_are_a_third_or_half_and_the_coarsest_has_the_stroke_size(width, height, stroke_size):
    whole = Box(0, 0, width, height)
    found, longest = level_grids(whole, stroke_size), max(width, height)
    wanted = min(BASE_SIDE, longest) / stroke_size
    assert found[-1] == whole
    for coarse, fine in itertools.pairwise(found[1:]):
        third, half = ((-(-fine.width // step), -(-fine.height // step)) for step in (3, 2))
        assert coarse[2:] in (third, half) or coarse == preview_of(whole)
    if len(found) > 1:
        assert min(found[0].width, found[0].height) >= SMALLEST_SIDE
        coarsest = max(found[0].width, found[0].height)
        assert coarsest >= round(wanted)
        if min(width, height) * wanted / longest > 2 * SMALLEST_SIDE:  # else it has fewer levels
            assert coarsest <= 1.02 * wanted + 1
    if enlargement(whole, stroke_size) > 1.0:
        assert len(found) == 1
        assert wanted > longest


def preview_of(whole: Box) -> Box:
    factor = BASE_SIDE / max(whole.width, whole.height)
    return Box(0, 0, round(whole.width * factor), round(whole.height * factor))


@settings(max_examples=100, deadline=None)
@given(st.integers(700, 40_000), st.integers(700, 40_000), st.floats(1.0, 4.0))
def test_the_first_levels_are_those_of_the_preview(width, height, stroke_size):
    whole = Box(0, 0, width, height)
    preview = preview_of(whole)
    found, wanted = level_grids(whole, stroke_size), level_grids(preview, stroke_size)
    if min(preview.width, preview.height) > 4 * SMALLEST_SIDE:  # else it has fewer levels
        assert found[: len(wanted)] == wanted


@settings(max_examples=100, deadline=None)
@given(st.integers(641, 40_000), st.floats(0.25, 1.0))
def test_no_step_is_near_1_where_there_are_several(longest, stroke_size):
    sides = [box.width for box in level_grids(Box(0, 0, longest, longest), stroke_size)]
    steps = [fine / coarse for coarse, fine in itertools.pairwise(sides)]
    assert all(1.9 < step < 4.7 for step in steps) or len(steps) == 1


@settings(max_examples=100, deadline=None)
@given(st.integers(641, 40_000), st.integers(641, 40_000))
def test_the_coarsest_level_has_the_size_of_a_preview(width, height):
    factor = BASE_SIDE / max(width, height)
    found = level_grids(Box(0, 0, width, height), 1.0)
    if len(found) > 1 and min(width, height) * factor > 2 * SMALLEST_SIDE:
        assert found[0][2:] == (round(width * factor), round(height * factor))


@pytest.mark.parametrize("size", [(1, 1), (300, 200), (640, 640), (17, 640)])
def test_a_picture_no_larger_than_a_preview_has_one_level(size):
    assert level_grids(Box(0, 0, *size), 1.0) == (Box(0, 0, *size),)
    assert enlargement(Box(0, 0, *size), 1.0) == 1.0


# Scales -----------------------------------------------------------------------------------------------------


@st.composite
def scales(draw: st.DrawFn) -> Scale:
    fine = Box(0, 0, draw(SIDES), draw(SIDES))
    if draw(st.booleans()):
        return WholeScale(fine, draw(st.sampled_from((2, 3, 4))))
    return any_scale(fine, Box(0, 0, *(max(1, round(side / draw(st.floats(1.0, 2.9)))) for side in fine[2:])))


@settings(max_examples=100, deadline=None)
@given(scales(), st.data())
def test_a_patch_of_any_scale_is_that_of_the_whole(scale: Scale, data):
    generator = torch.Generator().manual_seed(1)
    cells = torch.rand(1, 2, scale.coarse.height, scale.coarse.width, generator=generator)
    pixels = torch.rand(1, 2, scale.fine.height, scale.fine.width, generator=generator)

    def part(values, box):
        rows, columns = box.slices()
        return values[:, :, rows, columns]

    def some(whole: Box) -> Box:
        left, top = data.draw(st.integers(0, whole.right - 1)), data.draw(st.integers(0, whole.bottom - 1))
        right, bottom = st.integers(left + 1, whole.right), st.integers(top + 1, whole.bottom)
        return Box(left, top, data.draw(right), data.draw(bottom))

    box, kept = some(scale.fine), some(scale.coarse)
    needed = scale.cells_for(box)
    assert needed == needed.intersect(scale.coarse)
    assert box == box.intersect(scale.pixels_of(needed))
    whole = scale.enlarge(cells, scale.coarse, scale.fine)
    torch.testing.assert_close(scale.enlarge(part(cells, needed), needed, box), part(whole, box))
    whole = scale.reduce(pixels, scale.fine, scale.coarse)
    under = scale.pixels_of(kept)
    torch.testing.assert_close(scale.reduce(part(pixels, under), under, kept), part(whole, kept))
    whole = scale.sharpened(cells, scale.coarse, scale.coarse)
    around = scale.around(kept)
    torch.testing.assert_close(
        scale.sharpened(part(cells, around), around, kept), part(whole, kept), atol=1e-5, rtol=1e-4
    )


@pytest.mark.parametrize("scale", [WholeScale(Box(0, 0, 64, 48), factor) for factor in (2, 3, 4)])
def test_sharpened_cells_survive_being_enlarged_and_reduced(scale: Scale):
    cells = torch.rand(1, 3, scale.coarse.height, scale.coarse.width)
    blurred = scale.reduce(scale.enlarge(cells, scale.coarse, scale.fine), scale.fine, scale.coarse)
    assert (blurred - cells).abs().max() > 0.1
    sharp = scale.sharpened(cells, scale.coarse, scale.coarse)
    back = scale.reduce(scale.enlarge(sharp, scale.coarse, scale.fine), scale.fine, scale.coarse)
    assert (back - cells).abs().max() < 0.01


@pytest.mark.parametrize("sides", [(3001, 521), (4002, 1041), (5401, 203)])
def test_cells_of_the_coarsest_level_do_not_drift_where_sides_are_no_multiples(model, sides):
    """A ramp reduced level by level is the ramp reduced at once, up to the right and lower border."""
    whole = Box(0, 0, *sides)
    grids = level_grids(whole, 1.0)
    assert len(grids) > 2
    ramp = torch.arange(sides[0]) + torch.arange(sides[1])[:, None]
    found, wanted = ramp[None, None].float(), any_scale(whole, grids[0])
    for scale in reversed(Cascade(model, grids).scales):
        found = scale.reduce(found, scale.fine, scale.coarse)
    inner = (..., slice(0, -1), slice(0, -1))  # the last cell may be of fewer pixels
    off = (found - wanted.reduce(ramp[None, None].float(), whole, grids[0]))[inner]
    assert off.abs().max() < 0.5  # of a pixel: cells that are cut count as even
    quarter = off.shape[3] // 4
    assert (off[..., :quarter].mean() - off[..., -quarter:].mean()).abs() < 0.05


@pytest.mark.parametrize("contrast", [0.3, 3.0])
def test_a_level_keeps_the_coarser_means_and_where_pixels_are_black_or_white_others_move(
    contrast, monkeypatch
):
    fine = Box(0, 0, 96, 64)
    scale, generator = WholeScale(fine, 2), torch.Generator().manual_seed(3)
    means = F.interpolate(torch.rand(1, 3, 8, 12, generator=generator), (32, 48), mode="bilinear")
    coarser = Picture(scale.coarse, scale.coarse, Budget(1 << 30, 0), CPU)
    coarser.write(scale.coarse, means)
    output = (0.5 + contrast * (torch.rand(1, 3, 64, 96, generator=generator) - 0.5)).clamp(0, 1)

    def off() -> float:
        found = KeepLow(scale, coarser).apply(output, fine, fine).clamp(0, 1)
        return float((scale.reduce(found, fine, scale.coarse) - means).abs().mean())

    gained = off()
    monkeypatch.setattr(bands, "OVERSHOOT", 0.0)  # one correction
    if contrast < 1:  # little is black or white
        assert gained < 0.01
    else:
        assert gained < 0.6 * off()


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(st.integers(16, 70), st.integers(16, 70), st.integers(1, 2), st.integers(5, 40))
def test_a_joined_patch_is_that_of_the_whole_and_has_the_coarser_means(width, height, level, side):
    fine = Box(0, 0, width, height)
    scale = WholeScale(fine, 2) if level > 1 else any_scale(fine, Box(0, 0, width * 2 // 3, height * 2 // 3))
    coarser = Picture(scale.coarse, scale.coarse, Budget(1 << 30, 0), CPU)
    generator = torch.Generator().manual_seed(2)
    coarser.write(
        scale.coarse, torch.rand(1, 3, scale.coarse.height, scale.coarse.width, generator=generator)
    )
    output = torch.rand(1, 3, height, width, generator=generator)
    join = KeepLow(scale, coarser)
    whole = join.apply(output, fine, fine)
    for tile in fine.tiles(side):
        grown = join.grown(tile)
        rows, columns = grown.slices()
        found = join.apply(output[:, :, rows, columns], grown, tile)
        rows, columns = tile.slices()
        torch.testing.assert_close(found, whole[:, :, rows, columns], atol=1e-4, rtol=0)
