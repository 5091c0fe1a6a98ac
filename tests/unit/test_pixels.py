"""Pixels, requests and errors: what exists is valid, and what is not says why."""

from __future__ import annotations

import dataclasses
import pickle

import numpy as np
import pytest

from scumble import (
    CHANNELS,
    DTYPES,
    Bounds,
    Extent,
    PixelFormat,
    Pixels,
    ScumbleError,
    StyleSource,
    StyleWeight,
    StylizeRequest,
    to_array,
)
from scumble.conversion import as_pixels, as_styles

LAYER = Pixels(Extent(4, 3), PixelFormat("u8", "RGB"), bytes(36))
STYLES = (StyleWeight(StyleSource(library="Ink wash")),)


def code_of(call, *args, **kwargs) -> str:
    with pytest.raises(ScumbleError) as caught:
        call(*args, **kwargs)
    assert caught.value.message.endswith(".")
    assert len(caught.value.message) < 300
    return caught.value.code


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channels", CHANNELS)
def test_bytes_per_pixel(dtype, channels):
    pixel_format = PixelFormat(dtype, channels)
    assert pixel_format.bytes_per_pixel == DTYPES[dtype] * CHANNELS[channels]
    extent = Extent(5, 7)
    Pixels(extent, pixel_format, bytes(pixel_format.byte_count(extent)))
    wrong = bytes(pixel_format.byte_count(extent) - 1)
    assert code_of(Pixels, extent, pixel_format, wrong) == "bad-pixels"


@pytest.mark.parametrize(
    ("dtype", "channels"), [("u32", "RGB"), ("u8", "CMYK"), (8, "RGB"), ("u8", None), ([], {})]
)
def test_unknown_formats_are_refused(dtype, channels):
    assert code_of(PixelFormat, dtype, channels) == "bad-pixels"


@pytest.mark.parametrize(
    ("extent", "code"),
    [
        ((0, 5), "image-empty"),
        ((5, -1), "image-empty"),
        ((1 << 21, 1), "image-too-large"),
        ((1 << 80, 1 << 80), "image-too-large"),
        ((1.5, 2), "bad-pixels"),
        ((True, 2), "bad-pixels"),
        ((1, 2, 3), "bad-pixels"),
        (None, "bad-pixels"),
    ],
)
def test_bad_extents_are_refused(extent, code):
    assert code_of(Pixels, extent, PixelFormat(), b"") == code


def test_a_view_is_not_a_copy():
    data = np.arange(12, dtype="<u2").reshape(2, 2, 3)
    pixels = Pixels(Extent(2, 2), PixelFormat("u16", "RGB"), data.data)
    assert pixels.view().nbytes == 24
    data[0, 0, 0] = 700
    assert pixels.view()[:2] == (700).to_bytes(2, "little")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"weight": 1.5}, "bad-weight"),
        ({"weight": -0.1}, "bad-weight"),
        ({"weight": float("nan")}, "bad-weight"),
        ({"weight": "1"}, "bad-weight"),
        ({"weight": True}, "bad-weight"),
        ({"image": b""}, "bad-request"),
        ({"styles": ()}, "bad-style"),
        ({"styles": list(STYLES)}, "bad-style"),
        ({"styles": STYLES * 17}, "bad-style"),
        ({"styles": (StyleWeight(STYLES[0].style, 0.0),)}, "bad-style"),
        ({"region": Bounds(0, 0, 5, 3)}, "bad-region"),
        ({"region": Bounds(-1, 0, 2, 2)}, "bad-region"),
        ({"region": Bounds(0, 0, 0, 2)}, "bad-region"),
        ({"region": (0, 0, 1, 1)}, "bad-region"),
        ({"mask": bytes(11)}, "bad-mask"),
        ({"mask": "mask"}, "bad-mask"),
        ({"engine": "../weights"}, "bad-engine"),
        ({"engine": ""}, "bad-engine"),
        ({"device": "tpu"}, "bad-request"),
        ({"device": "cuda:0\n"}, "bad-request"),
        ({"tiling": "some"}, "bad-request"),
        ({"tiling": []}, "bad-request"),
        ({"patch": 1}, "bad-request"),
        ({"patch": 512.0}, "bad-request"),
        ({"stroke_size": 0}, "bad-request"),
        ({"preserve_color": "yes"}, "bad-request"),
    ],
)
def test_a_bad_request_cannot_be_made(change, code):
    request = StylizeRequest(LAYER, STYLES)
    assert code_of(dataclasses.replace, request, **change) == code


def test_the_bounds_of_a_request_are_its_region_or_the_whole_layer():
    assert StylizeRequest(LAYER, STYLES).bounds == Bounds(0, 0, 4, 3)
    region = Bounds(1, 1, 2, 2)
    assert StylizeRequest(LAYER, STYLES, region=region).bounds == region


@pytest.mark.parametrize("name", ["", " ink", ".hidden", "a/b", "a\\b", "a\0b", "..", "x" * 101, 5])
def test_names_that_could_lead_a_path_astray_are_refused(name):
    assert code_of(StyleSource, library=name) == "bad-style"


@pytest.mark.parametrize("name", ["ink", "Ink wash", "Été 2", "van-gogh_1.5", "墨"])
def test_names_people_use_are_fine(name):
    assert StyleSource(library=name).library == name


def test_a_style_is_exactly_one_thing():
    assert code_of(StyleSource) == "bad-style"
    assert code_of(StyleSource, file=b"x", library="ink") == "bad-style"
    assert code_of(StyleSource, file=b"") == "bad-style"
    assert code_of(StyleWeight, STYLES[0].style, float("inf")) == "bad-style"
    assert code_of(StyleWeight, "ink") == "bad-style"


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16", "float32"])
@pytest.mark.parametrize("shape", [(3, 4), (3, 4, 1), (3, 4, 2), (3, 4, 3), (3, 4, 4)])
def test_arrays_go_in_and_come_out(dtype, shape):
    array = np.arange(np.prod(shape)).astype(dtype).reshape(shape)
    pixels = as_pixels(array)
    assert pixels.extent == Extent(4, 3)
    np.testing.assert_array_equal(to_array(pixels), array.reshape(3, 4, -1))


def test_big_endian_and_strided_arrays_are_put_in_order():
    array = np.arange(48, dtype=">u2").reshape(4, 4, 3)[::2, ::-1]
    np.testing.assert_array_equal(to_array(as_pixels(array)), array)


@pytest.mark.parametrize(
    "thing", [np.zeros((2, 2, 5), np.uint8), np.zeros(4, np.uint8), np.zeros((2, 2)), object(), 3]
)
def test_what_is_no_image_is_refused(thing):
    assert code_of(as_pixels, thing) == "bad-pixels"


def test_styles_from_whatever_a_script_gives(tmp_path):
    (tmp_path / "ink.png").write_bytes(b"file")
    assert as_styles(str(tmp_path / "ink.png"))[0].style.file == b"file"
    assert as_styles(tmp_path / "ink.png")[0].style.file == b"file"
    assert as_styles(b"bytes")[0].style.file == b"bytes"
    assert as_styles("Ink wash")[0].style.library == "Ink wash"
    assert as_styles(LAYER)[0].style.pixels is LAYER
    assert [s.weight for s in as_styles([("ink", 2), ("oil", 1.0)])] == [2, 1.0]
    assert code_of(as_styles, "missing.png") == "file-missing"
    assert code_of(as_styles, tmp_path) == "is-a-directory"
    assert code_of(as_styles, ["ink"]) == "bad-style"


def test_errors_travel_whole():
    error = ScumbleError("a-code", "It failed.", hint="Try.", retryable=True, detail="d")
    for copy in (ScumbleError.from_dict(error.to_dict()), pickle.loads(pickle.dumps(error))):
        assert copy.to_dict() == error.to_dict()
    assert str(error) == "It failed. Try."
    odd = ScumbleError.from_dict({"code": 5, "retryable": "yes"})
    assert (odd.code, odd.retryable) == ("unknown-error", False)
