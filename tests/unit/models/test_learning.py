"""Learning a style: what it refuses, that it is repeatable and resumable, and that what it makes paints."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

from scumble_models.blend import Blend
from scumble_models.errors import PixelsError, SignalsError, TrainingError
from scumble_models.learned import mix_styles, painting_model
from scumble_models.learning import Learner, LearnSettings
from scumble_models.learning.contents import CROP, bundled
from scumble_models.learning.features import STYLE_LAYERS, activations, layer_style, style_distance
from scumble_models.learning.losses import low_band, palette, shift_loss
from scumble_models.learning.painting import Painting
from scumble_models.registry import StyleModel, load_model
from scumble_models.signals import MAX_BYTES, StyleSignals, mix
from scumble_models.stylize import encode_style, stylize

from .conftest import natural_image

LIMIT = 400_000  # bytes of a learned style


@pytest.fixture(scope="module")
def painting() -> np.ndarray:
    return natural_image(96, 120, seed=7)


@pytest.fixture(scope="module")
def learned(model: StyleModel, painting: np.ndarray) -> StyleSignals:
    learner = Learner(model, painting, "RGB", LearnSettings(steps=4))
    for _ in range(4):
        learner.step()
    return learner.signals()


def painted(model: StyleModel, content: np.ndarray, style: StyleSignals, **settings: object) -> np.ndarray:
    return np.asarray(stylize(model, content, "RGB", [(style, 1.0)], **settings))  # type: ignore[arg-type]


def test_a_learned_style_is_small_and_survives_its_file(learned: StyleSignals) -> None:
    data = learned.to_bytes()
    assert len(data) <= LIMIT < MAX_BYTES
    again = StyleSignals.from_bytes(data, "microast")
    assert again.learned
    assert again.to_bytes() == data
    assert all(torch.allclose(again.decoder[k], v, atol=2e-3) for k, v in learned.decoder.items())


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 1e-2)])
def test_the_gradient_of_a_gram_matrix_is_its_definitions(dtype: torch.dtype, tolerance: float) -> None:
    torch.manual_seed(3)
    first = torch.rand(2, 5, 12, 9).to(dtype).contiguous(memory_format=torch.channels_last).requires_grad_()
    second = first.detach().clone().requires_grad_()
    rows = second.float().flatten(2)
    for gram, mean in (layer_style(first), (rows @ rows.transpose(1, 2) / rows.shape[2], rows.mean(2))):
        weights = torch.arange(25.0).reshape(5, 5)  # not symmetric, as a loss's own gradient may not be
        ((gram * weights).square().sum() + 3 * mean.square().sum()).backward()
    assert first.grad is not None
    assert second.grad is not None
    difference = (first.grad - second.grad).float().norm()
    assert difference <= tolerance * second.grad.float().norm()


@pytest.mark.slow
def test_learning_brings_the_result_nearer_to_the_painting(model: StyleModel, painting: np.ndarray) -> None:
    learner = Learner(model, painting, "RGB", LearnSettings(steps=16))
    while learner.done < learner.steps:
        learner.step()
    wanted = Painting(painting, "RGB", model.device).style()
    distances = []
    for style in (encode_style(model, painting, "RGB"), learner.signals()):
        painter = painting_model(model, style).network
        with torch.inference_mode():
            results = torch.cat([painter(crop, style) for crop in bundled(model.device)[:6]]).clamp(0, 1)
            distances.append(style_distance(activations(results, STYLE_LAYERS), wanted)[0].item())
    assert distances[1] < 0.8 * distances[0]


def test_the_same_seed_learns_the_same_style_and_another_does_not(
    model: StyleModel, painting: np.ndarray, learned: StyleSignals
) -> None:
    for seed, same in ((0, True), (1, False)):
        learner = Learner(model, painting, "RGB", LearnSettings(steps=4, seed=seed))
        while learner.done < learner.steps:
            learner.step()
        assert (learner.signals().to_bytes() == learned.to_bytes()) is same


@pytest.mark.slow
@pytest.mark.parametrize("stop", [0, 1, 3])
def test_a_learning_that_is_resumed_ends_where_it_would_have_ended(
    model: StyleModel, painting: np.ndarray, learned: StyleSignals, stop: int
) -> None:
    settings = LearnSettings(steps=4)
    first = Learner(model, painting, "RGB", settings)
    for _ in range(stop):
        first.step()
    second = Learner.resume(model, painting, "RGB", first.checkpoint(), settings)
    assert second.done == stop
    while second.done < second.steps:
        second.step()
    assert second.signals().to_bytes() == learned.to_bytes()


@pytest.mark.slow
def test_content_counts_more_while_the_photo_is_lost_and_that_is_resumed(
    model: StyleModel, painting: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = {}
    for legible in (100.0, 1e-3):  # always clear enough, never
        monkeypatch.setattr("scumble_models.learning.learner.LEGIBLE", legible)
        first = Learner(model, painting, "RGB", LearnSettings(steps=4))
        while first.done < 2:
            first.step()
        second = Learner.resume(model, painting, "RGB", first.checkpoint(), LearnSettings(steps=4))
        for learner in (first, second):
            while learner.done < 4:
                learner.step()
        assert first.signals().to_bytes() == second.signals().to_bytes()
        ends[legible] = first.last["content"], first.last["gram"]
    assert ends[1e-3][0] < ends[100.0][0]
    assert ends[1e-3][1] > ends[100.0][1]


@pytest.mark.parametrize("cut", [0, 7, 400, -1])
def test_a_damaged_checkpoint_says_so(model: StyleModel, painting: np.ndarray, cut: int) -> None:
    data = Learner(model, painting, "RGB", LearnSettings(steps=2)).checkpoint()
    with pytest.raises(TrainingError, match="damaged"):
        Learner.resume(model, painting, "RGB", data[:cut], LearnSettings(steps=2))


def test_a_checkpoint_of_other_settings_is_refused(model: StyleModel, painting: np.ndarray) -> None:
    data = Learner(model, painting, "RGB", LearnSettings(steps=2)).checkpoint()
    with pytest.raises(TrainingError, match="other settings"):
        Learner.resume(model, painting, "RGB", data, LearnSettings(steps=3))


@pytest.mark.parametrize(
    ("pixels", "channels", "words"),
    [
        (np.full((64, 64, 3), 90, np.uint8), "RGB", "one colour"),
        (np.zeros((1, 1, 3), np.uint8), "RGB", "too small"),
        (natural_image(20, 400), "RGB", "too small"),
        (np.zeros((64, 64, 4), np.uint8), "RGBA", "transparent"),
        (np.full((64, 64, 1), 7, np.uint16), "GRAY", "one colour"),
    ],
)
def test_a_picture_without_marks_is_refused_in_plain_words(
    model: StyleModel, pixels: np.ndarray, channels: str, words: str
) -> None:
    with pytest.raises(PixelsError, match=words) as raised:
        Learner(model, pixels, channels)
    assert raised.value.hint


@pytest.mark.parametrize("channels", ["GRAY", "GRAYA", "RGBA", "BGRA"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_every_kind_of_pixels_can_be_learned_from(model: StyleModel, channels: str, dtype: type) -> None:
    count = {"GRAY": 1, "GRAYA": 2}.get(channels, 4)
    white = 255 if dtype is np.uint8 else 65535 if dtype is np.uint16 else 1
    pixels = (natural_image(60, 60, channels=count).astype(np.float32) / 255 * white).astype(dtype)
    learner = Learner(model, pixels, channels, LearnSettings(steps=1))
    assert np.isfinite(learner.step())


def test_transparent_parts_of_a_painting_do_not_count(model: StyleModel) -> None:
    paint = natural_image(96, 96, seed=3, channels=4)
    paint[:, :, 3] = 255
    paint[:, 48:, 3] = 0
    other = paint.copy()
    other[:, 48:, :3] = 255 - other[:, 48:, :3]
    losses = []
    for pixels in (paint, other):
        learner = Learner(model, pixels, "RGBA", LearnSettings(steps=1))
        learner.step()
        losses.append(learner.last)
    assert losses[0] == losses[1]


def test_the_picture_that_is_painted_is_one_more_content(model: StyleModel, painting: np.ndarray) -> None:
    learner = Learner(model, painting, "RGB", LearnSettings(steps=1), extra=(natural_image(50, 900), "RGB"))
    assert np.isfinite(learner.step())


def test_learning_works_where_inference_mode_is_on(model: StyleModel, painting: np.ndarray) -> None:
    with torch.inference_mode():
        learner = Learner(model, painting, "RGB", LearnSettings(steps=1))
        learner.step()
    assert learner.done == 1


def test_only_networks_that_learn_are_learned_for(painting: np.ndarray) -> None:
    with pytest.raises(TrainingError, match="adain"):
        Learner(load_model("adain"), painting, "RGB")


@pytest.mark.parametrize("steps", [0, -3, 5001])
def test_steps_have_a_range(steps: int) -> None:
    with pytest.raises(TrainingError, match="steps"):
        LearnSettings(steps=steps)


def test_the_bundled_contents_are_whole() -> None:
    crops = bundled(torch.device("cpu"))
    assert 24 <= len(crops) <= 48
    assert {tuple(crop.shape) for crop in crops} == {(1, 3, CROP, CROP)}


def test_a_learned_style_paints_otherwise_than_the_network_does(
    model: StyleModel, painting: np.ndarray, learned: StyleSignals
) -> None:
    content = natural_image(64, 80, seed=2)
    plain = encode_style(model, painting, "RGB")
    results = [painted(model, content, style) for style in (plain, learned)]
    assert not np.array_equal(results[0], results[1])


def test_patches_of_a_learned_style_equal_the_full_frame(model: StyleModel, learned: StyleSignals) -> None:
    content = natural_image(200, 264, seed=4)
    full = painted(model, content, learned, tiling="full")
    exact = painted(model, content, learned, tiling="exact", patch=64)
    assert np.abs(full.astype(int) - exact.astype(int)).max() <= 1


def test_the_fast_way_paints_a_learned_style_as_the_network_is_published(
    model: StyleModel, learned: StyleSignals
) -> None:
    content = torch.rand(1, 3, 64, 64)
    painter = painting_model(model, learned).network
    with torch.inference_mode():
        published = painter(content, learned)
    float_content = content[0].permute(1, 2, 0).numpy()
    result = painted(model, np.ascontiguousarray(float_content), learned)
    expected = published[0].permute(1, 2, 0).clamp(0, 1).numpy()
    assert np.abs(result - expected).max() < 1e-3


def test_a_weight_of_a_learned_style_fades_to_the_layer_without_jumps(
    model: StyleModel, learned: StyleSignals
) -> None:
    content = natural_image(64, 64, seed=5)
    results = [painted(model, content, learned, weight=w).astype(float) for w in np.linspace(0, 1, 9)]
    assert np.array_equal(results[0], content)
    steps = [np.abs(a - b).mean() for a, b in pairwise(results)]
    assert max(steps) < 4 * np.mean(steps)


def test_a_learned_style_mixes_with_one_that_is_not(
    model: StyleModel, signals: StyleSignals, learned: StyleSignals
) -> None:
    mixed = mix_styles(model, [(signals, 1.0), (learned, 1.0)])
    own = model.network.decoder_weights()
    for name, weight in mixed.decoder.items():
        assert torch.allclose(weight, (own[name] + learned.decoder[name]) / 2, atol=1e-6)
    with pytest.raises(SignalsError):
        mix([(signals, 1.0), (learned, 1.0)])


def test_a_style_that_is_painted_with_again_finds_its_network(
    model: StyleModel, learned: StyleSignals
) -> None:
    signals = Blend([(learned, 1.0)], 1.0, [None]).signals(model)
    again = Blend([(learned, 0.3)], 1.0, [None]).signals(model)
    assert painting_model(model, signals) is painting_model(model, again)
    other = StyleSignals(learned.architecture, learned.tensors, dict(learned.decoder))
    assert painting_model(model, other) is not painting_model(model, signals)


def test_masks_place_learned_styles(model: StyleModel, signals: StyleSignals, learned: StyleSignals) -> None:
    content = natural_image(96, 160, seed=6)
    left = np.zeros((96, 160), np.uint8)
    left[:, :80] = 255
    styles, masks = [(learned, 1.0), (signals, 1.0)], [left, 255 - left]
    both = np.asarray(stylize(model, content, "RGB", styles, style_masks=masks)).astype(int)
    alone = [painted(model, content, style) for style in (learned, signals)]
    assert np.abs(both[:, :72] - alone[0][:, :72]).max() <= 1
    assert np.abs(both[:, 88:] - alone[1][:, 88:]).max() <= 1


def test_a_decoder_of_another_shape_is_refused(model: StyleModel, learned: StyleSignals) -> None:
    broken = dict(learned.decoder)
    broken.pop(next(iter(broken)))
    with pytest.raises(SignalsError, match="does not fit"):
        painting_model(model, StyleSignals("microast", learned.tensors, broken))


def test_a_shift_of_nothing_costs_nothing() -> None:
    image = torch.rand(1, 3, 100, 100)
    moved = torch.roll(image, (-2, -3), (2, 3))
    assert shift_loss(image, moved, 3, 2).item() == pytest.approx(0.0, abs=1e-9)
    assert shift_loss(image, image, 3, 2).item() > 0.1


def test_palettes_of_the_same_colours_in_other_places_are_equal() -> None:
    image = torch.rand(1, 3, 64, 64)
    assert torch.allclose(palette(image, 4), palette(image.flip(3), 4), atol=1e-6)


def test_the_low_band_keeps_flat_pictures() -> None:
    flat = torch.full((1, 3, 32, 32), 0.3)
    assert torch.allclose(low_band(flat, 4), flat)
