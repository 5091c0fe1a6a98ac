"""What every engine promises, whatever its network: pixels, patches, weight, mixing, files, memory."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from scumble_models.errors import Cancelled, OutOfMemoryError, SignalsError
from scumble_models.evaluation.report import as_function
from scumble_models.folders import engine_folder
from scumble_models.learned import mix_styles
from scumble_models.model import StyleModel
from scumble_models.registry import detect_architecture, find_model, verify
from scumble_models.signals import StyleSignals
from scumble_models.stylize import share, stylize
from scumble_models.tiling.receptive import is_whole
from tests.unit.models.conftest import OutOfMemoryAbove, natural_image

from .conftest import Case

LAYER = natural_image(97, 131, seed=4)
LEFT = np.zeros(LAYER.shape[:2], np.uint8)
LEFT[:, :60] = 255


def paint(
    model: StyleModel, styles: Sequence[tuple[StyleSignals, float]], layer: np.ndarray = LAYER, **settings
) -> np.ndarray:
    return np.asarray(stylize(model, layer, "RGB", styles, **settings))


def furthest(one: np.ndarray, other: np.ndarray) -> int:
    """Largest difference in levels of 255."""
    return int(np.abs(one.astype(int) - other).max())


def mean_distance(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(float) - other).mean())


# Pictures and patches ---------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(97, 131), (64, 64), (150, 70)])
def test_patches_equal_the_full_frame(case: Case, size: tuple[int, int]):
    layer = natural_image(*size, seed=size[0])
    full = paint(case.model, [(case.one, 1)], layer, tiling="full")
    assert furthest(full, paint(case.model, [(case.one, 1)], layer, tiling="exact", patch=64)) <= 1


def test_a_region_equals_the_same_pixels_of_the_whole(case: Case):
    whole = paint(case.model, [(case.one, 1)])
    for x, y, width, height in ((0, 0, 131, 60), (31, 17, 45, 50), (130, 96, 1, 1)):
        part = paint(case.model, [(case.one, 1)], region=(x, y, width, height), patch=64)
        assert furthest(whole[y : y + height, x : x + width], part) <= 1


def test_a_thumbnails_statistics_of_a_small_layer_are_its_own(case: Case):
    full = paint(case.model, [(case.one, 1)], tiling="full")
    assert furthest(full, paint(case.model, [(case.one, 1)], tiling="thumbnail", patch=64)) <= 1


@pytest.mark.parametrize("size", [(1, 1), (3, 7), (7, 3), (1, 40), (17, 33)])
def test_every_size_comes_back_as_it_went_in(case: Case, size: tuple[int, int]):
    layer = natural_image(*size).astype(np.float32) / 255
    result = paint(case.model, [(case.one, 1)], layer, weight=0.7)
    assert result.shape == layer.shape
    assert np.isfinite(result).all()


def test_pictures_of_any_size_can_be_evaluated(case: Case):
    result = as_function(case.model)(torch.rand(1, 3, 51, 43), torch.rand(1, 3, 45, 70))
    assert result.shape == (1, 3, 51, 43)
    assert bool(torch.isfinite(result).all())


def test_no_value_of_any_picture_becomes_no_number(case: Case):
    layers = [np.full((40, 50, 3), value, np.float32) for value in (0.0, 1.0)]
    layers.append(np.random.default_rng(0).random((40, 50, 3), np.float32))
    layers.append(layers[-1].copy())
    layers[-1][5, 5] = np.nan
    for layer in layers:
        assert np.isfinite(paint(case.model, [(case.one, 1)], layer)).all()


def test_it_paints_something(case: Case):
    one, other = (paint(case.model, [(style, 1)]) for style in (case.one, case.other))
    assert mean_distance(one, LAYER) > 1
    assert mean_distance(one, other) > 1


def test_layers_that_share_what_is_gathered_equal_themselves(case: Case):
    alone = paint(case.model, [(case.one, 1)], weight=0.6)
    shared = share(case.model, [(LAYER, "RGB")], [(case.one, 1)], weight=0.6, patch=64)
    assert furthest(alone, paint(case.model, [(case.one, 1)], weight=0.6, shared=shared)) <= 1


# Weight and mixing ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float16, np.float32])
def test_weight_zero_is_the_input_bit_for_bit(case: Case, kind: type):
    layer = (LAYER / 7).astype(kind)
    assert paint(case.model, [(case.one, 1)], layer, weight=0).tobytes() == layer.tobytes()


def test_a_weight_fades_without_jumps(case: Case):
    results = [paint(case.model, [(case.one, 1)], weight=w / 10) for w in range(11)]
    steps = [mean_distance(a, b) for a, b in pairwise(results)]
    assert max(steps) < 0.4 * sum(steps)
    distances = [mean_distance(result, LAYER) for result in results]
    assert distances[0] == 0
    assert all(b > a for a, b in pairwise(distances))


def test_all_of_one_style_is_that_style(case: Case):
    for styles in ([(case.one, 1.0), (case.other, 0.0)], [(case.one, 5.0)]):
        assert furthest(paint(case.model, [(case.one, 1)]), paint(case.model, styles)) <= 1


def test_mixing_is_continuous(case: Case):
    results = [paint(case.model, [(case.one, 1 - s / 8), (case.other, s / 8)]) for s in range(9)]
    steps = [mean_distance(a, b) for a, b in pairwise(results)]
    assert max(steps) < 0.6 * sum(steps)
    assert furthest(results[-1], paint(case.model, [(case.other, 1)])) <= 1


def test_masks_say_which_style_is_where(case: Case):
    styles, masks = [(case.one, 1.0), (case.other, 1.0)], [LEFT, 255 - LEFT]
    both = paint(case.model, styles, style_masks=masks)
    patches = paint(case.model, styles, style_masks=masks, patch=64)
    assert furthest(both, patches) <= 1
    one, other = (paint(case.model, [(style, 1)]) for style in (case.one, case.other))
    # Statistics of the whole picture are in every place, so that only the nearer style can be asked for.
    left, right = (slice(None), slice(0, 30)), (slice(None), slice(100, None))
    assert mean_distance(both[left], one[left]) < mean_distance(both[left], other[left])
    assert mean_distance(both[right], other[right]) < mean_distance(both[right], one[right])


# Files ------------------------------------------------------------------------------------------


def test_a_style_survives_its_file(case: Case):
    info = case.model.info
    again = case.model.check(info.read_style(case.one.to_bytes()))
    assert {k: v.tolist() for k, v in again.tensors.items()} == {
        k: v.tolist() for k, v in case.one.tensors.items()
    }
    assert len(case.one.to_bytes()) <= info.traits.style_bytes


def test_a_style_of_another_engine_or_shape_is_refused(case: Case):
    data = case.one.to_bytes()
    with pytest.raises(SignalsError):
        StyleSignals.from_bytes(data, "another")
    with pytest.raises(SignalsError, match="too large"):
        StyleSignals.from_bytes(data, case.one.architecture, limit=len(data) - 1)
    halved = {name: tensor[..., ::2] for name, tensor in case.one.tensors.items()}
    with pytest.raises(SignalsError):
        case.model.check(StyleSignals(case.one.architecture, halved))


def test_its_weights_are_whole_and_say_whose_they_are(case: Case):
    verify(case.model.name)
    state, own = case.model.network.state_dict(), case.model.info.architecture
    assert detect_architecture(state, own) == own
    # Networks with the same layers share this name: AdaIN and WCT, and the toys.
    alike = engine_folder(detect_architecture(state)).build().state_dict()
    assert alike.keys() == state.keys()
    assert load_file(find_model(case.model.name).path).keys() <= state.keys()


def test_traits_are_those_of_the_network(case: Case):
    traits, network = case.model.traits, case.model.network
    assert traits == engine_folder(case.model.info.architecture).traits
    assert network.architecture == case.model.info.architecture
    assert (network.learned_part() is not None) == traits.learns
    stages = case.model.stages()
    assert stages[0].gathers == "nothing"
    assert any(is_whole(stage.operations) for stage in stages) == (traits.reach == "global")


# Learned styles ---------------------------------------------------------------------------------


def test_a_learned_style_paints_mixes_and_is_placed(case: Case):
    if not case.model.traits.learns:
        with pytest.raises(SignalsError):
            case.model.with_decoder({})
        return
    decoder = {name: 1.02 * weight for name, weight in case.model.decoder_weights().items()}
    learned = StyleSignals(case.one.architecture, case.one.tensors, decoder)
    plain, alone = paint(case.model, [(case.other, 1)]), paint(case.model, [(learned, 1)])
    assert furthest(alone, paint(case.model, [(learned, 1)], patch=64)) <= 1
    both = paint(case.model, [(learned, 1), (case.other, 1)], style_masks=[LEFT, 255 - LEFT])
    assert furthest(both[:, :50], alone[:, :50]) <= 1
    assert furthest(both[:, 70:], plain[:, 70:]) <= 1
    with pytest.raises(SignalsError):
        case.model.with_decoder({"nothing": torch.zeros(1)})


def test_a_mix_is_saved_as_one_style_where_tensors_mix(case: Case):
    parts = [(case.one, 1.0), (case.other, 1.0)]
    if case.model.traits.mixes == "tensors":
        mixed = mix_styles(case.model, parts)
        assert furthest(paint(case.model, [(mixed, 1)]), paint(case.model, parts)) <= 1
    else:
        with pytest.raises(SignalsError, match="cannot paint with a mix"):
            mix_styles(case.model, parts)


# Running out of patience and of memory ----------------------------------------------------------


def test_cancel_is_honoured_between_patches(case: Case):
    done: list[int] = []
    least = 3 if case.model.traits.reach == "local" else 1
    with pytest.raises(Cancelled):
        paint(
            case.model,
            [(case.one, 1)],
            natural_image(200, 200),
            tiling="exact",
            patch=64,
            on_progress=lambda n, total, stage: done.append(n),
            cancelled=lambda: len(done) >= least,
        )
    assert len(done) == least


def test_out_of_memory_is_patches_of_half_the_side_and_the_same_result(case: Case):
    layer = natural_image(300, 300)
    small = dataclasses.replace(case.model, network=OutOfMemoryAbove(case.model.network, 240))
    if case.model.traits.reach == "global":
        with pytest.raises(OutOfMemoryError):
            paint(small, [(case.one, 1)], layer)
        return
    expected = paint(case.model, [(case.one, 1)], layer, tiling="full")
    assert furthest(expected, paint(small, [(case.one, 1)], layer, tiling="full")) <= 1


def test_out_of_memory_at_every_size_is_one_typed_error(case: Case):
    hopeless = dataclasses.replace(case.model, network=OutOfMemoryAbove(case.model.network, 8))
    with pytest.raises(OutOfMemoryError, match="patches of") as caught:
        paint(hopeless, [(case.one, 1)], natural_image(300, 300))
    assert caught.value.hint
