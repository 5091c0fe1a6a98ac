"""A style that was put on is taken off again, and nothing else passes for the way back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load, save

from scumble_models.blend import Blend
from scumble_models.errors import SignalsError
from scumble_models.folders import engine_folder
from scumble_models.model import StyleModel
from scumble_models.registry import load_model, user_model
from scumble_models.reversal import MAX_BYTES, reversal_of, take_off
from scumble_models.runner import KeptStatistics
from scumble_models.stylize import encode_style, stylize
from tests.unit.models.test_artflow import changed

#: Mean error in levels of 8 bits that the way back may have, by what the result is kept as.
LEAST = {"float32": 0.1, "uint16": 0.2, "uint8": 6.0}


@pytest.fixture(scope="module", params=["artflow", "artflow_wct"])
def model(request: pytest.FixtureRequest) -> StyleModel:
    """ArtFlow with weights that nobody has trained: what holds for any weights."""
    torch.manual_seed(3)
    network = changed(engine_folder(request.param).build())
    info = user_model(request.param, Path("any.safetensors"), "12" * 32, "", "")
    return StyleModel(info, network, torch.device("cpu"))


def picture(height: int, width: int, seed: int, kind: str = "float32") -> np.ndarray:
    """Smooth areas, an edge and some noise, ``(H, W, 3)``."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width]
    colours = 0.2 + 0.6 * rng.random(3)
    values = (
        colours + 0.15 * np.sin(rows / 9 + columns / 13)[..., None] + 0.1 * (columns > width // 2)[..., None]
    )
    values = np.clip(values + 0.02 * rng.standard_normal((height, width, 3)), 0, 1)
    return of_kind(values, kind)


def of_kind(values: np.ndarray, kind: str) -> np.ndarray:
    if kind == "float32":
        return values.astype(np.float32)
    limit = np.iinfo(kind).max
    return np.rint(values * limit).astype(kind)


def painted(
    model: StyleModel, photo: np.ndarray, weight: float = 1.0, style: int = 9
) -> tuple[np.ndarray, bytes]:
    styles = [(encode_style(model, picture(80, 96, style, "uint8"), "RGB"), 1.0)]
    own, kept = encode_style(model, photo, "RGB"), KeptStatistics()
    result = stylize(model, photo, "RGB", styles, weight=weight, kept=kept, own=own)
    signals = Blend(styles, weight, [None], own).signals(model)
    return np.asarray(result), reversal_of(model, kept, signals)


def taken_off(model: StyleModel, result: np.ndarray, reversal: bytes) -> np.ndarray:
    back, own, shared = take_off(model, reversal)
    return np.asarray(stylize(back, result, "RGB", [(own, 1.0)], shared=shared))


def error(found: np.ndarray, photo: np.ndarray) -> float:
    """Mean, in levels of 8 bits."""
    scale = 255 / (np.iinfo(photo.dtype).max if photo.dtype.kind == "u" else 1)
    return float(np.abs(found.astype(np.float64) - photo).mean() * scale)


@settings(max_examples=12, deadline=None)
@given(st.integers(16, 150), st.integers(16, 150), st.integers(0, 99), st.sampled_from([1.0, 0.6]))
def test_any_picture_comes_back(model: StyleModel, height: int, width: int, seed: int, weight: float):
    photo = picture(height, width, seed)
    result, reversal = painted(model, photo, weight)
    assert 0 < len(reversal) <= MAX_BYTES
    # Sides that are no multiple of 4 were painted with lines more, which the result has not.
    limit = LEAST["float32"] if height % 4 == width % 4 == 0 else 1.0
    assert error(taken_off(model, result, reversal), photo) < limit


@pytest.mark.parametrize("kind", LEAST)
@pytest.mark.parametrize("size", [(200, 301), (97, 130)])
@pytest.mark.parametrize("engine", ["artflow", "artflow-wct"])
def test_the_shipped_weights_take_a_style_off_again(engine: str, kind: str, size: tuple[int, int]):
    model, photo = load_model(engine), picture(*size, 5, kind)
    result, reversal = painted(model, photo)
    assert error(result, photo) > 5
    assert error(taken_off(model, result, reversal), photo) < LEAST[kind]


def test_one_style_after_another_leaves_the_first_ones_result_behind(model: StyleModel):
    photo = picture(120, 96, 1)
    once, first = painted(model, photo)
    twice, second = painted(model, once, style=4)
    assert error(twice, once) > 1
    assert error(taken_off(model, twice, second), once) < LEAST["float32"]
    assert error(taken_off(model, taken_off(model, twice, second), first), photo) < LEAST["float32"]


def test_an_engine_that_cannot_go_back_says_nothing_and_takes_nothing_off(model: StyleModel):
    photo = picture(64, 64, 1)
    _result, reversal = painted(model, photo)
    other = load_model("photo")
    assert painted(other, photo)[1] == b""
    with pytest.raises(SignalsError):
        take_off(other, reversal)


WRONG = {
    "empty": lambda good, said: b"",
    "cut": lambda good, said: save(good, said)[:-5],
    "noise": lambda good, said: bytes(range(256)),
    "no numbers": lambda good, said: save({**good, "mean": good["mean"] * torch.nan}, said),
    "another shape": lambda good, said: save({**good, "painted.mean": torch.zeros(1, 4)}, said),
    "a part missing": lambda good, said: save({n: good[n] for n in good if "painted" not in n}, said),
    "too large": lambda good, said: save({**good, "more": torch.zeros(MAX_BYTES)}, said),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_no_way_back_is_refused(model: StyleModel, kind: str):
    _result, reversal = painted(model, picture(64, 64, 1))
    said = {"architecture": model.info.architecture, "weights": model.info.sha256}
    with pytest.raises(SignalsError):
        take_off(model, WRONG[kind](load(reversal), said))


def test_other_weights_cannot_take_it_off(model: StyleModel):
    _result, reversal = painted(model, picture(64, 64, 1))
    newer = replace(model, info=replace(model.info, sha256="34" * 32))
    with pytest.raises(SignalsError, match="other weights"):
        take_off(newer, reversal)
