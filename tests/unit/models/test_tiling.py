"""Patches: exact receptive fields, statistics gathered in pieces, no seams."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scumble_models import runner
from scumble_models.errors import OutOfMemoryError
from scumble_models.microast import MicroAST
from scumble_models.runner import KeptStatistics
from scumble_models.signals import StyleSignals
from scumble_models.stylize import stylize
from scumble_models.tiling.box import Box
from scumble_models.tiling.budget import Budget
from scumble_models.tiling.executor import run_exact
from scumble_models.tiling.file_array import FileArray
from scumble_models.tiling.receptive import Enlargement, Window, needs, radius
from scumble_models.tiling.statistics import RunningStatistics
from tests.unit.models.conftest import OutOfMemoryAbove, into, natural_image, reading

QUICK = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
EVERYWHERE = {
    "device": Budget(memory=0, disk=0, device=1 << 40),
    "memory": Budget(memory=1 << 40, disk=0),
    "disk": Budget(memory=0, disk=1 << 40),
    "recompute": Budget(memory=0, disk=0),
}


@QUICK
@given(
    height=st.integers(16, 150),
    width=st.integers(16, 150),
    patch=st.integers(64, 140),
    channels=st.sampled_from([("RGB", 3), ("RGBA", 4)]),
)
def test_exact_patches_equal_the_full_frame(model, signals, height, width, patch, channels):
    layer = natural_image(height, width, seed=height, channels=channels[1])
    full = stylize(model, layer, channels[0], [(signals, 1)], tiling="full")
    exact = stylize(model, layer, channels[0], [(signals, 1)], tiling="exact", patch=patch)
    assert np.abs(full.astype(int) - exact).max() <= 1


def test_exact_patches_equal_the_full_frame_in_float(model, signals):
    layer = natural_image(170, 230).astype(np.float32) / 255
    full = stylize(model, layer, "RGB", [(signals, 1)], tiling="full")
    exact = stylize(model, layer, "RGB", [(signals, 1)], tiling="exact", patch=64)
    assert np.abs(full - exact).max() <= 1e-3


def test_there_are_no_seams_at_the_borders_of_patches(model, signals):
    layer = natural_image(192, 192).astype(np.float32) / 255
    full = stylize(model, layer, "RGB", [(signals, 1)], tiling="full")
    exact = stylize(model, layer, "RGB", [(signals, 1)], tiling="exact", patch=64)
    error = np.abs(full - exact)
    borders = np.concatenate([error[63:65].ravel(), error[127:129].ravel(), error[:, 63:65].ravel()])
    assert borders.max() <= 1e-3


@pytest.mark.parametrize("place", EVERYWHERE)
def test_stored_and_recomputed_features_give_the_same(model, signals, place):
    image = torch.from_numpy(natural_image(101, 131)).permute(2, 0, 1)[None].float() / 255
    box = Box(0, 0, 131, 101)
    result = torch.zeros_like(image)
    budget = EVERYWHERE[place]
    run_exact(
        model.network.stages(),
        signals,
        reading(image),
        box,
        into(result),
        region=box,
        patch=64,
        budget=dataclasses.replace(budget),
        device=torch.device("cpu"),
    )
    expected = model.network(image, signals)[:, :, :101, :131]
    assert (result - expected).abs().max() <= 1e-4


def test_thumbnail_statistics_of_a_small_layer_are_its_own(model, signals):
    layer = natural_image(150, 200)
    full = stylize(model, layer, "RGB", [(signals, 1)], tiling="full")
    thumbnail = stylize(model, layer, "RGB", [(signals, 1)], tiling="thumbnail", patch=64)
    assert np.abs(full.astype(int) - thumbnail).max() <= 1


@given(st.integers(0, 500), st.integers(1, 40))
def test_an_interval_needs_at_least_what_its_ends_need(start, length):
    operations = (Window(4, 4), Window(1, 1, 2), Enlargement(2), Window(1, 1))
    first = needs(operations, start, start + 1)
    last = needs(operations, start + length - 1, start + length)
    assert needs(operations, start, start + length) == (first[0], last[1])


def test_a_changed_pixel_reaches_exactly_the_outputs_that_need_it():
    # Positive weights only: nothing cancels and no ReLU is shut, so every path shows.
    torch.manual_seed(0)
    network = MicroAST().eval().requires_grad_(False)
    for parameter in network.parameters():
        parameter.data = parameter.abs() / parameter.abs().sum() * parameter.shape[0]
    stage = network.double().stages()[0]
    image = torch.rand(1, 3, 160, 160, dtype=torch.float64)
    changed = image.clone()
    changed[0, :, 80, 80] += 0.5
    signals = StyleSignals("microast", {})
    before, after = (stage.run(x, None, signals) for x in (image, changed))
    touched = (before != after).any(dim=1)[0]
    rows = torch.nonzero(touched.any(1)).flatten().tolist()
    fields = {row: needs(stage.operations, row, row + 1) for row in range(40)}
    assert rows == [row for row, (first, last) in fields.items() if first <= 80 < last]
    assert radius(stage.operations) == 25


@given(st.lists(st.integers(1, 30), min_size=1, max_size=6), st.floats(-100, 100))
def test_statistics_of_pieces_are_those_of_the_whole(widths, offset):
    whole = torch.randn(1, 4, 7, sum(widths), generator=torch.Generator().manual_seed(0)) + offset
    running = RunningStatistics()
    for piece in whole.split(widths, dim=3):
        running.update(piece)
    mean, std = running.result("cpu")
    expected = whole.double()
    assert torch.allclose(mean.flatten().double(), expected.mean((0, 2, 3)), atol=1e-4)
    variance = expected.var((0, 2, 3)) + 1e-5
    assert torch.allclose(std.flatten().double(), variance.sqrt(), rtol=1e-3)


def test_out_of_memory_halves_the_patch_and_gives_the_same_result(model, signals):
    layer = natural_image(300, 300)
    expected = stylize(model, layer, "RGB", [(signals, 1)], tiling="full")
    small = dataclasses.replace(model, network=OutOfMemoryAbove(model.network, 200))
    found = stylize(small, layer, "RGB", [(signals, 1)], tiling="full")
    assert np.abs(expected.astype(int) - found).max() <= 1


def test_out_of_memory_at_every_size_is_one_typed_error(model, signals):
    hopeless = dataclasses.replace(model, network=OutOfMemoryAbove(model.network, 10))
    with pytest.raises(OutOfMemoryError, match="patches of") as caught:
        stylize(hopeless, natural_image(300, 300), "RGB", [(signals, 1)])
    assert caught.value.hint


def test_a_job_leaves_no_file_behind(model, signals, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(runner.Budget, "of_this_machine", staticmethod(lambda device: Budget(0, 1 << 40)))
    stylize(model, natural_image(100, 100), "RGB", [(signals, 1)], tiling="exact", patch=64)
    assert list(tmp_path.iterdir()) == []


def test_a_layer_in_a_file_gives_what_it_gives_in_memory(model, signals):
    layer = natural_image(300, 260, channels=4)
    layer[:90, :80, 3] = 0
    mask = np.zeros((300, 260), np.uint8)
    mask[40:280, 30:200] = 200
    region = (20, 30, 201, 222)
    files = []
    for array in (layer, mask):
        files.append(FileArray.temporary(array.shape, array.dtype))
        files[-1][:, :] = array
    out = FileArray.temporary((222, 201, 4), np.uint8)
    options = {"weight": 0.6, "region": region, "tiling": "exact", "patch": 96}
    expected = stylize(model, layer, "RGBA", [(signals, 1)], mask=mask, **options)
    nothing_in_memory = Budget(0, 1 << 40)
    stylize(
        model, files[0], "RGBA", [(signals, 1)], mask=files[1], **options, out=out, budget=nothing_in_memory
    )
    np.testing.assert_array_equal(out[:, :], expected)


@given(data=st.data())
def test_a_box_of_a_file_is_the_box_of_the_array(data):
    height, width = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 9))
    array = np.arange(height * width * 3, dtype=np.uint16).reshape(height, width, 3)
    file = FileArray.temporary(array.shape, array.dtype)
    file[:, :] = array
    top, left = data.draw(st.integers(0, height)), data.draw(st.integers(0, width))
    box = np.s_[top : data.draw(st.integers(top, height)), left : data.draw(st.integers(left, width))]
    np.testing.assert_array_equal(file[box], array[box])
    file[box] = array[box] = array[box] + 1
    np.testing.assert_array_equal(file[:, :], array)


def test_a_file_of_another_size_is_refused(tmp_path):
    (tmp_path / "raw").write_bytes(bytes(11))
    with pytest.raises(ValueError, match="11 bytes"):
        FileArray.open(tmp_path / "raw", (2, 2, 3), np.uint8)


def test_the_next_small_region_costs_its_own_area_and_has_the_bits_of_the_first(model, signals):
    layer, region, kept = natural_image(300, 260), (40, 50, 100, 90), KeptStatistics()

    def patches_and_result(kept: KeptStatistics | None, region=region):
        seen: list[tuple[int, int]] = []
        result = stylize(
            model,
            layer,
            "RGB",
            [(signals, 1)],
            patch=64,
            region=region,
            kept=kept,
            on_progress=lambda done, total, _: seen.append((done, total)),
        )
        assert [done for done, _ in seen] == list(range(1, seen[0][1] + 1))
        return len(seen), result

    first, result = patches_and_result(kept)
    again, second = patches_and_result(kept)
    alone, third = patches_and_result(None)
    assert first == alone > again == 4
    assert np.array_equal(result, second)
    assert np.array_equal(result, third)
    assert patches_and_result(kept, (200, 10, 60, 60))[0] == 1
