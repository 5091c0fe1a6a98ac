"""Pictures of any size: the command line with everything in files, against the same in memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
import tifffile
from daemon_process import Place, noise
from PIL import ExifTags, Image, ImageCms

from scumble_daemon import cli
from scumble_daemon.images import large, read_image
from scumble_models.first_sight import first_sight
from scumble_models.registry import load_model
from scumble_models.stylize import stylize

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
STYLE = noise(64, 64, seed=1)


@pytest.fixture(scope="module")
def home():
    """A daemon that keeps next to nothing in memory, for this module."""
    with tempfile.TemporaryDirectory(prefix="scumble-") as root, pytest.MonkeyPatch.context() as patch:
        place = Place(Path(root))
        for name, value in place.environment.items():
            patch.setenv(name, value)
        script = Path(root) / "daemon.py"
        script.write_text(
            "from scumble_daemon.serve import run\n"
            "from scumble_daemon.settings import Limits, Settings\n"
            "if __name__ == '__main__': run(Settings(limits=Limits(spool_over=50_000)))\n"
        )
        process = subprocess.Popen([sys.executable, script], env={**os.environ, **place.environment})
        yield Path(root)
        process.terminate()
        process.wait(30)


@pytest.fixture(autouse=True)
def folder(home, tmp_path, monkeypatch) -> Path:
    """Every picture counts as large, and the process's own temporary directory comes back."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(large, "LARGE", 0)
    monkeypatch.setattr(tempfile, "tempdir", tempfile.tempdir)
    monkeypatch.setenv("TMPDIR", tempfile.gettempdir())
    Image.fromarray(STYLE).save("style.png")
    return tmp_path


@pytest.fixture(scope="module")
def model():
    return load_model("microast", "cpu")


def run(*arguments: str) -> int:
    return cli.run(["stylize", *arguments, "--style", "style.png", "--tiling", "exact", "--patch", "256"])


def expected(model, array: np.ndarray, **options) -> np.ndarray:
    channels = {3: "RGB", 4: "RGBA"}[array.shape[2]]
    return stylize(model, array, channels, [(first_sight(model, STYLE, "RGB"), 1.0)], **options)


def left_behind(home: Path) -> list[Path]:
    """Files of ours in the spool that are not the daemon's."""
    return [p for p in (home / "spool").rglob("*") if p.is_file() and "daemon-" not in p.parent.name]


def close(found: np.ndarray, wanted: np.ndarray) -> None:
    scale = 1.0 if found.dtype.kind == "f" else np.iinfo(found.dtype).max
    assert found.dtype == wanted.dtype
    assert found.shape == wanted.shape
    assert np.abs(found.astype(np.float64) - wanted).max() <= scale / 255


@pytest.mark.parametrize(
    ("dtype", "channels"), [(np.uint8, 3), (np.uint8, 4), (np.uint16, 4), (np.float32, 3)]
)
def test_a_tiled_tiff_comes_back_as_it_does_in_memory(home, model, dtype, channels):
    array = noise(450, 600, channels, dtype)
    if channels == 4:
        array[:200, :150, 3] = 0
    extra = {"extrasamples": ["unassalpha"]} if channels == 4 else {}
    tifffile.imwrite("in.tif", array, photometric="rgb", tile=(128, 128), iccprofile=SRGB, **extra)
    assert run("in.tif", "-o", "out.tif") == 0
    with tifffile.TiffFile("out.tif") as tiff:
        page = tiff.pages.first
        assert page.is_tiled
        assert page.iccprofile == SRGB
        assert len(tiff.pages) == 1
        found = page.asarray()
    close(found, expected(model, array, tiling="full"))
    if channels == 4:
        np.testing.assert_array_equal(found[..., 3], array[..., 3])
    assert left_behind(home) == []


@pytest.mark.parametrize("name", ["in.png", "in.jpg"])
def test_png_and_jpeg_come_back_in_their_own_format(home, model, name):
    Image.fromarray(noise(300, 400)).save(name, icc_profile=SRGB, dpi=(200, 200))
    out = f"out{Path(name).suffix}"
    assert run(name, "-o", out) == 0
    with Image.open(out) as result:
        assert result.info["icc_profile"] == SRGB
        assert round(result.info["dpi"][0]) == 200
        found = np.asarray(result)
    wanted = expected(model, np.asarray(Image.open(name)), tiling="full")
    if name == "in.png":
        close(found, wanted)
    assert np.abs(found.astype(int) - wanted).mean() < 3
    assert left_behind(home) == []


def test_a_16_bit_png_keeps_its_depth(model):
    array = noise(300, 280, 3, np.uint16)
    tifffile.imwrite("in.tif", array, photometric="rgb")
    assert run("in.tif", "-o", "out.png") == 0
    found = read_image("out.png").pixels
    assert found.format.dtype == "u16"
    close(np.frombuffer(found.data, np.uint16).reshape(300, 280, 3), expected(model, array, tiling="full"))


def test_region_and_mask_of_a_large_picture(model):
    array = noise(300, 400)
    mask = np.zeros((300, 400), np.uint8)
    mask[40:260, 60:350] = 255
    tifffile.imwrite("in.tif", array, photometric="rgb", tile=(128, 128))
    Image.fromarray(mask).save("mask.png")
    assert run("in.tif", "-o", "out.tif", "--mask", "mask.png", "--region", "50,30,300,200") == 0
    found = tifffile.imread("out.tif")
    close(found, expected(model, array, tiling="full", mask=mask, region=(50, 30, 300, 200)))
    np.testing.assert_array_equal(found[:10], array[30:40, 50:350])


def test_a_mask_of_another_size_is_refused(capsys):
    Image.fromarray(noise(40, 50)).save("in.png")
    Image.fromarray(noise(40, 51)).save("mask.png")
    assert run("in.png", "-o", "out.png", "--mask", "mask.png") == 1
    assert "51x40" in capsys.readouterr().err
    assert not Path("out.png").exists()


def test_a_turned_photo_comes_back_upright_with_its_exif():
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "A camera"
    directory = exif.get_ifd(ExifTags.IFD.Exif)  # of another painting, which no longer holds
    directory[ExifTags.Base.ImageHistory] = "scumble-reversal:AAAA"
    Image.fromarray(noise(60, 90)).save("in.jpg", exif=exif)
    assert run("in.jpg", "-o", "out.jpg") == 0
    with Image.open("out.jpg") as result:
        assert result.size == (60, 90)
        assert result.getexif().get(0x0112, 1) == 1
        assert result.getexif()[0x010F] == "A camera"
        assert ExifTags.Base.ImageHistory not in result.getexif().get_ifd(ExifTags.IFD.Exif)


def test_a_pyramid_holds_all_halved_sizes():
    tifffile.imwrite("in.tif", noise(700, 900), photometric="rgb")
    assert run("in.tif", "-o", "out.tif", "--pyramid") == 0
    with tifffile.TiffFile("out.tif") as tiff:
        assert [page.shape[:2] for page in tiff.pages] == [(700, 900), (350, 450), (175, 225)]


def test_a_pyramid_is_a_tiff(capsys):
    Image.fromarray(noise(40, 50)).save("in.png")
    assert run("in.png", "-o", "out.png", "--pyramid") == 2
    assert ".tif" in capsys.readouterr().err


def test_gray_and_premultiplied_pictures_are_read_as_in_memory():
    gray, alpha = noise(30, 40, 1, np.uint16), noise(30, 40, 1, np.uint16, seed=5) // 2 + 20_000
    tifffile.imwrite("gray.tif", gray[..., 0], photometric="minisblack")
    premultiplied = (gray.astype(np.float64) * alpha / 65535).round().astype(np.uint16)
    layers = np.concatenate([premultiplied] * 3 + [alpha], 2)
    tifffile.imwrite("assoc.tif", layers, photometric="rgb", extrasamples=["assocalpha"])
    tifffile.imwrite("other.tif", layers, photometric="rgb", extrasamples=["unspecified"])
    for name in ("gray.tif", "assoc.tif", "other.tif"):
        found, wanted = large.read_large(Path(name))[0], read_image(name).pixels
        assert (found.extent, found.format) == (wanted.extent, wanted.format)
        close(np.frombuffer(found.data, np.uint16), np.frombuffer(wanted.data, np.uint16))


def test_a_truncated_picture_is_one_sentence_and_no_file(capsys):
    tifffile.imwrite("in.tif", noise(300, 400), photometric="rgb", rowsperstrip=16)
    data = Path("in.tif").read_bytes()
    Path("in.tif").write_bytes(data[: len(data) // 2])
    assert run("in.tif", "-o", "out.tif") == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert not Path("out.tif").exists()


def test_without_libvips_the_error_says_what_to_install(monkeypatch, capsys):
    """A header that says 20000x20000 is enough."""
    Image.new("1", (20_000, 20_000)).save("in.png")
    monkeypatch.setattr(large, "LARGE", 1 << 26)
    monkeypatch.setitem(sys.modules, "pyvips", None)
    assert run("in.png", "-o", "out.png") == 1
    assert "pyvips[binary]" in capsys.readouterr().err
    assert run("in.png", "-o", "out.tif", "--pyramid") == 1
    assert "pyvips[binary]" in capsys.readouterr().err


def test_without_libvips_what_fits_goes_the_other_way(monkeypatch, capsys):
    Image.fromarray(noise(40, 50)).save("in.png")
    monkeypatch.setitem(sys.modules, "pyvips", None)
    assert run("in.png", "-o", "out.png", "--json") == 0
    assert json.loads(capsys.readouterr().out)["results"][0]["ok"]
