"""``scumble look export``: the LUT does in another program what the engine does here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from scumble_daemon import cli
from scumble_models.registry import load_model
from scumble_models.stylize import encode_style, stylize

EXAMPLES = Path(__file__).parents[2] / "examples"
SCUMBLE = [sys.executable, "-c", "from scumble_daemon.cli import main; main()", "look", "export"]
LOOK, PHOTO = EXAMPLES / "photos" / "coffee.jpg", EXAMPLES / "photos" / "astronaut.jpg"


def export(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*SCUMBLE, *map(str, arguments)], capture_output=True, text=True, check=False)


def test_pillow_paints_with_the_lut_what_the_engine_paints(tmp_path):
    with Image.open(PHOTO) as image:
        photo = image.convert("RGB").reduce(2)
    photo.save(tmp_path / "photo.png")
    ended = export(LOOK, "--for", tmp_path / "photo.png", "-o", tmp_path / "coffee.cube", "--json")
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    lines = (tmp_path / "coffee.cube").read_text().splitlines()
    assert lines[1] == "LUT_3D_SIZE 33"
    table = [tuple(map(float, line.split())) for line in lines[2:]]
    read = np.array(photo.filter(ImageFilter.Color3DLUT(33, table)), int)
    model = load_model("photo")
    with Image.open(LOOK) as image:
        style = encode_style(model, np.array(image.convert("RGB")), "RGB")
    painted = stylize(model, np.array(photo), "RGB", [(style, 1.0)]).astype(int)
    assert np.abs(read - painted).max() <= found["largest"] + 2
    assert np.abs(read - painted).mean() <= found["mean"] + 0.5


@pytest.mark.usefixtures("shared_place")
def test_a_look_of_the_library_is_painted_by_its_engine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def painted(*options: str) -> np.ndarray:
        assert cli.run(["stylize", str(PHOTO), *options, "-o", "out.png"]) == 0
        return np.array(Image.open("out.png")).astype(int)

    look = painted("--style", "golden-hour")
    assert np.array_equal(look, painted("--style", "golden-hour", "--engine", "photo"))
    assert np.abs(look - painted("--style", "golden-hour", "--engine", "microast")).mean() > 5
    two = painted("--style", "golden-hour", "--style", "fog")
    assert np.array_equal(two, painted("--style", "golden-hour", "--style", "fog", "--engine", "photo"))
    mixed = painted("--style", "fog", "--style", "comic")
    assert np.array_equal(mixed, painted("--style", "fog", "--style", "comic", "--engine", "microast"))


def test_a_look_of_the_library_becomes_a_lut(tmp_path):
    ended = export("tungsten", "-o", tmp_path / "tungsten.cube", "--points", "5")
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "tungsten.cube").is_file()


def test_without_a_photo_it_is_for_photos_of_many_kinds(tmp_path):
    ended = export(LOOK, "-o", tmp_path / "coffee.cube", "--points", "9")
    assert ended.returncode == 0, ended.stderr
    assert "9 points on each side" in ended.stdout
    assert len((tmp_path / "coffee.cube").read_text().splitlines()) == 2 + 9**3


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([LOOK, "-o", "out.png"], "Name it out.cube"),
        (["nosuch", "-o", "out.cube"], "no style named 'nosuch'"),
        ([Path(__file__), "-o", "out.cube"], "cannot be read|no image|not an image|is not"),
        ([LOOK, "-o", "nowhere/out.cube"], "cannot be written"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(tmp_path, monkeypatch, arguments, sentence):
    import re

    monkeypatch.chdir(tmp_path)
    ended = export(*arguments)
    assert ended.returncode == 1
    assert re.search(sentence, ended.stderr)
    assert "Traceback" not in ended.stderr
    assert not list(tmp_path.glob("*.cube"))
