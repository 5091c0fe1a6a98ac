"""What a script does with a result: arrays, Pillow images, files, a notebook."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest
from PIL import Image

from scumble import CHANNELS, DTYPES, Extent, PixelFormat, Pixels, ScumbleError, to_array
from scumble.conversion import as_pixels

SIZE = Extent(5, 3)
NUMPY = {"u8": np.uint8, "u16": np.uint16, "f16": np.float16, "f32": np.float32}


def pixels_of(dtype: str, channels: str) -> Pixels:
    """A ramp over the depth's range."""
    count = SIZE.area * CHANNELS[channels]
    values = np.linspace(0, 1, count)
    if dtype.startswith("u"):
        values = np.round(values * np.iinfo(NUMPY[dtype]).max)
    return Pixels(SIZE, PixelFormat(dtype, channels), values.astype(NUMPY[dtype]).tobytes())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channels", CHANNELS)
def test_an_array_has_rows_columns_and_channels_and_no_copy(dtype, channels):
    pixels = pixels_of(dtype, channels)
    array = np.asarray(pixels)
    assert array.shape == (3, 5, CHANNELS[channels])
    assert array.dtype == NUMPY[dtype]
    assert array.tobytes() == bytes(pixels.view())
    assert np.shares_memory(array, np.asarray(pixels))
    assert np.array_equal(array, to_array(pixels))
    del pixels
    assert array[0, 0, 0] == 0


@pytest.mark.parametrize("channels", CHANNELS)
def test_8_bits_go_to_pillow_and_back(channels):
    pixels = pixels_of("u8", channels)
    back = np.asarray(as_pixels(pixels.to_pillow()))
    array = np.asarray(pixels)
    assert np.array_equal(back, array[..., [2, 1, 0, 3]] if channels == "BGRA" else array)


@pytest.mark.parametrize("dtype", ["u16", "f32"])
def test_deep_gray_goes_to_pillow_and_back(dtype):
    pixels = pixels_of(dtype, "GRAY")
    back = as_pixels(pixels.to_pillow())
    assert (back.format, bytes(back.view())) == (pixels.format, bytes(pixels.view()))


@pytest.mark.parametrize("dtype", ["u16", "f16", "f32"])
def test_deep_colours_come_to_pillow_with_8_bits(dtype):
    image = pixels_of(dtype, "RGB").to_pillow()
    wanted = np.asarray(pixels_of("u8", "RGB"), int)
    assert image.mode == "RGB"
    assert np.abs(np.asarray(image) - wanted).max() <= 1


def test_a_float_that_is_no_colour_becomes_one():
    odd = np.array([[[np.nan, -3.0, np.inf]]], np.float32)
    assert as_pixels(odd).to_pillow().getpixel((0, 0)) == (0, 0, 255)


def test_a_result_is_saved_with_its_profile(tmp_path):
    source = pixels_of("u8", "RGBA")
    pixels = Pixels(source.extent, source.format, source.data, b"a profile")
    pixels.save(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        assert image.info["icc_profile"] == b"a profile"
        assert np.array_equal(np.asarray(image), np.asarray(pixels))
    pixels.save(str(tmp_path / "a.jpg"), quality=100)
    with Image.open(tmp_path / "a.jpg") as image:
        assert (image.mode, image.info["icc_profile"]) == ("RGB", b"a profile")
        assert min(image.getpixel((0, 0))) > 200  # where it is transparent the paper shows


def test_a_file_that_cannot_be_written_says_so(tmp_path):
    for path in (tmp_path / "none" / "a.png", tmp_path / "a.sausage"):
        with pytest.raises(ScumbleError) as caught:
            pixels_of("u8", "RGB").save(path)
        assert caught.value.code == "cannot-write"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channels", CHANNELS)
def test_a_notebook_shows_it(dtype, channels):
    shown = pixels_of(dtype, channels)._repr_png_()
    assert shown is not None
    with Image.open(io.BytesIO(shown)) as image:
        assert (image.format, image.size) == ("PNG", (5, 3))
        assert image.convert("L").getpixel((4, 2)) > 200


def test_without_pillow_a_notebook_shows_text_and_the_rest_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    pixels = pixels_of("u8", "RGB")
    assert pixels._repr_png_() is None
    with pytest.raises(ScumbleError) as caught:
        pixels.to_pillow()
    assert (caught.value.code, caught.value.hint) == ("no-pillow", "pip install pillow")


def test_a_picture_that_cannot_be_encoded_leaves_the_older_file(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(b"older")
    with pytest.raises(ScumbleError) as caught:
        pixels_of("u8", "RGB").save(path, quality="nonsense")
    assert caught.value.code == "cannot-write"
    assert path.read_bytes() == b"older"
    assert list(tmp_path.iterdir()) == [path]
