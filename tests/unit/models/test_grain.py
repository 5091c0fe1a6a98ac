"""Grain: the same at a place however it is read, faint, and of learned styles alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from scumble_models.grain import GRAIN, SIDE, grained, pattern
from scumble_models.learned import mix_styles
from scumble_models.registry import StyleModel
from scumble_models.signals import StyleSignals
from scumble_models.stylize import stylize
from scumble_models.tiling.box import Box

CPU = torch.device("cpu")
#: The first values: those of every machine and version of NumPy.
FIRST = [0.364547, 1.032100, 0.640469, 0.472950]
FLAT = np.full((150, 170, 3), 128, np.uint8)


@pytest.fixture
def learned(model: StyleModel, signals: StyleSignals) -> StyleSignals:
    """The network's own decoder with grain."""
    return StyleSignals(
        signals.architecture, signals.tensors, {**model.decoder_weights(), GRAIN: torch.tensor([0.05])}
    )


def painted(model: StyleModel, style: StyleSignals, **settings: object) -> np.ndarray:
    return np.asarray(stylize(model, FLAT, "RGB", [(style, 1.0)], **settings)).astype(int)  # type: ignore[arg-type]


@given(st.integers(0, 3 * SIDE), st.integers(0, 3 * SIDE), st.integers(1, 90), st.integers(1, 90))
def test_a_part_of_the_pattern_is_that_part_of_any_larger_one(left, top, width, height):
    box = Box(left, top, left + width, top + height)
    wide = Box(left, top, left + 100, top + 100)
    rows, columns = box.relative_to(wide).slices()
    assert torch.equal(pattern(box, CPU), pattern(wide, CPU)[:, :, rows, columns])


def test_the_pattern_is_noise_of_deviation_one_and_has_no_seam():
    whole = pattern(Box(0, 0, SIDE, SIDE), CPU)
    assert whole.mean().item() == pytest.approx(0, abs=1e-4)
    assert whole.std().item() == pytest.approx(1, abs=1e-4)
    # What repeats is as smooth as what does not.
    steps = pattern(Box(SIDE - 100, 0, SIDE + 100, SIDE), CPU).diff(dim=3).square().mean((0, 1, 2))
    assert steps[99] < 1.3 * steps[1::2].mean()
    assert whole[0, 0, 0, :4].tolist() == pytest.approx(FIRST, abs=1e-5)


def test_no_grain_is_the_picture_itself():
    image = torch.rand(1, 3, 20, 20)
    assert grained(image, 0.0) is image
    assert not torch.equal(grained(image, 0.02), image)


def test_marks_come_where_the_picture_is_flat(model, signals, learned):
    plain, rough = painted(model, signals), painted(model, learned)
    spreads = [result[40:-40, 40:-40].std((0, 1)).mean() for result in (plain, rough)]
    assert spreads[1] > 10 > 2 > spreads[0]


def test_patches_and_regions_see_the_same_grain(model, learned):
    whole = painted(model, learned, tiling="full")
    assert np.abs(painted(model, learned, patch=64) - whole).max() <= 1
    part = painted(model, learned, patch=64, region=(33, 21, 70, 90))
    assert np.abs(part - whole[21:111, 33:103]).max() <= 1


def test_grain_fades_with_the_weight(model, learned):
    assert (painted(model, learned, weight=0.0) == FLAT).all()
    spreads = [painted(model, learned, weight=weight).std() for weight in (0.2, 0.6, 1.0)]
    assert spreads == sorted(spreads)


def test_grain_is_kept_in_the_file_of_a_style_and_older_files_have_none(learned):
    again = StyleSignals.from_bytes(learned.to_bytes(), learned.architecture)
    assert again.decoder[GRAIN].item() == pytest.approx(0.05, abs=1e-4)
    older = {name: weight for name, weight in learned.decoder.items() if name != GRAIN}
    older_style = StyleSignals(learned.architecture, learned.tensors, older)
    read = StyleSignals.from_bytes(older_style.to_bytes(), learned.architecture)
    assert read.decoder[GRAIN].item() == 0


def test_a_style_is_mixed_with_its_grain(model, signals, learned):
    mixed = mix_styles(model, [(signals, 1.0), (learned, 3.0)])
    assert mixed.decoder[GRAIN].item() == pytest.approx(0.0375)
