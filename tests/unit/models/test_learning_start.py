"""Where a learning begins: which learned paintings are near, what lies between them, and that it is used."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from scumble_models.grain import GRAIN
from scumble_models.learning import Learner, LearnSettings
from scumble_models.learning.start import NEIGHBOURS, changed, learned_change, neighbours
from scumble_models.registry import StyleModel
from scumble_models.signals import StyleSignals
from scumble_models.stylize import encode_style

from .conftest import natural_image


@pytest.fixture(scope="module")
def painting() -> np.ndarray:
    return natural_image(96, 120, seed=7)


@pytest.fixture(scope="module")
def encoded(model: StyleModel) -> list[StyleSignals]:
    return [encode_style(model, natural_image(64, 80, seed=seed), "RGB") for seed in range(6)]


def as_learned(model: StyleModel, encoded: StyleSignals, by: float) -> StyleSignals:
    """A style whose tensors have moved by a number."""
    decoder = {name: weight + by for name, weight in model.decoder_weights().items()}
    return StyleSignals(encoded.architecture, {k: t + by for k, t in encoded.tensors.items()}, decoder)


def test_the_same_painting_is_its_nearest_neighbour(encoded: list[StyleSignals]) -> None:
    for position, signals in enumerate(encoded):
        found = neighbours(signals, encoded)
        assert found[0][0] == position
        assert found[0][1] > 0.99


def test_shares_fall_with_the_distance_and_sum_to_one(encoded: list[StyleSignals]) -> None:
    found = neighbours(encoded[0], encoded[1:])
    shares = [share for _, share in found]
    assert len(found) == NEIGHBOURS
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1.0)


@pytest.mark.parametrize("count", [0, 1])
def test_without_others_there_is_no_neighbour(encoded: list[StyleSignals], count: int) -> None:
    assert neighbours(encoded[0], encoded[1 : 1 + count]) == []


def test_a_start_lies_between_its_neighbours(model: StyleModel, encoded: list[StyleSignals]) -> None:
    parts = [
        (encoded[i], as_learned(model, encoded[i], by), share)
        for i, by, share in ((1, 1, 0.75), (2, 3, 0.25))
    ]
    start = changed(encoded[0], learned_change(parts))
    for name, tensor in encoded[0].tensors.items():
        torch.testing.assert_close(start.tensors[name], tensor + 1.5)
    for name, weight in model.decoder_weights().items():
        torch.testing.assert_close(start.decoder[name], weight + 1.5)


def test_a_learning_begins_at_its_start(
    model: StyleModel, painting: np.ndarray, encoded: list[StyleSignals]
) -> None:
    wanted = as_learned(model, encoded[0], 0.25)
    asked: list[StyleSignals] = []

    def start(signals: StyleSignals) -> StyleSignals:
        asked.append(signals)
        return wanted

    begun = Learner(model, painting, "RGB", LearnSettings(steps=1), start=start).signals()
    assert len(asked) == 1
    assert all(torch.equal(begun.tensors[name], tensor) for name, tensor in wanted.tensors.items())
    assert all(
        torch.equal(begun.decoder[name], wanted.decoder[name]) for name in wanted.decoder if name != GRAIN
    )


def test_without_a_start_it_begins_with_the_network_s_own_decoder(
    model: StyleModel, painting: np.ndarray
) -> None:
    for start in (None, lambda signals: None):
        begun = Learner(model, painting, "RGB", LearnSettings(steps=1), start=start).signals()
        own = model.decoder_weights()
        assert all(torch.equal(begun.decoder[name], own[name]) for name in own if name != GRAIN)
