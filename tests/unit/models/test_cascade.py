"""Strokes that belong to the picture: whole pictures, their patches and regions, and what one sees."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from scumble_bench.memory import peak_memory
from scumble_models.cascade import contents, grids, painting
from scumble_models.cascade.grids import BASE_SIDE, level_grids
from scumble_models.errors import Cancelled
from scumble_models.look import Look
from scumble_models.pixels import NetworkView, PixelArray
from scumble_models.runner import KeptStatistics, run_at_once
from scumble_models.signals import StyleSignals
from scumble_models.stylize import encode_style, share, stylize
from scumble_models.tiling.box import Box
from scumble_models.tiling.budget import Budget
from tests.unit.models.conftest import natural_image

STYLES = Path(__file__).parents[3] / "examples" / "styles"
PHOTOS = Path(__file__).parents[3] / "examples" / "photos"


def as_tensor(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255


@pytest.fixture
def small_base(monkeypatch: pytest.MonkeyPatch) -> int:
    """Cascades of small pictures, which take no time: a stroke size of 1 paints 64 pixels."""
    monkeypatch.setattr(grids, "BASE_SIDE", 64)
    return 64


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
    assert sum(grid.area for grid in found) <= 1.2 * found[-1].area


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
        # At their real size the bound is 4, above. These copies have 16 to 256 pixels, where borders and what
        # clips at either end count for more: of some 3,000 examples the worst had 6.6.
        assert np.abs(box_reduced(result, preview) - preview).mean() < 8


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
