"""A style taken off again through everything: command line, client, daemon, worker, and the files between."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import ExifTags, Image

from scumble import Bounds, Client, ScumbleError, StyleSource, StyleWeight, StylizeRequest
from scumble.conversion import as_pixels, to_array
from scumble_daemon import cli
from scumble_daemon.images import read_image

HISTORY = int(ExifTags.Base.ImageHistory)
PHOTO = Path(__file__).parents[2] / "examples" / "photos" / "coffee.jpg"
STYLE = ["--style", "scream", "--engine", "artflow"]
ENGINES = ["artflow", "artflow-wct"]


pytestmark = pytest.mark.usefixtures("shared_place")


@pytest.fixture(autouse=True)
def photo(tmp_path, monkeypatch) -> np.ndarray:
    """A small photo, also as ``photo.png`` and, in 16 bits, ``photo.tif``."""
    monkeypatch.chdir(tmp_path)
    small = Image.open(PHOTO).convert("RGB").resize((150, 99), Image.Resampling.LANCZOS)
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[HISTORY] = "scanned"
    small.save("photo.png", exif=exif.tobytes())
    array = np.asarray(small)
    tifffile.imwrite("photo.tif", array.astype(np.uint16) * 257, photometric="rgb")
    return array


def error(path: str, photo: np.ndarray) -> float:
    found = to_array(read_image(path).pixels)[..., :3].astype(float)
    return float(np.abs(found / (1 if found.max() <= 255 else 257) - photo).mean())


def history(path: str) -> str:
    with Image.open(path) as image:
        return image.getexif().get_ifd(ExifTags.IFD.Exif)[HISTORY]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("kind", "most"), [("png", 6.0), ("tif", 2.0), ("jpg", 20.0), ("webp", 20.0)])
def test_a_file_says_how_its_style_is_taken_off(photo, engine, kind, most):
    source = "photo.tif" if kind == "tif" else "photo.png"
    style = ["--style", "scream", "--engine", engine]
    assert cli.run(["stylize", source, *style, "-o", f"painted.{kind}"]) == 0
    assert error(f"painted.{kind}", photo) > 10
    assert cli.run(["unstyle", f"painted.{kind}", "-o", f"again.{kind}"]) == 0
    assert error(f"again.{kind}", photo) < most
    assert read_image(f"again.{kind}").pixels.reversal is None


def test_what_a_picture_says_of_its_history_stays(photo):
    assert cli.run(["stylize", "photo.png", *STYLE, "-o", "painted.png"]) == 0
    assert history("painted.png").startswith("scanned\nscumble-reversal:")
    assert cli.run(["unstyle", "painted.png", "-o", "again.png"]) == 0
    assert history("again.png") == "scanned"


@pytest.mark.parametrize("engine", ENGINES)
def test_two_styles_come_off_one_after_the_other(photo, engine):
    with Client.connect() as client:
        once = client.stylize(read_image("photo.tif").pixels, "scream", engine=engine)
        twice = client.stylize(once, "kiss", engine=engine)
        back = client.unstyle(twice)
        assert back.reversal is None
        assert float(np.abs(to_array(back).astype(float) - to_array(once)).mean() / 257) < 2.0
        first = client.unstyle(back, once.reversal)
        assert float(np.abs(to_array(first).astype(float) / 257 - photo).mean()) < 2.0
        half = client.unstyle(once, weight=0.5)
        assert float(np.abs(to_array(half).astype(float) / 257 - photo).mean()) > 1


def test_what_was_painted_in_part_or_looks_different_says_nothing():
    image = as_pixels("photo.png")
    styles = (StyleWeight(StyleSource(library="scream")),)
    others = [
        {"region": Bounds(10, 10, 60, 40)},
        {"mask": bytes(image.extent.area - 1) + b"\xff"},
        {"contrast": 1.5},
        {"preserve_color": "luminance"},
        {"engine": "photo"},
    ]
    with Client.connect() as client:
        assert client.submit(StylizeRequest(image, styles, engine="artflow")).result().reversal
        for other in others:
            request = StylizeRequest(image, styles, **{"engine": "artflow", **other})
            assert client.submit(request).result().reversal is None, other


def test_a_picture_that_does_not_say_is_told_so(capsys):
    assert cli.run(["unstyle", "photo.png", "-o", "again.png"]) == 1
    said = capsys.readouterr().err
    assert "does not say how it was painted" in said
    assert not Path("again.png").exists()
    assert cli.run(["unstyle", "photo.png", "-o", "again.png", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["results"][0]["error"]["code"] == "not-reversible"


@pytest.mark.parametrize("reversal", [b"x", b"\x02\0\0\0\0\0\0\0{}", bytes(5000)])
def test_a_damaged_way_back_is_one_sentence(reversal):
    with Client.connect() as client:
        with pytest.raises(ScumbleError) as caught:
            client.unstyle("photo.png", reversal)
        assert caught.value.code == "not-reversible"
        source = StyleSource(reversal=reversal)
        request = StylizeRequest(as_pixels("photo.png"), (StyleWeight(source),), engine="artflow")
        with pytest.raises(ScumbleError) as caught:
            client.submit(request).result()
        assert caught.value.code == "bad-signals"


def test_a_style_is_taken_off_alone():
    both = (StyleWeight(StyleSource(reversal=b"x")), StyleWeight(StyleSource(library="scream")))
    with pytest.raises(ScumbleError, match="alone"):
        StylizeRequest(as_pixels("photo.png"), both)
