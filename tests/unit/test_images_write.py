"""Writing pictures: what comes back, what travels along, and nothing half-written."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import png
import pytest
import tifffile
from PIL import Image, ImageCms

from scumble import Extent, PixelFormat, Pixels, ScumbleError
from scumble_daemon.images import LoadedImage, read_image, write_image
from scumble_daemon.images import writer as writer_module
from scumble_daemon.storage.atomic import atomic_file

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
_DTYPES = {"u8": np.uint8, "u16": np.uint16, "f16": np.float16, "f32": np.float32}


def as_pixels(array: np.ndarray, channels: str | None = None) -> Pixels:
    dtype = {np.dtype(d): name for name, d in _DTYPES.items()}[array.dtype]
    channels = channels or {1: "GRAY", 2: "GRAYA", 3: "RGB", 4: "RGBA"}[array.shape[2]]
    extent = Extent(array.shape[1], array.shape[0])
    return Pixels(extent, PixelFormat(dtype, channels), array.tobytes())


def array_of(pixels: Pixels) -> np.ndarray:
    samples = np.frombuffer(pixels.data, _DTYPES[pixels.format.dtype])
    return samples.reshape(pixels.extent.height, pixels.extent.width, -1)


def noise(channels: int, dtype=np.uint8, size: tuple[int, int] = (11, 17)) -> np.ndarray:
    rng = np.random.default_rng(channels)
    if np.dtype(dtype).kind == "f":
        return rng.uniform(-0.5, 2, (*size, channels)).astype(dtype)
    return rng.integers(0, np.iinfo(dtype).max, (*size, channels), dtype, endpoint=True)


def camera_exif() -> bytes:
    exif = Image.Exif()
    exif[271], exif[274], exif[315] = "Maker", 1, "An artist"
    details = exif.get_ifd(0x8769)
    details[0x9003], details[0xA002], details[0xA003] = "2020:01:02 03:04:05", 4000, 3000
    return exif.tobytes()


CAMERA = LoadedImage(as_pixels(noise(3)), exif=camera_exif(), icc_profile=SRGB, dpi=(300.0, 300.0))


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize(
    ("extension", "dtype"),
    [
        ("png", np.uint8), ("png", np.uint16),
        ("tif", np.uint8), ("tif", np.uint16), ("tif", np.float32),
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [(1, 1), (7, 3), (11, 17)])
def test_what_is_written_comes_back_bit_for_bit(tmp_path, channels, extension, dtype, size):
    source = noise(channels, dtype, size)
    path = tmp_path / f"out.{extension}"
    assert write_image(path, as_pixels(source)) == []
    np.testing.assert_array_equal(array_of(read_image(path).pixels), source)


def test_a_large_16_bit_png_is_the_same_for_another_reader(tmp_path):
    source = noise(3, np.uint16, (1200, 700))  # more than one strip
    write_image(tmp_path / "out.png", as_pixels(source))
    _, _, rows, info = png.Reader(bytes=(tmp_path / "out.png").read_bytes()).read()
    assert info["bitdepth"] == 16
    np.testing.assert_array_equal(np.vstack(list(rows)).reshape(source.shape), source)


def test_bgra_is_written_in_the_file_s_order(tmp_path):
    write_image(tmp_path / "a.png", as_pixels(np.array([[[1, 2, 3, 4]]], np.uint8), "BGRA"))
    assert array_of(read_image(tmp_path / "a.png").pixels).tolist() == [[[3, 2, 1, 4]]]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("extension", ["png", "tif", "webp", "jpg"])
def test_gray_pixels_are_written(tmp_path, dtype, channels, extension):
    source = np.full((3, 2, channels), np.iinfo(dtype).max // 2, dtype)
    path = tmp_path / f"gray.{extension}"
    write_image(path, as_pixels(source))
    assert read_image(path).pixels.extent == Extent(2, 3)


@pytest.mark.parametrize("extension", ["jpg", "png", "tif", "webp"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_profile_and_exif_travel_to_every_format(tmp_path, extension, dtype):
    path = tmp_path / f"out.{extension}"
    write_image(path, as_pixels(noise(3, dtype)), like=CAMERA)
    back = read_image(path)
    assert back.icc_profile == SRGB
    exif = Image.Exif()
    exif.load(back.exif)
    assert (exif[271], exif[315], exif.get(274, 1)) == ("Maker", "An artist", 1)
    details = exif.get_ifd(0x8769)
    assert details[0x9003] == "2020:01:02 03:04:05"
    assert (details[0xA002], details[0xA003]) == (17, 11)  # the size of what was written


def test_a_deep_tiff_is_read_whole_by_another_reader(tmp_path):
    source = noise(4, np.uint16)
    write_image(tmp_path / "out.tif", as_pixels(source), like=CAMERA)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "out.tif"), source)
    with Image.open(tmp_path / "out.tif") as image:
        assert image.mode == "RGBA"
        assert image.info["dpi"] == (300, 300)
        assert image.getexif().get_ifd(0x8769)[0x9003] == "2020:01:02 03:04:05"


@pytest.mark.parametrize("extension", ["jpg", "png"])
def test_the_resolution_is_kept(tmp_path, extension):
    path = tmp_path / f"out.{extension}"
    write_image(path, as_pixels(noise(3, np.uint8 if extension == "jpg" else np.uint16)), like=CAMERA)
    with Image.open(path) as image:
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)


def test_a_jpeg_keeps_full_colour_resolution(tmp_path):
    write_image(tmp_path / "out.jpg", as_pixels(noise(3)))
    with Image.open(tmp_path / "out.jpg") as image:
        assert [component[1:3] for component in image.layer] == [(1, 1)] * 3


def test_transparency_in_a_jpeg_is_laid_on_white_and_said(tmp_path):
    source = np.zeros((8, 8, 4), np.uint8)
    notes = write_image(tmp_path / "out.jpg", as_pixels(source))
    assert notes == ["out.jpg cannot be transparent: the picture was laid on white."]
    assert array_of(read_image(tmp_path / "out.jpg").pixels).min() == 255


def test_an_opaque_picture_loses_nothing_as_a_jpeg(tmp_path):
    assert write_image(tmp_path / "out.jpg", as_pixels(np.full((8, 8, 4), 255, np.uint8))) == []


def test_floats_in_a_png_are_clipped_and_said(tmp_path):
    source = np.array([[[-1.0, 0.5, np.nan], [2.0, 1.0, np.inf]]], np.float32)
    notes = write_image(tmp_path / "out.png", as_pixels(source))
    assert len(notes) == 1
    result = array_of(read_image(tmp_path / "out.png").pixels)
    assert result.tolist() == [[[0, 32768, 0], [65535, 65535, 65535]]]


def test_hidden_colours_under_transparency_survive_in_webp(tmp_path):
    source = np.full((16, 16, 4), (200, 100, 50, 0), np.uint8)
    write_image(tmp_path / "out.webp", as_pixels(source))
    result = array_of(read_image(tmp_path / "out.webp").pixels)
    np.testing.assert_allclose(result, source, atol=6)


# --- files ------------------------------------------------------------------------------------


def leftovers(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


@pytest.mark.parametrize("name", ["out.xyz", "out", "out.gif", ".png"])
def test_an_unknown_format_is_refused(tmp_path, name):
    with pytest.raises(ScumbleError) as caught:
        write_image(tmp_path / name, as_pixels(noise(3)))
    assert caught.value.code == "unsupported-format"
    assert leftovers(tmp_path) == []


def test_a_picture_too_wide_for_its_format_is_refused(tmp_path):
    with pytest.raises(ScumbleError) as caught:
        write_image(tmp_path / "out.webp", as_pixels(noise(3, size=(1, 16_384))))
    assert caught.value.code == "image-too-large"
    assert leftovers(tmp_path) == []


def test_a_missing_folder_is_one_sentence(tmp_path):
    with pytest.raises(ScumbleError) as caught:
        write_image(tmp_path / "no" / "out.png", as_pixels(noise(3)))
    assert caught.value.code == "cannot-write"


def test_a_folder_in_the_place_of_the_file_is_refused(tmp_path):
    (tmp_path / "out.png").mkdir()
    with pytest.raises(ScumbleError) as caught:
        write_image(tmp_path / "out.png", as_pixels(noise(3)))
    assert caught.value.code == "is-a-directory"


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_a_failure_while_writing_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, failure):
    path = tmp_path / "out.png"
    path.write_bytes(b"old")

    def interrupted(file, *_args, **_options):
        file.write(b"half")
        raise failure

    monkeypatch.setattr(writer_module, "write_png16", interrupted)
    with pytest.raises(failure):
        write_image(path, as_pixels(noise(3, np.uint16)))
    assert path.read_bytes() == b"old"
    assert leftovers(tmp_path) == ["out.png"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_device_is_not_replaced():
    with pytest.raises(ScumbleError) as caught, atomic_file(Path("/dev/full")):
        pass
    assert caught.value.code == "cannot-write"
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)


@pytest.mark.skipif(os.name != "posix", reason="file size limits are POSIX")
def test_a_full_disk_leaves_nothing_behind(tmp_path):
    # A limit on the size of files stands in for the disk: the kernel refuses the write itself.
    script = (
        "import resource, signal, sys, numpy as np\n"
        "from scumble import Extent, PixelFormat, Pixels, ScumbleError\n"
        "from scumble_daemon.images import write_image\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "data = np.random.default_rng(0).bytes(64 * 64 * 6)\n"
        "try: write_image(sys.argv[1], Pixels(Extent(64, 64), PixelFormat('u16', 'RGB'), data))\n"
        "except ScumbleError as error: sys.exit(error.code)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "out.png")]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert result.stderr.strip() == "cannot-write"
    assert leftovers(tmp_path) == []


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX")
def test_the_permissions_are_those_of_any_new_file_or_of_the_old_one(tmp_path):
    (tmp_path / "new").touch()
    write_image(tmp_path / "out.png", as_pixels(noise(3)))
    expected = (tmp_path / "new").stat().st_mode
    assert (tmp_path / "out.png").stat().st_mode == expected
    (tmp_path / "out.png").chmod(0o600)
    write_image(tmp_path / "out.png", as_pixels(noise(3)))
    assert stat.S_IMODE((tmp_path / "out.png").stat().st_mode) == 0o600


@pytest.mark.skipif(os.name != "posix", reason="links need rights elsewhere")
def test_a_link_keeps_pointing_to_its_file(tmp_path):
    (tmp_path / "real.png").touch()
    (tmp_path / "link.png").symlink_to("real.png")
    write_image(tmp_path / "link.png", as_pixels(noise(3)))
    assert (tmp_path / "link.png").is_symlink()
    assert (tmp_path / "real.png").stat().st_size > 0


def test_the_exif_of_a_bigtiff_travels(tmp_path):
    source = tmp_path / "big.tif"
    tags = [(271, "s", 0, "A camera", True)]
    tifffile.imwrite(source, noise(3), photometric="rgb", bigtiff=True, extratags=tags)
    for name in ("out.tif", "out.jpg"):
        picture = read_image(source)
        write_image(tmp_path / name, picture.pixels, like=picture)
        with Image.open(tmp_path / name) as image:
            assert image.getexif()[271] == "A camera"
