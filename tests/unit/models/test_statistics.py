"""What stages gather: the same over patches, in any order and merged, as over the full frame."""

from __future__ import annotations

import pickle

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from scumble_models.tiling.box import Box
from scumble_models.tiling.budget import Budget
from scumble_models.tiling.executor import (
    exact_statistics,
    feature_statistics,
    feature_tiles,
    full_statistics,
    run_exact,
    statistics_patches,
)
from scumble_models.tiling.stage import Stage
from scumble_models.tiling.statistics import RunningCovariance, running, whole_statistics
from tests.unit.models.conftest import into, reading

KINDS = ["nothing", "moments", "covariance"]
CPU = torch.device("cpu")


def frame(columns: int, offset: float = 0.0, seed: int = 0) -> torch.Tensor:
    """Features ``(1, 6, 7, columns)`` of which some channels go together."""
    x = torch.randn(1, 6, 7, columns, generator=torch.Generator().manual_seed(seed))
    x[:, 3] = 2 * x[:, 0] + 0.01 * x[:, 3]
    return x + offset


@given(st.lists(st.integers(1, 30), min_size=1, max_size=6), st.floats(-100, 100), st.integers(0, 9))
def test_a_covariance_of_pieces_is_that_of_the_full_frame(widths: list[int], offset: float, seed: int):
    whole = frame(sum(widths), offset, seed)
    gathered = running("covariance")
    for piece in whole.split(widths, dim=3):
        gathered.update(piece)
    mean, covariance = gathered.result("cpu")
    rows = whole[0].flatten(1).double()
    assert covariance.dtype == torch.float64
    assert torch.allclose(covariance[0], torch.cov(rows), rtol=1e-9, atol=1e-9)
    assert torch.allclose(mean.flatten().double(), rows.mean(1), rtol=1e-6, atol=1e-6)


@given(st.permutations(range(5)), st.integers(1, 4))
def test_covariances_merge_in_any_order_and_on_any_machine(order: list[int], cut: int):
    pieces = frame(100, 3.0).split(20, dim=3)
    parts = []
    for indices in (order[:cut], order[cut:]):
        part = RunningCovariance()
        for index in indices:
            part.update(pieces[index])
        parts.append(pickle.loads(pickle.dumps(part)))
    whole = RunningCovariance()
    whole.merge(RunningCovariance())
    for part in parts:
        whole.merge(part)
    expected = torch.cov(frame(100, 3.0)[0].flatten(1).double())
    assert torch.allclose(whole.result("cpu")[1], expected, rtol=1e-10, atol=1e-10)


def test_a_covariance_keeps_what_is_small_beside_a_large_mean():
    x = (frame(400).double() * 1e-3).float() + 1000.0
    gathered = RunningCovariance()
    for piece in x.split(37, dim=3):
        gathered.update(piece)
    expected = torch.cov(x[0].flatten(1).double())
    assert torch.allclose(gathered.result("cpu")[1], expected, rtol=1e-6, atol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_at_once_it_is_the_same_as_patch_by_patch(kind):
    x, gathered = frame(50, 1.0), running(kind)
    for piece in x.split(13, dim=3):
        gathered.update(piece)
    found, expected = gathered.result("cpu"), whole_statistics(x, kind)
    assert len(found) == len(expected) == {"nothing": 0, "moments": 2, "covariance": 2}[kind]
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape
        assert torch.allclose(one, other, atol=1e-5)


def test_a_stage_that_gathers_nothing_costs_no_pass():
    """Three stages: what the second gathers is nothing, what the third gathers a covariance."""
    stages = (
        Stage("a", lambda x, s, _: x * 2, (), 3),
        Stage("b", lambda x, s, _: x + len(s), (), 3, "nothing"),
        Stage("c", lambda x, s, _: x - s[0], (), 3, "covariance"),
    )
    image, whole = torch.rand(1, 3, 40, 50), Box(0, 0, 50, 40)
    result, read = torch.empty_like(image), reading(image)

    class Nothing:
        def at(self, box, grid):
            return self

    assert feature_tiles(stages, 0, whole, 16) == []
    assert statistics_patches(stages, whole, 16) == len(feature_tiles(stages, 1, whole, 16)) > 0
    budget = Budget(1 << 30, 0)
    done: list[str] = []
    found = run_exact(
        stages, Nothing(), read, whole, into(result), region=whole, patch=16, budget=budget, device=CPU,
        on_patch=lambda n, total, stage: done.append(stage),
    )  # fmt: skip
    assert set(done) == {"b", "c"}
    assert torch.allclose(result, image * 2 - (image * 2).mean((2, 3), keepdim=True), atol=1e-6)
    again = exact_statistics(stages, Nothing(), read, whole, patch=16, budget=Budget(1 << 30, 0), device=CPU)
    part = feature_statistics(stages, Nothing(), [()], read, whole, feature_tiles(stages, 1, whole, 16))
    at_once = full_statistics(stages, Nothing(), image)
    for statistics in (again, [(), part.result("cpu")], at_once):
        assert statistics[0] == found[0] == ()
        assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(statistics[1], found[1], strict=True))
