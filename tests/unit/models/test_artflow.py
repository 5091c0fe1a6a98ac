"""ArtFlow: what it does it undoes, whatever the weights and the picture."""

from __future__ import annotations

from typing import TypeVar

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from scumble_models.artflow.bands import BandCoupling, BandStep
from scumble_models.artflow.ends import restored, rolled_off
from scumble_models.artflow.flow import ActNorm, Coupling, FlowStep, Mixing
from scumble_models.artflow.network import ArtFlow
from scumble_models.artflow.projection import GAIN, ProjectionFlow
from scumble_models.artflow.squeeze import squeeze, unsqueeze
from scumble_models.artflow_adaattn.network import ArtFlowAdaAttN
from scumble_models.artflow_wct.network import ArtFlowWCT, between
from scumble_models.grid import grid_energy
from scumble_models.network import StyleNetwork
from scumble_models.tiling.box import Box
from scumble_models.tiling.budget import Budget
from scumble_models.tiling.executor import run_exact
from scumble_models.tiling.statistics import whole_statistics
from tests.unit.models.conftest import into, reading

CPU = torch.device("cpu")


Flow = TypeVar("Flow", bound=StyleNetwork)


def changed(network: Flow) -> Flow:
    """A flow whose weights are not those that it begins with."""
    network.train()
    with torch.no_grad():
        assert isinstance(network, ProjectionFlow)
        network.encode(torch.rand(2, 3, 32, 32))
        for parameter in network.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    return network.eval().requires_grad_(False)


MAKERS = [ArtFlow, lambda: ArtFlow(blocks=1), ArtFlowWCT, ArtFlowAdaAttN]


@pytest.fixture(scope="module", params=MAKERS, ids=["AdaIN", "one block", "WCT", "AdaAttN"])
def network(request: pytest.FixtureRequest) -> ProjectionFlow:
    torch.manual_seed(7)
    return changed(request.param())


PARTS = [ActNorm(8), Mixing(8), Coupling(8, 16), FlowStep(8, 16), BandCoupling(5, 16), BandStep(8, 16)]


@pytest.mark.parametrize("part", PARTS, ids=lambda part: type(part).__name__)
def test_each_part_of_a_step_has_its_inverse(part: torch.nn.Module):
    with torch.no_grad():
        for parameter in part.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
        x = torch.randn(2, 8, 6, 7)
        assert torch.allclose(part.eval().inverse(part(x)), x, atol=1e-4)  # type: ignore[operator]


@settings(max_examples=12, deadline=None)
@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 99))
def test_a_picture_of_any_size_comes_back(network: ProjectionFlow, rows: int, columns: int, seed: int):
    generator = torch.Generator().manual_seed(seed)
    image = torch.rand(1, 3, 4 * max(4, rows), 4 * max(4, columns), generator=generator)
    assert torch.allclose(network.invert(network.encode(image)), image, atol=1e-4)


def test_squeezing_loses_nothing_and_finds_no_details_in_slopes():
    image = torch.rand(1, 3, 8, 10)
    squeezed = squeeze(image)
    assert squeezed.shape == (1, 12, 4, 5)
    assert torch.allclose(unsqueeze(squeezed), image, atol=1e-6)
    slope = torch.arange(16.0).expand(1, 1, 16, 16)
    slope = slope + 2 * slope.transpose(2, 3)
    inner = squeeze(slope)[:, :, 1:-1, 1:-1]
    assert torch.allclose(inner[:, :1], slope[:, :, 2:-2:2, 2:-2:2])
    assert torch.allclose(inner[:, 1:], torch.zeros(1, 3, 6, 6), atol=1e-5)


def test_what_is_flat_stays_flat_whatever_the_style(network: ProjectionFlow):
    flat = torch.tensor([0.2, 0.5, 0.7]).view(1, 3, 1, 1).expand(1, 3, 64, 64)
    style = network.encode_style(torch.rand(1, 3, 64, 64))
    painted = network(flat, style)
    assert float((painted - painted[:, :, :1, :1]).abs().max()) < 1e-5
    torch.manual_seed(7)
    published = changed(ArtFlow(published=True))
    gridded = published(flat, published.encode_style(torch.rand(1, 3, 64, 64)))
    assert float(grid_energy(gridded)) > 1e-6 > 1e3 * float(grid_energy(painted))


def test_ends_are_rolled_off_without_a_bend_and_come_back():
    values = torch.linspace(-1.0, 2.0, 3001)
    rolled = rolled_off(values)
    assert float(rolled.min()) > 0.0
    assert float(rolled.max()) < 1.0
    assert torch.equal(rolled[1050:1951], values[1050:1951])
    steps = rolled.diff()
    assert bool((steps > 0).all())
    assert float(steps.diff().abs().max()) < 0.05 * float(steps.max())
    assert torch.allclose(restored(rolled), values, atol=1e-4)
    assert bool(restored(torch.tensor([0.0, 1.0])).isfinite().all())


def test_patches_are_the_full_frame(network: ProjectionFlow):
    image, whole = torch.rand(1, 3, 160, 212), Box(0, 0, 212, 160)
    signals = network.encode_style(torch.rand(1, 3, 40, 40))
    result = torch.full_like(image, float("nan"))

    budget = Budget.of_this_machine(CPU)
    run_exact(
        network.stages(), signals, reading(image), whole, into(result),
        region=whole, patch=48, budget=budget, device=CPU,
    )  # fmt: skip
    assert torch.allclose(result, network(image, signals), atol=1e-3)


def test_the_first_batch_sets_what_is_normal():
    norm, x = ActNorm(5).train(), torch.randn(4, 5, 6, 6) * 3 + 2
    first = norm(x)
    assert torch.allclose(first.mean((0, 2, 3)), torch.zeros(5), atol=1e-4)
    assert torch.allclose(first.std((0, 2, 3)), torch.ones(5), atol=0.02)
    kept = norm.shift.clone()
    norm(10 * x)
    assert torch.equal(norm.shift, kept)


def test_whitening_reaches_the_styles_covariance_and_never_amplifies_without_end():
    network = changed(ArtFlowWCT())
    style = network.encode_style(torch.rand(1, 3, 96, 96))
    latent = network.encode(torch.rand(1, 3, 96, 96))
    painted = network.exchange(latent, whole_statistics(latent, "covariance"), style)
    found, wanted = network._signals(whole_statistics(painted, "covariance")), style
    own = network._signals(whole_statistics(latent, "covariance"))
    for name in ("small", "details"):
        before, after = (float((s.tensors[name] - wanted.tensors[name]).norm()) for s in (own, found))
        assert after < 0.3 * before
    calm = own.map(lambda tensor: 1e-6 * tensor)
    for name in ("small", "details"):
        there = between(calm.tensors[name], wanted.tensors[name])
        assert float(torch.linalg.matrix_norm(there, 2)) <= 1.001 * GAIN
        back = between(wanted.tensors[name], calm.tensors[name])
        assert torch.allclose(there @ back, torch.eye(len(there[0])), atol=1e-4)


def test_attention_gives_each_place_the_statistics_of_what_fits_it():
    """The light half of a picture gets the marks of a painting's light half, which are busy."""
    torch.manual_seed(7)
    network = ArtFlowAdaAttN().eval().requires_grad_(False)
    with torch.no_grad():
        for layer in (network.query, network.key):  # compares colours, and no details
            assert layer.bias is not None
            layer.bias.zero_()
            layer.weight.zero_()[:3, :3, 0, 0] = 2 * torch.eye(3)
    ramp = (torch.arange(64) >= 32).float().expand(1, 3, 64, 64)
    noise = torch.randn(1, 3, 64, 64)
    style = 0.3 + 0.3 * ramp + 0.06 * ramp * noise
    painted = network(0.4 + 0.2 * ramp + 0.02 * noise, network.encode_style(style))
    dark, light = painted[..., 4:28], painted[..., 36:60]
    assert float(light.std((2, 3)).mean()) > 2 * float(dark.std((2, 3)).mean())
    assert float(light.mean()) > 0.1 + float(dark.mean())
