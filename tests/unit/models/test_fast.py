"""The fused layers against the published ones, on sizes and patches of every kind."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scumble_models.fast.choice import HALF_TOLERANCE, passes_trial
from scumble_models.fast.half import half_stages
from scumble_models.microast.fast import fast_stages
from scumble_models.registry import load_model, way_on
from scumble_models.stylize import stylize
from scumble_models.tiling.box import Box
from scumble_models.tiling.budget import Budget
from scumble_models.tiling.executor import run_exact, run_with_statistics
from scumble_models.tiling.statistics import channel_statistics
from tests.unit.models.conftest import into, natural_image, reading

QUICK = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
#: In units of white; rounding in another order of sums, and nothing else.
ROUNDING = 1e-3


def image_of(height: int, width: int) -> torch.Tensor:
    return torch.from_numpy(natural_image(height, width)).permute(2, 0, 1)[None] / 255.0


@QUICK
@given(height=st.integers(16, 150), width=st.integers(16, 150), patch=st.integers(64, 160))
def test_patches_of_any_size_equal_the_published_full_frame(model, signals, height, width, patch):
    image, whole = image_of(height, width), Box(0, 0, width, height)
    with torch.inference_mode():
        expected = model.network(image, signals)[:, :, :height, :width]
        result = torch.full_like(image, torch.nan)
        run_exact(
            fast_stages(model.network),
            signals,
            reading(image),
            whole,
            into(result),
            region=whole,
            patch=patch,
            budget=Budget(1 << 30, 0),
            device=torch.device("cpu"),
        )
    assert (result - expected).abs().max() <= ROUNDING


@QUICK
@given(data=st.data())
def test_any_part_with_given_statistics_equals_the_published_stages(model, signals, data):
    image, whole = image_of(90, 120), Box(0, 0, 120, 90)
    left, top = data.draw(st.integers(0, 119)), data.draw(st.integers(0, 89))
    part = Box(left, top, data.draw(st.integers(left + 1, 120)), data.draw(st.integers(top + 1, 90)))
    with torch.inference_mode():
        statistics, x, before = [], image, None
        for stage in model.network.stages()[:-1]:
            x = stage.run(x, before, signals)
            before = channel_statistics(x)
            statistics.append(before)
        results = []
        for stages in (model.network.stages(), fast_stages(model.network)):
            result = torch.full((1, 3, 90, 120), torch.nan)
            run_with_statistics(
                stages,
                signals,
                statistics,
                reading(image),
                whole,
                into(result),
                region=part,
                patch=64,
            )
            rows, columns = part.slices()
            results.append(result[:, :, rows, columns])
    assert (results[0] - results[1]).abs().max() <= ROUNDING


def test_this_machine_chooses_them_by_itself(model):
    assert way_on(torch.device("cpu")).startswith("fused layers")
    assert all(stage.local is not None for stage in model.stages())


def test_one_variable_brings_the_published_layers_back():
    code = (
        "import torch\n"
        "from scumble_models.registry import load_model\n"
        "model = load_model('microast', 'cpu')\n"
        "print(model.choice.phrase, [stage.local for stage in model.stages()])"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, env={"SCUMBLE_COMPUTE": "plain"}, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("as published (SCUMBLE_COMPUTE is set to plain) [None, None, None]")


def test_a_finished_layer_differs_from_the_published_one_by_rounding_at_most(model, signals):
    layer = natural_image(200, 280)
    with torch.inference_mode():
        image = torch.from_numpy(layer).permute(2, 0, 1)[None] / 255.0
        published = model.network(image, signals).clamp(0, 1)[0].permute(1, 2, 0).numpy() * 255.0
    result = stylize(model, layer, "RGB", [(signals, 1.0)], patch=96)
    assert np.abs(result - published).max() <= 1.0


@pytest.mark.parametrize("engine", ["microast", "microast-bold", "adain"])
def test_half_precision_passes_its_trial_where_a_processor_can_compute_it(engine):
    """On a graphics card the same trial decides whether it is used; here the processor stands in."""
    network = load_model(engine).network
    assert passes_trial(network, half_stages(network.stages()), torch.device("cpu"), HALF_TOLERANCE)


def test_half_precision_costs_no_visible_pixel(model, signals):
    layer = natural_image(200, 280)
    with torch.inference_mode():
        image = torch.from_numpy(layer).permute(2, 0, 1)[None] / 255.0
        published = model.network(image, signals).clamp(0, 1)
        result, statistics = image, None
        for stage in half_stages(model.network.stages()):
            result = stage.run(result, statistics, signals)
            assert result.dtype == torch.float32
            statistics = channel_statistics(result)
    levels = (result.clamp(0, 1) - published).abs() * 255.0
    assert levels.quantile(0.999) <= 2.0
    assert levels.mean() <= 0.2


def test_a_network_that_is_not_used_any_more_is_gone():
    loaded = load_model("microast", "cpu")
    loaded.stages()
    network = weakref.ref(loaded.network)
    del loaded
    gc.collect()
    assert network() is None
