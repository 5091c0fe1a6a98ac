"""The photorealistic network: places of maxima, feature aggregation, patches, and its two stylizers."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import get_args

import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file, save_file

from scumble_models.errors import TrainingError
from scumble_models.photo_network.aggregation import GATHERS, Reading, aggregated, style_tensors
from scumble_models.photo_network.network import PhotoNetwork
from scumble_models.photo_network.training import Training, TwoStylizers
from scumble_models.photo_network.unpooling import MaskedPool, Unpool, channels_of, grown, shrunk
from scumble_models.signals import StyleSignals
from scumble_models.tiling.box import Box
from scumble_models.tiling.budget import Budget
from scumble_models.tiling.executor import run_exact
from scumble_models.tiling.statistics import whole_statistics
from scumble_models.training.bank import Bank
from scumble_models.training.data import ImageFolder
from scumble_models.training.judge import under_autocast
from scumble_models.training.recipe import LossWeights, Phase, Recipe
from scumble_models.training.trainer import Trainer
from scumble_models.vgg.encoder import VGG16, shipped_encoder
from tests.unit.models.conftest import into, natural_image, reading

CPU = torch.device("cpu")
READINGS: tuple[Reading, ...] = get_args(Reading)


def a_network(level: str = "conv3_1", of_equation: Reading = "moments") -> PhotoNetwork:
    """With the shipped encoder and a decoder that nobody has trained."""
    torch.manual_seed(5)
    network = PhotoNetwork(level, of_equation)
    network.encoder = shipped_encoder()
    return network.eval().requires_grad_(False)


def picture(height: int, width: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(natural_image(height, width, seed)).permute(2, 0, 1)[None] / 255.0


# Places -----------------------------------------------------------------------------------------


def test_maxima_go_back_to_where_they_were():
    x = 100 * torch.rand(2, 5, 8, 12)
    maxima, places = MaskedPool()(x)
    assert torch.equal(maxima, F.max_pool2d(x, 2))
    back = Unpool()(maxima, places)
    assert torch.equal(back[back != 0], x[back != 0])
    assert int((back != 0).sum()) == maxima.numel()


def test_what_is_flat_has_its_maximum_in_the_same_place_whatever_the_rounding():
    flat = torch.rand(1, 6, 1, 1).expand(1, 6, 16, 16)
    _, places = MaskedPool()(flat + 1e-5 * torch.randn(1, 6, 16, 16))
    assert int(places.max()) == 0


def test_places_travel_to_a_coarser_grid_and_back():
    widths, places = [2, 3, 4], [torch.randint(0, 4, (1, 4, 32, 32)).float()]
    for channels, side in ((3, 16), (2, 8)):
        before = places
        places = [torch.randint(0, 4, (1, channels, side, side)).float(), *shrunk(before)]
        assert all(torch.equal(a, b) for a, b in zip(grown(places[1:]), before, strict=True))
        assert float(max(one.max() for one in places)) <= 255.0  # exact in bfloat16
    assert [one.shape[1] for one in places] == channels_of(widths)
    assert {one.shape[2] for one in places} == {8}


# Aggregation ------------------------------------------------------------------------------------


def test_each_reading_moves_to_the_style_what_it_says():
    content, style = 1 + torch.randn(1, 4, 40, 40), 3 + 2 * torch.randn(1, 4, 50, 30)
    style[:, 1] += style[:, 0]
    wanted_mean, wanted = whole_statistics(style, "covariance")
    far = {}
    for name in READINGS:
        signals = StyleSignals("photo_network", style_tensors(style, name, "pool1"))
        result = aggregated(content, whole_statistics(content, GATHERS[name]), signals, name, "pool1")
        mean, covariance = whole_statistics(result, "covariance")
        assert torch.allclose(mean, wanted_mean, atol=1e-4)
        far[name] = float((covariance - wanted).square().mean().sqrt())
        if name == "moments":
            assert torch.allclose(covariance[0].diag(), wanted[0].diag(), rtol=1e-3)
    assert far["covariance"] < 0.2 < far["moments"] < far["mean"]


# Patches ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("of_equation", READINGS)
@pytest.mark.parametrize("level", ["conv3_1", "conv4_1"])
def test_patches_are_the_full_frame(level: str, of_equation: Reading):
    network = a_network(level, of_equation)
    image, whole = picture(104, 136), Box(0, 0, 136, 104)
    signals = network.encode_style(picture(50, 61, seed=3))
    result = torch.full_like(image, float("nan"))
    run_exact(
        network.stages(), signals, reading(image), whole, into(result),
        region=whole, patch=40, budget=Budget.of_this_machine(CPU), device=CPU,
    )  # fmt: skip
    full = network(image, signals)
    # Where two of a block are alike to the margin, rounding decides; a picture has few of these.
    assert float(((result - full).abs() > 1e-3 * float(full.std())).float().mean()) < 1e-3


def test_both_ways_to_run_it_are_one():
    network = TwoStylizers("conv3_1", "moments")
    network.encoder = shipped_encoder()
    network.eval().requires_grad_(False)
    image, style = picture(64, 80), network.encode_style(picture(48, 48, seed=3))
    result, features, coherence = network.traced(image, style)
    assert torch.allclose(result, network(image, style), atol=1e-4)
    assert torch.allclose(features, network.encoder(image, ("conv3_1",))["conv3_1"], atol=1e-4)
    assert float(coherence) > 0
    second, _, _ = network.traced(image, style, second=True)
    assert not torch.allclose(second, result, atol=1e-4)


# Training ---------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> ImageFolder:
    for number in range(4):
        Image.fromarray(natural_image(90, 110, number)).save(tmp_path / f"{number}.png")
    return ImageFolder(tmp_path, short_side=80)


def a_recipe(target: str = "perceptual", **changes) -> Recipe:
    losses = LossWeights(contrastive=0.0, palette=5.0, coherence=1.0, restyle=1.0)
    recipe = Recipe(
        "photo_network", (Phase(1, 64, 2, target),), bank=8, warm_up=1, betas=(0.5, 0.999), losses=losses
    )
    return dataclasses.replace(recipe, **changes)


def changed_parts(trainer: Trainer) -> set[str]:
    before = {k: v.clone() for k, v in trainer.network.state_dict().items()}
    trainer.run()
    after = trainer.network.state_dict()
    return {k.split(".")[0] for k, v in before.items() if not torch.equal(v, after[k])}


@pytest.mark.parametrize("of_equation", READINGS)
def test_both_stylizers_learn_and_one_is_kept(tmp_path: Path, folder: ImageFolder, of_equation: str):
    trainer = Trainer(a_recipe(reading=of_equation), tmp_path, folder, folder, tmp_path / "run")
    assert changed_parts(trainer) == {"decoder", "second", "coherence"}
    kept = load_file(tmp_path / "run" / "weights.safetensors")
    assert kept.keys() == PhotoNetwork().state_dict().keys()


def test_the_second_stylizer_is_not_trained_where_no_loss_asks_for_it(tmp_path: Path, folder: ImageFolder):
    recipe = a_recipe(losses=LossWeights(contrastive=0.0))
    assert changed_parts(Trainer(recipe, tmp_path, folder, folder, tmp_path / "run")) == {"decoder"}


def test_all_that_is_mirrored_learns_to_give_photos_back(tmp_path: Path, folder: ImageFolder):
    recipe = a_recipe("reconstruction", losses=LossWeights(coherence=1.0), learning_rate=1e-3)
    recipe = dataclasses.replace(recipe, phases=(dataclasses.replace(recipe.phases[0], steps=12),))
    trainer = Trainer(recipe, tmp_path, folder, folder, tmp_path / "run")
    losses: list[dict[str, float]] = []
    before = {k: v.clone() for k, v in trainer.network.state_dict().items()}
    trainer.run(lambda step, steps, values: losses.append(values))
    after = trainer.network.state_dict()
    unchanged = {k for k, v in before.items() if torch.equal(v, after[k])}
    learned = {name for name in before if name.startswith("decoder.")}
    kept = {name for name in learned if "_d2" in name and "conv_1" not in name}
    assert unchanged & learned == kept
    for name in ("pixel", "coherence"):
        assert losses[-1][name] < 0.9 * losses[0][name]


def test_both_stylizers_begin_with_what_the_first_stage_has_left(tmp_path: Path, folder: ImageFolder):
    trainer = Trainer(a_recipe("pixel"), tmp_path, folder, folder, tmp_path / "one")
    assert changed_parts(trainer) == {"decoder"}
    recipe = a_recipe(init="one/weights.safetensors")
    network = Trainer(recipe, tmp_path, folder, folder, tmp_path / "two").network
    assert isinstance(network, TwoStylizers)
    first = load_file(tmp_path / "one" / "weights.safetensors")
    for name, value in network.decoder.state_dict().items():
        assert torch.equal(value, first[f"decoder.{name}"])
        assert torch.equal(value, network.second.state_dict()[name])


@pytest.mark.parametrize("wrong", [{"reading": "printed"}, {"level": "conv1_1"}])
def test_a_reading_or_a_level_that_there_is_not_is_refused(wrong: dict[str, str]):
    with pytest.raises(TrainingError, match="a level or a reading"):
        Training(a_recipe(**wrong)).start(Path(), VGG16())


def test_weights_without_a_decoder_are_no_start(tmp_path: Path):
    save_file({"layer": torch.zeros(1)}, tmp_path / "start.safetensors")
    with pytest.raises(TrainingError, match="do not fit"):
        Training(a_recipe(init="start.safetensors")).start(tmp_path, VGG16())


def test_similar_photos_are_near_and_another(tmp_path: Path):
    for kind, colour in (("dark", (20, 30, 60)), ("light", (220, 210, 150))):
        for number in range(3):
            plain = Image.new("RGB", (96, 96), tuple(c + number for c in colour))
            plain.save(tmp_path / f"{kind}-{number}.png")
    folder = ImageFolder(tmp_path, short_side=96)
    judge = under_autocast(shipped_encoder(), "off")
    bank = Bank(
        folder, folder, judge, size=32, crop=32, generator=torch.Generator().manual_seed(1), similar=True
    )
    for _ in range(4):
        batch = bank.draw(6)
        assert batch.similar is not None
        of_kind, of_similar = (x.mean((1, 2, 3)) > 0.5 for x in (batch.content, batch.similar))
        assert torch.equal(of_kind, of_similar)
