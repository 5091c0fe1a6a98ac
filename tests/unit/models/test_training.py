"""Training: losses as the papers print them, recipes, data, and a run that can be stopped and resumed."""

from __future__ import annotations

import csv
import io
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

import scumble_models
from scumble_models.blur import gaussian, gaussian_of_crops
from scumble_models.colour import colour_map
from scumble_models.errors import TrainingError, WeightsError
from scumble_models.grid import grid_energy, grid_peaks
from scumble_models.imagenet_weights import _ArrayUnpickler, read_pickle
from scumble_models.signals import StyleSignals
from scumble_models.ssim import ssim
from scumble_models.training.data import ImageFolder
from scumble_models.training.losses import (
    contrastive_loss,
    gram_loss,
    gram_matrices,
    palette_loss,
    style_loss_each,
    style_statistics,
)
from scumble_models.training.recipe import read_recipe
from scumble_models.training.trainer import PATIENCE, Trainer
from scumble_models.vgg.encoder import LAYERS, VGG16, scale_activations
from tests.unit.models.conftest import natural_image

MODELS = Path(scumble_models.__file__).parent
RECIPE = """
architecture = "microast"
bank = 8
warm_up = 2
[losses]
structure = 1.0
grid = 10.0
palette = 5.0
stroke = 0.5
out_of_range = 1.0
[[phase]]
steps = 2
crop = 64
batch = 2
target = "pixel"
[[phase]]
steps = 4
crop = 64
batch = 2
"""


def random_vgg() -> VGG16:
    torch.manual_seed(0)
    return VGG16().eval().requires_grad_(False)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    for kind, seed in (("content", 0), ("style", 20)):
        (tmp_path / kind).mkdir()
        for i in range(3):
            Image.fromarray(natural_image(90, 110, seed + i)).save(tmp_path / kind / f"{i}.png")
    return tmp_path / "content", tmp_path / "style"


def make_trainer(tmp_path: Path, folders: tuple[Path, Path], out: str, text: str = RECIPE) -> Trainer:
    (tmp_path / "recipe.toml").write_text(text)
    content, style = (ImageFolder(f, short_side=80) for f in folders)
    recipe = read_recipe(tmp_path / "recipe.toml")
    return Trainer(recipe, tmp_path, content, style, tmp_path / out, loss_network=random_vgg())


def test_a_stopped_run_goes_on_where_it_stopped(tmp_path, folders):
    stopped = make_trainer(tmp_path, folders, "run")
    stopped.run(stop_after=3)
    resumed = make_trainer(tmp_path, folders, "run")
    assert resumed.step == 3
    for module in ("network", "average"):
        before, after = (getattr(t, module).state_dict() for t in (stopped, resumed))
        assert all(torch.equal(value, after[key]) for key, value in before.items())
    weights = load_file(resumed.run())
    assert all(torch.isfinite(value).all() for value in weights.values())
    with (tmp_path / "run" / "log.csv").open() as lines:
        steps = {int(row["step"]) for row in csv.DictReader(lines)}
    assert steps == {1, 2, 3, 4, 5, 6}
    assert len(list((tmp_path / "run").glob("preview-*.png"))) == 2


def test_training_changes_every_part_of_the_network(tmp_path, folders):
    trainer = make_trainer(tmp_path, folders, "run")
    before = {k: v.clone() for k, v in trainer.network.state_dict().items()}
    trainer.run()
    after = trainer.network.state_dict()
    unchanged = [k for k, v in before.items() if torch.equal(v, after[k])]
    assert unchanged == []


def test_a_loss_that_stays_not_finite_stops_the_run_in_one_sentence(tmp_path, folders):
    text = RECIPE.replace("steps = 4", f"steps = {PATIENCE + 10}").replace("stroke = 0.5", "style = inf")
    trainer = make_trainer(tmp_path, folders, "run", text)
    with pytest.raises(TrainingError, match="not finite"):
        trainer.run()
    assert all(torch.isfinite(v).all() for v in trainer.average.state_dict().values())


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("not toml [", "cannot be read"),
        ('architecture = "microast"\n', "at least one phase"),
        (RECIPE.replace("crop = 64", "crop = 50"), "multiple of 32"),
        (RECIPE + "\nstepz = 3\n", "unknown key 'stepz'"),
        (RECIPE.replace('"pixel"', '"guess"'), "perceptual, pixel, reconstruction"),
    ],
)
def test_a_wrong_recipe_is_refused_in_one_sentence(tmp_path, text, sentence):
    (tmp_path / "recipe.toml").write_text(text)
    with pytest.raises(TrainingError, match=sentence):
        read_recipe(tmp_path / "recipe.toml")


def test_images_of_unclear_rights_are_left_out_unless_asked_for(tmp_path, folders):
    (tmp_path / "MANIFEST.csv").write_text("file,rights\nstyle/0.png,unclear (demo)\nstyle/1.png,CC0\n")
    assert len(ImageFolder(folders[1], short_side=64)) == 2
    assert len(ImageFolder(folders[1], short_side=64, unclear_rights=True)) == 3


def test_a_damaged_image_is_skipped_and_an_empty_folder_refused(tmp_path, folders):
    (folders[0] / "broken.jpg").write_bytes(b"\xff\xd8 not a picture")
    assert [p.name for p in ImageFolder(folders[0], short_side=64).skipped] == ["broken.jpg"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(TrainingError, match="no readable image"):
        ImageFolder(tmp_path / "empty")


def test_the_contrastive_loss_is_equation_8_written_out():
    torch.manual_seed(1)
    names = [f"{n}{level}" for level in (1, 2) for n in ("mean", "std", "weight", "bias")]
    result, style = (StyleSignals("microast", {n: torch.rand(3, 64) for n in names}) for _ in range(2))

    def d(i: int, j: int) -> float:
        return sum(((result.tensors[n][i] - style.tensors[n][j]) ** 2).mean().item() for n in names)

    expected = np.mean([d(i, i) / sum(d(i, j) for j in range(3) if j != i) for i in range(3)])
    assert contrastive_loss(result, style).item() == pytest.approx(expected, rel=1e-4)


def test_the_fused_statistics_have_the_gradient_of_the_plain_ones():
    torch.manual_seed(2)
    x = torch.randn(2, 3, 5, 6, dtype=torch.float64, requires_grad=True)
    weights = torch.randn(2, 2, 3, dtype=torch.float64)

    def objective(mean: torch.Tensor, std: torch.Tensor) -> torch.Tensor:
        return (weights[0] * mean + weights[1] * std).sum()

    (fused,) = torch.autograd.grad(objective(*style_statistics({"a": x})["a"]), x)
    plain_std = (x.var((2, 3), correction=0) + 1e-5).sqrt()
    (plain,) = torch.autograd.grad(objective(x.mean((2, 3)), plain_std), x)
    assert torch.allclose(fused, plain, atol=1e-10)


def test_equal_styles_have_no_style_loss():
    activations = {"a": torch.rand(2, 4, 8, 8)}
    same = style_statistics(activations)
    assert style_loss_each(same, same).tolist() == [0.0, 0.0]


def test_the_colour_target_has_the_styles_mean_and_covariance():
    content, style = (
        torch.from_numpy(natural_image(64, 64, seed)).permute(2, 0, 1)[None] / 255 * 0.4 + 0.3
        for seed in (1, 2)
    )
    moved = colour_map(content, style)(content)
    assert torch.allclose(moved.mean((2, 3)), style.mean((2, 3)), atol=5e-3)
    assert torch.allclose(moved[0].flatten(1).cov(), style[0].flatten(1).cov(), atol=2e-3)


def test_scaling_gives_every_layer_a_mean_activation_of_one():
    network, images = random_vgg(), [torch.rand(2, 3, 64, 64)]
    scale_activations(network, images)
    found = network(images[0], [name for name, _, _ in LAYERS])
    for activation in found.values():
        assert activation.mean().item() == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("period", [2, 4])
def test_the_grid_energy_sees_a_cross_hatch_and_not_strokes(period):
    columns = torch.arange(256)
    hatch = 0.02 * torch.cos(2 * torch.pi * columns / period).expand(1, 3, 256, 256)
    ramp = torch.linspace(0, 1, 256).expand(1, 3, 256, 256)
    strokes = 0.1 * torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(0))
    with_grid, without = (grid_energy(x, window=64).item() for x in (ramp + hatch, ramp))
    assert with_grid > 5e-5
    assert without < 1e-9
    assert grid_energy(strokes, window=64).item() < 1e-5


def test_a_grid_in_one_place_counts_more_than_the_same_energy_everywhere():
    hatch = torch.cos(torch.pi * torch.arange(132) / 2).expand(1, 3, 132, 132)
    place = torch.zeros(132, 132)
    place[2:34, 2:34] = 1.0
    everywhere, there = 0.01 * hatch, 0.04 * hatch * place
    spread, peak = (grid_peaks(image, window=32).item() for image in (everywhere, there))
    assert grid_energy(there, window=32).item() == pytest.approx(grid_energy(everywhere, 32).item(), rel=0.1)
    assert spread == pytest.approx(grid_energy(everywhere, window=32).item(), rel=1e-3)
    assert peak > 3 * spread


def test_a_flat_picture_has_a_grid_of_nothing_and_a_gradient():
    flat = torch.full((1, 3, 36, 36), 0.5, requires_grad=True)
    grid_peaks(flat, window=16).sum().backward()
    assert flat.grad is not None
    assert flat.grad.isfinite().all()


@pytest.mark.parametrize("size", [(11, 40), (256, 130)])
def test_crops_are_blurred_by_products_as_by_convolutions(size):
    plane = torch.rand(2, 1, *size, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(gaussian_of_crops(plane, 1.5, 5), gaussian(plane, 1.5, 5), atol=1e-6, rtol=0)


def test_ssim_is_one_for_equal_images_and_falls_with_noise():
    image = torch.from_numpy(natural_image(64, 64)).permute(2, 0, 1)[None] / 255
    noisy = (image + 0.1 * torch.randn(image.shape)).clamp(0, 1)
    assert ssim(image, image).item() == pytest.approx(1.0)
    assert ssim(noisy, image).item() < 0.8


def test_a_pickle_that_asks_for_code_is_refused():
    class Evil:
        def __reduce__(self):
            return (exec, ("raise SystemExit",))

    with pytest.raises(WeightsError, match=r"builtins\.exec"):
        _ArrayUnpickler(io.BytesIO(pickle.dumps(Evil()))).load()


def test_a_judge_with_a_wrong_hash_is_not_even_unpickled():
    with pytest.raises(WeightsError, match="wrong sha256"):
        read_pickle("vgg16.ckpt", pickle.dumps({"VGG16_0": {}}))


def test_the_palette_loss_sees_colours_and_neither_their_place_nor_fine_texture():
    photo = torch.from_numpy(natural_image(64, 64, 3)).permute(2, 0, 1)[None].float() / 255
    assert palette_loss(photo.flip(3), photo).item() == pytest.approx(0.0, abs=1e-9)
    hatched = photo.clone()
    hatched[..., ::2] += 0.1
    hatched[..., 1::2] -= 0.1
    assert palette_loss(hatched, photo).item() < 1e-6
    assert palette_loss(photo.roll(1, dims=1), photo).item() > 1e-3
    # Two palettes of one mean and deviation: three levels and two.
    two = torch.full((1, 3, 64, 64), 0.3)
    two[..., 32:] = 0.7
    three = torch.full((1, 3, 64, 64), 0.5)
    three[..., :8], three[..., -8:] = 0.1, 0.9
    assert three.mean().item() == pytest.approx(two.mean().item(), abs=1e-3)
    assert three.std().item() == pytest.approx(two.std().item(), rel=1e-2)
    assert palette_loss(three, two).item() > 0.005


def test_the_grid_loss_moves_a_network_away_from_its_lattice(tmp_path, folders):
    text = (
        RECIPE.split("[losses]")[0] + "[losses]\ncontent = 0.0\nstyle = 0.0\ncontrastive = 0.0\ngrid = 1e5\n"
    )
    text += "[[phase]]\nsteps = 30\ncrop = 64\nbatch = 2\n"
    make_trainer(tmp_path, folders, "run", text).run()
    with (tmp_path / "run" / "log.csv").open() as lines:
        grid = [float(row["value"]) for row in csv.DictReader(lines) if row["loss"] == "grid"]
    assert sum(grid[-10:]) < 0.5 * sum(grid[:10])  # single steps differ by ten times


def test_adain_trains_its_decoder_and_keeps_its_encoder(tmp_path, folders):
    text = RECIPE.replace("microast", "adain").replace("steps = 4", "steps = 2").replace("stroke = 0.5\n", "")
    trainer = make_trainer(tmp_path, folders, "run", text)
    before = {k: v.clone() for k, v in trainer.network.state_dict().items()}
    trainer.run()
    after = trainer.network.state_dict()
    changed = {k.split(".")[0] for k, v in before.items() if not torch.equal(v, after[k])}
    assert changed == {"decoder"}


RECONSTRUCTION = """
architecture = "wct"
bank = 8
warm_up = 2
[[phase]]
target = "reconstruction"
levels = ["conv3_1", "conv1_1"]
steps = 4
crop = 64
batch = 2
"""


def test_the_way_back_from_vgg_is_trained_from_each_level_in_turn(tmp_path, folders):
    trainer = make_trainer(tmp_path, folders, "run", RECONSTRUCTION)
    before = {k: v.clone() for k, v in trainer.network.state_dict().items()}
    trainer.run()
    after = trainer.network.state_dict()
    changed = {".".join(k.split(".")[:2]) for k, v in before.items() if not torch.equal(v, after[k])}
    assert changed == {"decoders.conv3_1", "decoders.conv1_1"}
    with (tmp_path / "run" / "log.csv").open() as lines:
        losses = {row["loss"] for row in csv.DictReader(lines)}
    assert {"pixel", "gradient"} <= losses


def test_a_level_that_there_is_not_is_refused(tmp_path):
    (tmp_path / "recipe.toml").write_text(RECONSTRUCTION.replace("conv3_1", "conv9_1"))
    with pytest.raises(TrainingError, match="levels of a phase are some of conv4_1"):
        read_recipe(tmp_path / "recipe.toml")


def test_a_training_begins_with_the_decoder_of_another_network(tmp_path, folders):
    make_trainer(tmp_path, folders, "run", RECONSTRUCTION).run()
    start = load_file(tmp_path / "run" / "weights.safetensors")
    text = RECIPE.replace("microast", "adain").replace("stroke = 0.5\n", "")
    trainer = make_trainer(tmp_path, folders, "other", 'init = "run/weights.safetensors"\n' + text)
    decoder = {k: v for k, v in trainer.network.state_dict().items() if k.startswith("decoder.")}
    assert decoder.keys() == {
        k.replace("decoders.conv4_1", "decoder") for k in start if "decoders.conv4_1." in k
    }
    assert all(torch.equal(v, start[k.replace("decoder", "decoders.conv4_1", 1)]) for k, v in decoder.items())


@pytest.mark.parametrize(
    "recipe", sorted(MODELS.glob("*/recipe-gpu.toml")), ids=lambda path: path.parent.name
)
def test_what_a_gpu_is_to_run_takes_its_first_steps_here(recipe, tmp_path, folders):
    text = re.sub(r"^init = .*$", "", recipe.read_text(), flags=re.M)  # what an earlier training makes
    small = {"bank": 4, "refresh": 2, "steps": 1, "crop": 64, "batch": 2}
    for name, value in small.items():
        text = re.sub(rf"^{name} = .*$", f"{name} = {value}", text, flags=re.M)
    trainer = make_trainer(tmp_path, folders, "run", text)
    trainer.run()
    assert all(bool(torch.isfinite(value).all()) for value in trainer.network.state_dict().values())


def test_weights_without_a_decoder_are_no_start(tmp_path, folders):
    make_trainer(tmp_path, folders, "run").save()
    adain = RECIPE.replace("microast", "adain").replace("stroke = 0.5\n", "")
    for text in (RECONSTRUCTION, adain):
        with pytest.raises(TrainingError, match="do not fit"):
            make_trainer(tmp_path, folders, "other", 'init = "run/weights.safetensors"\n' + text)


def test_gram_matrices_tell_textures_apart_that_means_do_not():
    stripes = torch.zeros(1, 2, 8, 8)
    stripes[0, :, ::2] = 1.0
    crossed = stripes.clone()
    crossed[0, 1] = 1.0 - crossed[0, 1]
    (alike, _), (other, _) = (style_statistics({"x": x})["x"] for x in (stripes, crossed))
    assert torch.equal(alike, other)
    found, wanted = (gram_matrices({"x": x}) for x in (stripes, crossed))
    assert float(gram_loss(found, found)) == 0.0
    assert float(gram_loss(found, wanted)) == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["linearwct", "adaattn", "stylekernel"])
def test_an_engine_on_vgg_learns_all_but_its_encoder(tmp_path, folders, name: str):
    losses = "gram = 1.0\ncontrastive = 0.0\nearth_mover = 1.0\nreconstruction = 1.0\npalette = 5.0\n"
    text = f'architecture = "{name}"\nbank = 8\nwarm_up = 1\n[losses]\n{losses}'
    text += "[[phase]]\nsteps = 1\ncrop = 64\nbatch = 2\n"
    trainer = make_trainer(tmp_path, folders, "run", text)
    before = {k: v.clone() for k, v in trainer.network.state_dict().items()}
    trainer.run()
    after = trainer.network.state_dict()
    parts = {k.split(".")[0] for k in before}
    changed = {k.split(".")[0] for k, v in before.items() if not torch.equal(v, after[k])}
    assert changed == parts - {"encoder"}
