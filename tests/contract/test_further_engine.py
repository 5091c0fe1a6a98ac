"""One folder makes an engine: it is listed, loaded, trained and learned for, and no other file changes."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
import torch

from scumble_models import folders
from scumble_models.engine import Traits
from scumble_models.errors import WeightsError
from scumble_models.learning import Learner, LearnSettings
from scumble_models.registry import list_models, load_candidate, load_model
from scumble_models.spread import Spread
from scumble_models.stylize import encode_style, stylize
from scumble_models.tiling.box import Box
from scumble_models.training.method import training_method
from scumble_models.training.recipe import Phase, Recipe
from scumble_models.vgg.encoder import VGG16
from tests.contract.toy_engine import write_toy
from tests.unit.models.conftest import natural_image


def test_it_is_listed_after_the_others_with_its_traits(toys: Path):
    infos = {info.name: info for info in list_models()}
    assert list(infos)[:2] == ["microast", "microast-bold"]
    assert infos["toy"].traits == Traits(
        mixes="features", weight="features", learns=True, cascades=False, size_multiple=2
    )
    assert infos["toy"].builtin


def test_weights_that_are_not_registered_find_their_network(toys: Path):
    candidate = load_candidate(str(toys / "toy" / "weights.safetensors"))
    assert candidate.info.architecture.startswith("toy")


def test_it_brings_its_own_training(toys: Path):
    method = training_method(Recipe("toy", (Phase(1, 64, 2),)))
    network = method.start(Path(), VGG16())
    assert network.architecture == "toy"
    assert [factor for _, factor in method.parts(network)] == [1.0]


def test_a_style_is_learned_for_it(toys: Path):
    model, painting = load_model("toy"), natural_image(64, 80, seed=7)
    learner = Learner(model, painting, "RGB", LearnSettings(steps=2))
    losses = [learner.step() for _ in range(2)]
    assert np.isfinite(losses).all()
    style = model.check(model.info.read_style(learner.signals().to_bytes()))
    assert style.learned
    result = stylize(model, natural_image(50, 61), "RGB", [(style, 1)])
    plain = encode_style(model, painting, "RGB")
    assert not np.array_equal(result, stylize(model, natural_image(50, 61), "RGB", [(plain, 1)]))


def test_a_layer_of_odd_sides_is_spread_over_processes(toys: Path):
    model, layer = load_model("toy"), natural_image(151, 203, seed=3)
    styles = [(encode_style(model, natural_image(64, 64, seed=s), "RGB"), 1.0) for s in (1, 2)]
    spread = Spread(model, layer, "RGB", styles, weight=0.8, patch=64)
    shared = spread.begin()
    while not spread.is_ready(shared):
        count = len(spread.tiles(shared))
        cuts = ((0, count // 2), (count // 2, count))
        shared = spread.with_statistics(shared, [spread.statistics(shared, *cut) for cut in cuts])
    whole = stylize(model, layer, "RGB", styles, weight=0.8)
    part = spread.paint(shared, Box(100, 60, 203, 151))
    assert np.abs(whole[60:, 100:].astype(int) - part).max() <= 1


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('mixes = "features"', 'mixes = "magic"'),
        ("size_multiple = 2", "size_multiple = 0"),
        ("learns = true", "learnt = true"),
        ('network = "Toy"', ""),
        ('licence = "none"', ""),
    ],
)
def test_a_description_that_is_wrong_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str, after: str
):
    write_toy(tmp_path)
    file = tmp_path / "toy" / "engine.toml"
    file.write_text(file.read_text().replace(before, after))
    monkeypatch.setattr(folders, "PLACES", [folders.PACKAGE, tmp_path])
    with pytest.raises(WeightsError, match="toy is described wrongly"):
        list_models()


def test_no_code_outside_an_engines_folder_names_a_network():
    found = folders.engine_folders().values()
    classes, own = {folder.network_class for folder in found}, {folder.path for folder in found}
    modules = {f"scumble_models.{folder.name}" for folder in found}
    for path in folders.PACKAGE.rglob("*.py"):
        if own & set(path.parents):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = {getattr(node, "id", ""), getattr(node, "attr", ""), getattr(node, "name", "")}
            assert not named & classes, path
            if isinstance(node, ast.ImportFrom):
                assert not any((node.module or "").startswith(module) for module in modules), path
            if isinstance(node, ast.Compare):
                values = {getattr(one, "value", None) for one in (node.left, *node.comparators)}
                assert not values & {folder.name for folder in found}, path


def test_statistics_of_a_covariance_are_the_pictures(toys: Path):
    model = load_model("toy")
    image = torch.from_numpy(natural_image(40, 60)).permute(2, 0, 1)[None] / 255.0
    features = model.network.stages()[0].run(image, None, model.encode(image))
    covariance = model.encode(image).tensors["root"][0] @ model.encode(image).tensors["root"][0]
    expected = features[0].flatten(1).cov() + 1e-3 * torch.eye(12)
    assert torch.allclose(covariance, expected, atol=1e-4)
