"""Styles with masks on the command line, and batches that notice other masks and other weights."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from daemon_process import noise
from PIL import Image
from safetensors.numpy import load_file, save_file

from scumble import Extent
from scumble_daemon import cli
from scumble_daemon.images import large
from scumble_daemon.images.masks import read_free_mask
from scumble_models.registry import find_model, models_folder

pytestmark = pytest.mark.usefixtures("shared_place")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    # Large pictures change the process's temporary directory: it comes back.
    monkeypatch.setattr(tempfile, "tempdir", tempfile.tempdir)
    monkeypatch.setenv("TMPDIR", tempfile.gettempdir())
    Image.fromarray(noise(120, 200)).save("photo.png")
    Image.fromarray(255 - noise(64, 64, seed=3)).save("me@home:2.png")
    left = np.zeros((6, 10), np.uint8)
    left[:, :5] = 255
    Image.fromarray(left).save("left.png")
    Image.fromarray(255 - left).save("right@1:2.png")
    return tmp_path


def run(*arguments: str) -> int:
    return cli.run(list(arguments))


def picture(name: str) -> np.ndarray:
    with Image.open(name) as image:
        return np.asarray(image).astype(int)


def distance(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one - other).mean())


@pytest.mark.parametrize("in_files", [False, True])
def test_each_side_takes_after_the_style_whose_mask_is_there(monkeypatch, in_files):
    if in_files:
        monkeypatch.setattr(large, "LARGE", 0)
    styles = ("irises", "me@home:2.png")
    for index, style in enumerate(styles):
        assert run("stylize", "photo.png", "--style", style, "-o", f"{index}.png") == 0
    given = ("--style", "irises@left.png", "--style", "me@home:2.png@right@1:2.png")
    assert run("stylize", "photo.png", *given, "-o", "both.png") == 0
    both, first, second = picture("both.png"), picture("0.png"), picture("1.png")
    for side, (near, far) in ((np.s_[:, :70], (first, second)), (np.s_[:, 130:], (second, first))):
        assert distance(both[side], near[side]) < 0.7 * distance(both[side], far[side])


def test_where_no_style_is_the_picture_stays_in_a_batch_of_any_sizes_and_in_a_sweep():
    Path("in").mkdir()
    for name, size in (("wide", (60, 120)), ("tall", (120, 60))):
        Image.fromarray(noise(*size)).save(f"in/{name}.png")
    assert run("batch", "in", "--style", "irises@left.png", "-o", "out") == 0
    assert run("sweep", "in/wide.png", "--style", "irises@left.png", "--weights", "1", "-o", "s.png") == 0
    sheet = picture("s.png")
    cells = [(picture(f"in/{n}.png"), picture(f"out/{n}-irises.png")) for n in ("wide", "tall")]
    cells.append((picture("in/wide.png"), sheet[26 : 26 + 60, -126:-6]))
    for source, result in cells:
        columns = source.shape[1]
        kept = np.s_[:, columns * 7 // 10 :]
        np.testing.assert_array_equal(result[kept], source[kept])
        assert distance(result[:, : columns // 2], source[:, : columns // 2]) > 5


def test_a_hard_mask_becomes_soft_where_it_is_enlarged_and_fits_in_memory_and_in_a_file():
    extent = Extent(203, 77)
    mask = read_free_mask(Path("left.png"))
    row = np.frombuffer(mask.fitted(extent), np.uint8).reshape(77, 203)[40].astype(int)
    assert (row[0], row[-1]) == (255, 0)
    assert (np.diff(row) <= 0).all()
    assert np.count_nonzero((row > 0) & (row < 255)) >= 15  # about one of the mask's own pixels
    from_file = np.frombuffer(bytes(mask.fitted_in_file(extent)), np.uint8).reshape(77, 203)[40]
    assert np.abs(from_file - row).max() <= 32  # libvips' triangle is cut in sixty-fourths
    assert mask.fitted(Extent(10, 6)) == mask.image.tobytes()


def test_what_is_transparent_in_a_mask_is_not_covered():
    rgba = np.full((4, 4, 4), 255, np.uint8)
    rgba[:, 2:, 3] = 0
    Image.fromarray(rgba).save("alpha.png")
    Image.fromarray(np.full((4, 4), 40_000, np.uint16)).save("deep.png")
    assert np.asarray(read_free_mask(Path("alpha.png")).image)[0].tolist() == [255, 255, 0, 0]
    assert np.asarray(read_free_mask(Path("deep.png")).image)[0, 0] == 40_000 >> 8


@pytest.mark.parametrize(
    ("style", "says"),
    [
        ("irises@none.png", "The mask of Irises cannot be used: There is no file none.png."),
        ("irises@words.png", "The mask of Irises cannot be used: words.png"),
        ("nothing.jpg@left.png", "There is no file nothing.jpg."),
    ],
)
def test_a_mask_that_cannot_be_read_is_one_sentence_and_no_output(capsys, style, says):
    Path("words.png").write_text("no picture")
    assert run("stylize", "photo.png", "--style", style, "-o", "out.png") == 1
    err = capsys.readouterr().err
    assert says in err
    assert err.count("\n") == 1
    assert not Path("out.png").exists()


def test_masks_are_not_overwritten_and_recipes_have_none(capsys):
    assert run("stylize", "photo.png", "--style", "irises@left.png", "-o", "left.png") == 2
    assert run("styles", "add", "--style", "irises@left.png", "--title", "half") == 2
    assert capsys.readouterr().err.count("\n") == 2


def put_weights(scale: float) -> None:
    """A model `mine` with the built-in weights, the last layer's bias scaled."""
    state = load_file(find_model("microast").path)
    name = next(key for key in reversed(list(state)) if key.startswith("decoder") and key.endswith("bias"))
    state[name] = state[name] * np.float32(scale)
    path = models_folder() / "mine.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(state, path)
    row = {"name": "mine", "architecture": "microast", "title": "mine", "licence": "none"}
    row["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_suffix(".json").write_text(json.dumps(row))


def test_other_weights_and_other_masks_are_done_again_by_a_resumed_batch(capsys):
    Path("in").mkdir()
    Image.fromarray(noise(40, 50)).save("in/a.png")

    def status(style: str) -> str:
        line = ("batch", "in", "--engine", "mine", "--style", style, "-o", "out", "--resume", "--json")
        capsys.readouterr()
        assert run(*line, "--pattern", "a.png") == 0
        return json.loads(capsys.readouterr().out)["results"][0]["status"]

    put_weights(1.0)
    style = "me@home:2.png"
    assert [status(style), status(style)] == ["done", "skipped"]
    put_weights(1.5)
    assert [status(style), status(style)] == ["done", "skipped"]
    masked = f"{style}@left.png"
    assert [status(masked), status(masked)] == ["done", "skipped"]
    Image.fromarray(np.full((6, 10), 200, np.uint8)).save("left.png")
    assert [status(masked), status(masked)] == ["done", "skipped"]
