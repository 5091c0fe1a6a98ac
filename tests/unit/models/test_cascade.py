"""Strokes that belong to the picture: the levels, their bands, and that no patch can be seen in them."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from scumble_models.bench.memory import peak_memory
from scumble_models.cascade import bands, contents, grids, painting
from scumble_models.cascade.bands import KeepLow
from scumble_models.cascade.contents import Picture
from scumble_models.cascade.grids import BASE_SIDE, enlargement, level_grids
from scumble_models.cascade.scales import Scale, WholeScale, any_scale
from scumble_models.errors import Cancelled
from scumble_models.look import Look
from scumble_models.pixels import NetworkView, PixelArray
from scumble_models.runner import SMALLEST_SIDE, KeptStatistics, run_at_once
from scumble_models.signals import StyleSignals
from scumble_models.stylize import encode_style, share, stylize
from scumble_models.tiling.box import Box
from scumble_models.tiling.budget import Budget
from tests.unit.models.conftest import natural_image

STYLES = Path(__file__).parents[3] / "examples" / "styles"
PHOTOS = Path(__file__).parents[3] / "examples" / "photos"
CPU = torch.device("cpu")
SIDES = st.integers(1, 70)


def as_tensor(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255


@pytest.fixture
def small_base(monkeypatch: pytest.MonkeyPatch) -> int:
    """Cascades of small pictures, which take no time: a stroke size of 1 paints 64 pixels."""
    monkeypatch.setattr(grids, "BASE_SIDE", 64)
    return 64


# The grids --------------------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 40_000), st.integers(1, 40_000), st.floats(0.25, 4.0))
def test_levels_halve_and_the_coarsest_has_the_stroke_size(width, height, stroke_size):
    whole = Box(0, 0, width, height)
    found, longest = level_grids(whole, stroke_size), max(width, height)
    wanted = min(BASE_SIDE, longest) / stroke_size
    assert found[-1] == whole
    for coarse, fine in itertools.pairwise(found[1:]):
        assert (coarse.width, coarse.height) == (-(-fine.width // 2), -(-fine.height // 2))
    if len(found) > 1:
        assert min(found[0].width, found[0].height) >= SMALLEST_SIDE
        coarsest = max(found[0].width, found[0].height)
        assert coarsest >= round(wanted)
        if min(width, height) * wanted / longest > 2 * SMALLEST_SIDE:  # else it has fewer levels
            assert coarsest <= 1.02 * wanted + 1
    if enlargement(whole, stroke_size) > 1.0:
        assert len(found) == 1
        assert wanted > longest


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
        return WholeScale(fine, draw(st.sampled_from((2, 4))))
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


@pytest.mark.parametrize("scale", [WholeScale(Box(0, 0, 64, 48), 4), WholeScale(Box(0, 0, 64, 48), 2)])
def test_sharpened_cells_survive_being_enlarged_and_reduced(scale: Scale):
    cells = torch.rand(1, 3, scale.coarse.height, scale.coarse.width)
    blurred = scale.reduce(scale.enlarge(cells, scale.coarse, scale.fine), scale.fine, scale.coarse)
    assert (blurred - cells).abs().max() > 0.1
    sharp = scale.sharpened(cells, scale.coarse, scale.coarse)
    back = scale.reduce(scale.enlarge(sharp, scale.coarse, scale.fine), scale.fine, scale.coarse)
    assert (back - cells).abs().max() < 0.01


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
    monkeypatch.setattr(bands, "MOST_GAIN", 1.0)
    if contrast < 1:  # nothing is black or white
        assert gained == off()
        assert gained < 0.01
    else:
        assert gained < 0.8 * off()


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


# Whole pictures ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(150, 190), (64, 64), (9, 40)])
def test_one_level_is_one_pass_bit_for_bit(model, signals, size):
    layer = natural_image(*size)
    view = NetworkView(PixelArray(layer, "RGB"))
    once = run_at_once(model, signals, view.read(view.box)).clamp(0, 1)
    expected = (once[0].permute(1, 2, 0) * 255).round().byte().numpy()
    found = stylize(model, layer, "RGB", [(signals, 1)], tiling="full")
    np.testing.assert_array_equal(found, expected)


@pytest.mark.slow
@settings(max_examples=5, deadline=None)
@given(
    st.integers(70, 220),
    st.integers(70, 220),
    st.sampled_from([0.5, 1.0, 1.7, 3.0]),
    st.sampled_from([64, 100]),
    st.data(),
)
def test_patches_and_regions_equal_the_whole(model, signals, width, height, stroke_size, patch, data):
    layer, look = natural_image(height, width), Look(stroke_size=stroke_size)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(grids, "BASE_SIDE", 64)
        whole = stylize(model, layer, "RGB", [(signals, 1)], look=look, tiling="full")
        options = {"look": look, "patch": patch, "budget": Budget(memory=0, disk=1 << 30)}
        cut = stylize(model, layer, "RGB", [(signals, 1)], **options)
        assert np.abs(whole.astype(int) - cut).max() <= 1
        left, top = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
        region = (
            left,
            top,
            data.draw(st.integers(1, width - left)),
            data.draw(st.integers(1, height - top)),
        )
        kept = KeptStatistics()
        for _ in range(2):  # the second time with what the first one kept
            part = stylize(model, layer, "RGB", [(signals, 1)], region=region, kept=kept, **options)
            expected = whole[top : top + region[3], left : left + region[2]]
            assert np.abs(expected.astype(int) - part).max() <= 1


@pytest.mark.slow
@pytest.mark.parametrize("options", [{"tiling": "thumbnail"}, {"weight": 0.6}, {"masked": True}])
def test_regions_equal_the_whole_with_thumbnails_weights_and_masks(model, signals, small_base, options):
    layer, masks = natural_image(200, 260, channels=4), None
    styles = [(signals, 1.0)]
    if options.pop("masked", False):
        left = np.zeros((200, 260), np.uint8)
        left[:, :140] = 255
        masks = [left, 255 - left]
        styles.append((encode_style(model, 255 - natural_image(100, 100, seed=9), "RGB"), 1.0))
    whole = stylize(model, layer, "RGBA", styles, patch=64, style_masks=masks, **options)
    part = stylize(
        model, layer, "RGBA", styles, patch=64, region=(60, 51, 100, 80), style_masks=masks, **options
    )
    assert np.abs(whole[51:131, 60:160].astype(int) - part).max() <= 1


@pytest.mark.slow
def test_all_patches_are_counted_in_one_and_the_work_stops_between_them(model, signals, small_base):
    layer, seen = natural_image(250, 200), []
    stylize(model, layer, "RGB", [(signals, 1)], patch=64, on_progress=lambda *event: seen.append(event))
    assert [done for done, _, _ in seen] == list(range(1, len(seen) + 1))
    assert {total for _, total, _ in seen} == {len(seen)}
    for stop in (1, len(seen) // 2, len(seen) - 1):
        count = []
        with pytest.raises(Cancelled):
            stylize(
                model,
                layer,
                "RGB",
                [(signals, 1)],
                patch=64,
                on_progress=lambda *event, count=count: count.append(event),
                cancelled=lambda count=count, stop=stop: len(count) == stop,
            )
        assert len(count) == stop


@pytest.mark.parametrize("size", [(1536, 2048), (3000, 4000), (24_000, 30_000)])
def test_the_coarser_levels_have_few_of_the_pixels(size):
    found = level_grids(Box(0, 0, *size), 1.0)
    assert sum(grid.area for grid in found) <= 1.4 * found[-1].area


def test_a_small_region_costs_its_own_area_once_the_statistics_are_known(model, signals, small_base):
    layer, kept = natural_image(300, 300), KeptStatistics()

    def patches(region: tuple[int, int, int, int]) -> int:
        seen: list[int] = []
        stylize(
            model,
            layer,
            "RGB",
            [(signals, 1)],
            patch=64,
            region=region,
            kept=kept,
            on_progress=lambda done, _total, _stage: seen.append(done),
        )
        return len(seen)

    assert patches((100, 100, 64, 64)) > 60
    assert patches((100, 100, 64, 64)) < 30  # one at full resolution, the rest around it below


# What one sees ----------------------------------------------------------------------------------------------


def box_reduced(image: np.ndarray, like: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(image).resize(like.shape[1::-1], Image.Resampling.BOX)).astype(int)


@pytest.mark.parametrize("photo", ["cat", "rocket", "synthetic"])
def test_the_preview_is_the_result_scaled_down(model, photo):
    style = encode_style(model, np.asarray(Image.open(STYLES / "swirls.jpg").convert("RGB")), "RGB")
    if photo == "synthetic":
        layer = natural_image(960, 1280)
    else:
        picture = Image.open(PHOTOS / f"{photo}.jpg").convert("RGB")
        factor = 1600 / max(picture.size)
        layer = np.asarray(picture.resize([round(side * factor) for side in picture.size]))
    shown: list[np.ndarray] = []
    result = stylize(model, layer, "RGB", [(style, 1)], on_preview=shown.append)
    assert max(shown[0].shape) == BASE_SIDE
    assert np.abs(box_reduced(result, shown[0]) - shown[0]).mean() < 4
    # And so is what an editor shows: a small copy, painted by itself.
    copy = box_reduced(layer, shown[0]).astype(np.uint8)
    painted = stylize(model, copy, "RGB", [(style, 1)])
    assert np.abs(painted.astype(int) - shown[0]).mean() < 3  # another scaler made it
    assert np.abs(box_reduced(result, shown[0]) - painted).mean() < 4


@pytest.mark.slow
@settings(max_examples=6, deadline=None)
@given(st.integers(80, 260), st.integers(80, 260), st.floats(0.25, 4.0), st.sampled_from([None, 64, 100]))
def test_at_any_size_and_stroke_size_the_preview_is_the_result_scaled_down(
    model, signals, width, height, stroke_size, patch
):
    layer, look, shown = natural_image(height, width), Look(stroke_size=stroke_size), []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(grids, "BASE_SIDE", 64)
        levels = level_grids(Box(0, 0, width, height), stroke_size)
        result = stylize(model, layer, "RGB", [(signals, 1)], look=look, patch=patch, on_preview=shown.append)
    assert len(shown) == (len(levels) > 1)
    for preview in shown:
        assert preview.shape[1::-1] == levels[0][2:]
        assert np.abs(box_reduced(result, preview) - preview).mean() < 4


@pytest.mark.slow
@pytest.mark.parametrize(("tiling", "sides"), [("exact", (1280, 2560)), ("thumbnail", (1100, 2200))])
def test_a_larger_picture_takes_no_more_memory(tiling, sides):
    small, large = (peak_memory("microast", side, tiling, patch=256) for side in sides)
    assert small.bytes is not None
    assert large.bytes is not None
    # Its pixels, result and features would take 160 MB more, or 216.
    assert large.bytes - small.bytes < 90e6


def test_a_preview_is_blended_as_the_result_is(model, signals, small_base):
    layer = natural_image(160, 200, channels=4).astype(np.uint16) * 257
    mask = np.zeros((160, 200), np.uint8)
    mask[:, 100:] = 255
    shown: list[np.ndarray] = []
    look = Look(preserve_color="luminance", contrast=1.2, detail=0.4)
    result = stylize(
        model,
        layer,
        "BGRA",
        [(signals, 1)],
        weight=0.7,
        mask=mask,
        look=look,
        region=(50, 0, 100, 160),
        on_preview=shown.append,
    )
    assert (shown[0].dtype, shown[0].shape) == (np.uint16, (51, 32, 4))
    assert result.shape == (160, 100, 4)
    # Of the grid of 64x51 the columns from 16 on; where the mask is black they are the layer's own pixels.
    rows = [int((row + 0.5) * 160 / 51) for row in range(51)]
    columns = [int((column + 0.5) * 200 / 64) for column in range(16, 32)]
    np.testing.assert_array_equal(shown[0][:, :16], layer[rows][:, columns])
    assert not np.array_equal(shown[0][:, 17:], layer[rows][:, [c + 50 for c in columns[1:]]])
    assert stylize(model, natural_image(60, 60), "RGB", [(signals, 1)], on_preview=shown.append) is not None
    assert len(shown) == 1


def test_learned_styles_in_their_places_are_shown_once_as_a_mix_and_counted_in_one(
    model, signals, small_base
):
    layer, masks = natural_image(160, 200), [np.zeros((160, 200), np.uint8)]
    masks[0][:, :100] = 255
    masks.append(255 - masks[0])
    weights = model.network.decoder_weights()
    styles = [
        StyleSignals(signals.architecture, signals.tensors, {n: factor * w for n, w in weights.items()})
        for factor in (1.1, 0.8)
    ]
    shown: list[np.ndarray] = []
    seen: list[tuple[int, int]] = []
    result = stylize(
        model,
        layer,
        "RGB",
        [(style, 1.0) for style in styles],
        style_masks=masks,
        patch=64,
        on_preview=shown.append,
        on_progress=lambda done, total, _stage: seen.append((done, total)),
    )
    (preview,) = shown
    assert preview.shape == (51, 64, 3)
    assert np.abs(box_reduced(result, preview) - preview).mean() < 4
    for index, (style, half) in enumerate(zip(styles, (slice(0, 28), slice(36, 64)), strict=True)):
        alone: list[np.ndarray] = []
        stylize(model, layer, "RGB", [(style, 1.0)], patch=64, on_preview=alone.append)
        assert np.abs(alone[0][:, half].astype(int) - preview[:, half]).max() <= 1, index
    assert [done for done, _ in seen] == list(range(1, len(seen) + 1))
    assert {total for _, total in seen} == {len(seen)}


def test_frames_share_the_statistics_of_every_level(model, signals, small_base):
    frames = [natural_image(150, 200) for _ in range(2)]
    frames[1][:40, :60] = 250
    shared = share(model, [(frame, "RGB") for frame in frames], [(signals, 1)], patch=64)
    assert len(shared.statistics) == len(level_grids(Box(0, 0, 200, 150), 1.0)) > 1
    painted = [stylize(model, frame, "RGB", [(signals, 1)], shared=shared).astype(int) for frame in frames]
    alone = [stylize(model, frame, "RGB", [(signals, 1)]).astype(int) for frame in frames]
    apart = [np.abs(one[-20:] - other[-20:]).mean() for one, other in (painted, alone)]
    assert apart[0] < 0.2 * apart[1]
    itself = share(model, [(frames[0], "RGB")], [(signals, 1)], patch=64)
    again = stylize(model, frames[0], "RGB", [(signals, 1)], shared=itself)
    assert np.abs(again.astype(int) - alone[0]).max() <= 1


def test_a_network_that_does_not_cascade_has_one_level(model, signals, small_base, monkeypatch):
    layer = natural_image(150, 200)
    traits = replace(model.traits, cascades=False)
    model = replace(model, info=replace(model.info, traits=traits))
    assert painting.grids_for(model, Box(0, 0, 200, 150), 1.0) == (Box(0, 0, 200, 150),)
    whole = run_at_once(model, signals, as_tensor(layer)).clamp(0, 1)[0].permute(1, 2, 0) * 255
    found = stylize(model, layer, "RGB", [(signals, 1)], tiling="full")
    assert np.abs(found.astype(float) - whole.numpy()).max() <= 0.51


def test_without_the_contents_edges_finer_levels_have_less_of_them(model, signals, small_base, monkeypatch):
    layer = natural_image(200, 200)
    layer[::10] = 255
    sharp = stylize(model, layer, "RGB", [(signals, 1)])
    monkeypatch.setattr(contents, "BETA", 0.0)
    soft = stylize(model, layer, "RGB", [(signals, 1)])
    rows = [np.abs(np.diff(image.astype(int), axis=0)).mean() for image in (sharp, soft)]
    assert rows[0] > rows[1]
