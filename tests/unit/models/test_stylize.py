"""One job through the public function: sizes, weight, depth, alpha, region, mask, cancel."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scumble_models.errors import Cancelled, PixelsError, SignalsError
from scumble_models.pixels import THUMBNAIL_PIXELS, thumbnail_of
from scumble_models.signals import StyleSignals, mix
from scumble_models.stylize import encode_style, stylize
from scumble_models.tiling.box import Box
from tests.unit.models.conftest import natural_image

QUICK = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TYPES = {"u8": np.uint8, "u16": np.uint16, "f16": np.float16, "f32": np.float32}
COUNTS = {"RGB": 3, "RGBA": 4, "BGRA": 4, "GRAY": 1, "GRAYA": 2}


def as_type(image: np.ndarray, kind: str) -> np.ndarray:
    """A uint8 picture in another depth, with values between the 256 levels where there are any."""
    if kind == "u8":
        return image
    values = image.astype(np.float64) / 255
    values = np.clip(values + np.random.default_rng(5).uniform(-0.002, 0.002, values.shape), 0, 1)
    return (values * 65535).astype(np.uint16) if kind == "u16" else values.astype(TYPES[kind])


def distance(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.sqrt(np.mean((first.astype(np.float64) - second.astype(np.float64)) ** 2)))


@pytest.mark.parametrize(
    ("width", "height"), [(1, 1), (1, 40), (3, 7), (4, 4), (15, 16), (17, 33), (101, 64)]
)
def test_the_result_has_the_size_of_the_layer(model, signals, width, height):
    layer = natural_image(height, width)
    assert stylize(model, layer, "RGB", [(signals, 1)]).shape == layer.shape


@QUICK
@given(width=st.integers(1, 70), height=st.integers(1, 70), tiling=st.sampled_from(["full", "exact"]))
def test_every_size_comes_back_as_it_went_in(model, signals, width, height, tiling):
    layer = natural_image(height, width)
    result = stylize(model, layer, "RGB", [(signals, 1)], tiling=tiling, patch=64)
    assert result.shape == layer.shape


@pytest.mark.parametrize("channels", COUNTS)
@pytest.mark.parametrize("kind", TYPES)
def test_weight_zero_returns_the_layer_bit_for_bit(model, signals, kind, channels):
    layer = as_type(natural_image(20, 24, channels=COUNTS[channels]), kind)
    result = stylize(model, layer, channels, [(signals, 1)], weight=0)
    assert result.tobytes() == layer.tobytes()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_distance_to_the_layer_grows_with_the_weight(model, seed):
    layer = natural_image(96, 128, seed)
    style = encode_style(model, natural_image(96, 96, seed + 50), "RGB")
    steps = [0, 0.05, 0.15, 0.25, 0.4, 0.6, 0.8, 1.0]
    found = [distance(stylize(model, layer, "RGB", [(style, 1)], weight=w), layer) for w in steps]
    assert found[0] == 0
    assert all(later > earlier for earlier, later in itertools.pairwise(found))


def test_a_small_step_of_the_weight_is_a_small_step_of_the_picture(model, signals):
    layer = natural_image(96, 128)
    results = [stylize(model, layer, "RGB", [(signals, 1)], weight=w / 20) for w in range(21)]
    whole = distance(results[0], results[-1])
    jumps = [distance(a, b) for a, b in itertools.pairwise(results)]
    assert max(jumps) < 0.2 * whole


@pytest.mark.parametrize("channels", COUNTS)
@pytest.mark.parametrize("kind", TYPES)
def test_type_order_and_alpha_are_kept(model, signals, kind, channels):
    layer = as_type(natural_image(40, 52, channels=COUNTS[channels]), kind)
    result = stylize(model, layer, channels, [(signals, 1)])
    assert result.dtype == layer.dtype
    assert result.shape == layer.shape
    assert not np.array_equal(result, layer)
    if channels.endswith("A"):
        assert np.array_equal(result[..., -1], layer[..., -1])


def test_bgra_is_rgba_in_another_order(model, signals):
    layer = natural_image(40, 52, channels=4)
    expected = stylize(model, layer, "RGBA", [(signals, 1)])
    found = stylize(model, layer[..., [2, 1, 0, 3]], "BGRA", [(signals, 1)])
    assert np.array_equal(found[..., [2, 1, 0, 3]], expected)


def test_a_slow_16_bit_gradient_has_no_8_bit_steps(model, signals):
    ramp = np.linspace(20000, 24000, 512).astype(np.uint16)  # 16 levels of 8 bits, 4,000 of 16
    layer = np.repeat(np.tile(ramp, (64, 1))[:, :, None], 3, axis=2)
    result = stylize(model, layer, "RGB", [(signals, 1)], weight=0.5)
    assert len(np.unique(result[32, :, 0])) > 200


def test_float_values_outside_0_to_1_survive(model, signals):
    layer = as_type(natural_image(64, 64), "f32")
    layer[10:14, 10:14] = 7.5
    layer[40, 40] = -0.25
    result = stylize(model, layer, "RGB", [(signals, 1)])
    assert 1 < result.max() <= 7.51  # painted, within the layer's range
    assert (result[40, 40] <= 0.75).all()
    assert np.isfinite(result).all()


@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0])
def test_the_layer_itself_is_never_written_to(model, signals, weight):
    layer = natural_image(80, 90, channels=4).astype(np.float32) / 100
    layer[3, 4] = np.nan
    before = layer.copy()
    stylize(model, layer, "RGBA", [(signals, 1)], weight=weight, patch=64)
    np.testing.assert_array_equal(layer, before)


def test_a_pixel_that_is_not_a_number_harms_no_other(model, signals):
    layer = as_type(natural_image(64, 64), "f32")
    layer[5, 5, 0] = np.nan
    result = stylize(model, layer, "RGB", [(signals, 1)])
    assert np.isfinite(result).all()


def test_colours_hidden_by_transparency_do_not_bleed(model, signals):
    layer = natural_image(80, 80, channels=4)
    layer[..., 3] = 255
    layer[:, 40:, 3] = 0
    loud = layer.copy()
    loud[:, 40:, :3] = (255, 0, 255)
    quiet = layer.copy()
    quiet[:, 40:, :3] = 0
    first, second = (stylize(model, x, "RGBA", [(signals, 1)]) for x in (loud, quiet))
    assert np.array_equal(first[:, :40], second[:, :40])


def test_a_wholly_transparent_layer_is_no_error(model, signals):
    layer = np.zeros((30, 30, 4), np.uint8)
    assert stylize(model, layer, "RGBA", [(signals, 1)])[..., 3].max() == 0


@QUICK
@given(data=st.data())
def test_a_region_equals_the_same_pixels_of_the_whole(model, signals, data):
    layer = natural_image(90, 120)
    x, y = data.draw(st.integers(0, 118)), data.draw(st.integers(0, 88))
    width, height = data.draw(st.integers(1, 120 - x)), data.draw(st.integers(1, 90 - y))
    whole = stylize(model, layer, "RGB", [(signals, 1)])
    part = stylize(model, layer, "RGB", [(signals, 1)], region=(x, y, width, height), patch=64)
    difference = whole[y : y + height, x : x + width].astype(int) - part
    assert np.abs(difference).max() <= 1


def test_the_mask_keeps_bit_for_bit_blends_and_replaces(model, signals):
    layer = natural_image(48, 60)
    mask = np.zeros((48, 60), np.uint8)
    mask[:, 20:40] = 128
    mask[:, 40:] = 255
    plain = stylize(model, layer, "RGB", [(signals, 1)])
    masked = stylize(model, layer, "RGB", [(signals, 1)], mask=mask)
    assert np.array_equal(masked[:, :20], layer[:, :20])
    assert np.array_equal(masked[:, 40:], plain[:, 40:])
    half = layer[:, 20:40] + (plain[:, 20:40].astype(float) - layer[:, 20:40]) * (128 / 255)
    assert np.abs(masked[:, 20:40] - half).max() <= 1


def test_cancel_is_honoured_between_patches(model, signals):
    done: list[int] = []
    with pytest.raises(Cancelled):
        stylize(
            model,
            natural_image(200, 200),
            "RGB",
            [(signals, 1)],
            tiling="exact",
            patch=64,
            on_progress=lambda n, total, stage: done.append(n),
            cancelled=lambda: len(done) >= 3,
        )
    assert len(done) == 3


@pytest.mark.parametrize("tiling", ["full", "exact", "thumbnail"])
def test_progress_ends_at_its_total(model, signals, tiling):
    seen: list[tuple[int, int, str]] = []
    stylize(
        model,
        natural_image(150, 130),
        "RGB",
        [(signals, 1)],
        tiling=tiling,
        patch=64,
        on_progress=lambda *step: seen.append(step),
    )
    assert [step[0] for step in seen] == list(range(1, len(seen) + 1))
    assert seen[-1][0] == seen[-1][1]


def test_a_mix_is_the_weighted_mean_of_the_signals(model, signals):
    other = encode_style(model, natural_image(64, 64, seed=7), "RGB")
    mixed = mix([(signals, 3), (other, 1)])
    for name, vector in mixed.tensors.items():
        expected = 0.75 * signals.tensors[name] + 0.25 * other.tensors[name]
        assert np.allclose(vector, expected, atol=1e-6)


def test_signals_survive_saving(signals):
    again = StyleSignals.from_bytes(signals.to_bytes(), "microast")
    assert all((again.tensors[k] == v).all() for k, v in signals.tensors.items())
    assert len(signals.to_bytes()) < 3000


@pytest.mark.parametrize("damage", [lambda b: b[:100], lambda b: b"", lambda b: b"\xff" * 64])
def test_damaged_signals_are_refused(signals, damage):
    with pytest.raises(SignalsError):
        StyleSignals.from_bytes(damage(signals.to_bytes()), "microast")


def test_signals_of_another_network_are_refused(signals):
    with pytest.raises(SignalsError, match="not of adain"):
        StyleSignals.from_bytes(signals.to_bytes(), "adain")


@pytest.mark.parametrize(
    "wrong",
    [
        {"weight": 1.5},
        {"weight": -0.1},
        {"tiling": "round"},
        {"patch": 8},
        {"region": (0, 0, 61, 1)},
        {"region": (0, 0, 0, 1)},
        {"mask": np.zeros((3, 3), np.uint8)},
    ],
)
def test_a_setting_out_of_range_is_refused(model, signals, wrong):
    with pytest.raises(PixelsError):
        stylize(model, natural_image(48, 60), "RGB", [(signals, 1)], **wrong)


@pytest.mark.parametrize(
    ("shape", "kind", "channels"),
    [((4, 4), "uint8", "RGB"), ((4, 4, 4), "uint8", "RGB"), ((0, 4, 3), "uint8", "RGB"),
     ((4, 4, 3), "int32", "RGB"), ((4, 4, 3), "uint8", "CMYK")],
)  # fmt: skip
def test_an_array_that_is_no_image_is_refused(model, signals, shape, kind, channels):
    with pytest.raises(PixelsError):
        stylize(model, np.zeros(shape, kind), channels, [(signals, 1)])


@pytest.mark.parametrize("size", [(20_000, 1100), (1030, 9000), (3000, 2000), (500, 400)])
def test_a_thumbnail_is_bounded_whatever_the_shape(size):
    whole = Box(0, 0, *size)
    small = thumbnail_of(lambda box: torch.zeros(1, 3, box.height, box.width), whole, 1024)
    height, width = small.shape[2:]
    assert width * height <= 1.01 * THUMBNAIL_PIXELS
    assert width / height == pytest.approx(whole.width / whole.height, rel=0.01)
    if whole.width * 4 > whole.height > whole.width / 4:
        assert min(width, height) == min(1024, *size)
