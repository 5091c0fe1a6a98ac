"""What `scumble bench` counts and how it measures."""

from __future__ import annotations

import sys
from dataclasses import asdict

import pytest
import torch

from scumble_bench.contender import Contender, in_one_pass
from scumble_bench.network import measure
from scumble_bench.openvino_way import load_openvino
from scumble_bench.pictures import photo
from scumble_bench.profile import profile
from scumble_bench.rates import operations_per_pixel
from scumble_bench.reference import load_reference
from scumble_bench.tables import tables
from scumble_models.errors import ModelError
from scumble_models.registry import load_model
from scumble_models.stylize import encode_style, stylize

CPU = torch.device("cpu")
RATES = {"gemm_gflops": 1.0, "operations_per_pixel": 1.0}


@pytest.mark.slow
def test_the_profile_counts_the_operations_that_torch_counts():
    model = load_model("microast", "cpu")
    published = load_reference(None, model)
    signals, run = published.encode(photo(64, 64, 2))(), published.run(photo(128, 96, 1))
    layers = profile(lambda: run(signals), CPU)
    counted = sum(layer.operations for layer in layers)
    assert counted == pytest.approx(operations_per_pixel(model) * 128 * 96, rel=1e-6)


def test_fused_layers_do_fewer_operations_than_the_published_ones_and_none_is_missed():
    model = load_model("microast", "cpu")
    content, signals = photo(128, 96, 1), encode_style(model, photo(64, 64, 2), "RGB")
    layers = profile(lambda: stylize(model, content, "RGB", [(signals, 1.0)]), CPU)
    names = [layer.name for layer in layers]
    assert any(name.startswith("conv 3x3 64 to 64") for name in names)
    assert all(layer.seconds >= 0 for layer in layers)
    published = operations_per_pixel(model) * 128 * 96
    assert 0.2 * published < sum(layer.operations for layer in layers) < 1.5 * published


@pytest.mark.slow
def test_both_ways_are_measured():
    found = measure(("scumble", "reference"), 96, 64, repeats=1)
    assert set(found) == {"scumble", "reference"}
    for measurement in found.values():
        assert min(measurement.seconds, measurement.with_style, measurement.style_seconds) > 0
        assert measurement.peak_bytes > 50e6


def test_what_is_compared_with_a_cascade_paints_once():
    model = load_model("microast", "cpu")
    content, signals = photo(700, 80, 1), encode_style(model, photo(64, 64, 2), "RGB")
    shown: list[object] = []
    once = stylize(in_one_pass(model), content, "RGB", [(signals, 1.0)], on_preview=shown.append)
    assert not shown
    assert (once != stylize(model, content, "RGB", [(signals, 1.0)], on_preview=shown.append)).any()
    assert len(shown) == 1


def test_a_contender_that_cannot_start_says_why():
    wrong = Contender("reference", 64, 64, "no-such-model", "cpu", "auto", 0, "")
    with wrong as contender, pytest.raises(ModelError, match="no-such-model"):
        contender.fits()


def test_the_layers_own_signals_may_be_given():
    model = load_model("microast", "cpu")
    content, signals = photo(96, 64, 1), encode_style(model, photo(64, 64, 2), "RGB")
    own = encode_style(model, content, "RGB")
    found = stylize(model, content, "RGB", [(signals, 1.0)], weight=0.5, own=own)
    assert (found == stylize(model, content, "RGB", [(signals, 1.0)], weight=0.5)).all()


@pytest.mark.slow
def test_openvino_paints_the_published_picture_in_float32_and_another_in_bfloat16():
    found = measure(("scumble", "reference", "openvino", "openvino-bf16"), 96, 64, repeats=1)
    assert found["scumble"].off == found["openvino"].off == 0
    assert found["reference"].off == 0
    assert min(found["openvino"].seconds, found["openvino-bf16"].seconds) > 0
    rows = tables({"network": [{way: asdict(row) for way, row in found.items()}], **RATES})[1][2]
    assert [row[1] for row in rows] == ["Scumble", "OpenVINO float32", "OpenVINO bfloat16"]


def test_without_openvino_the_contender_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(ModelError, match="not installed"):
        load_openvino(load_model("microast", "cpu"), "openvino")
