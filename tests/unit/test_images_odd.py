"""Odd pictures: what is in them is read as another decoder reads it, carried along, or refused by name."""

from __future__ import annotations

import io
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms, PngImagePlugin

from scumble import Pixels, ScumbleError
from scumble_daemon.images import LoadedImage, decode_image, read_image, write_image
from scumble_daemon.images.foreign import kind_of_data

CASES = Path(__file__).parents[1] / "cases"
_DTYPES = {"u8": np.uint8, "u16": np.uint16, "f16": np.float16, "f32": np.float32}


def array_of(pixels: Pixels) -> np.ndarray:
    samples = np.frombuffer(pixels.data, _DTYPES[pixels.format.dtype])
    return samples.reshape(pixels.extent.height, pixels.extent.width, -1)


def refused(data: bytes, name: str = "picture") -> ScumbleError:
    with pytest.raises(ScumbleError) as caught:
        decode_image(data, name)
    assert caught.value.code == "unsupported-format"
    assert caught.value.hint
    return caught.value


# --- gray profiles ----------------------------------------------------------------------------


def gray_profile(gamma: float | None, table: np.ndarray | None = None) -> bytes:
    """A minimal ICC profile for gray: a curve of a gamma, or of a table of 16 bits."""
    head = (CASES / "gray_g10.png").read_bytes()  # its profile has everything but the curve that we want
    profile = bytearray(Image.open(io.BytesIO(head)).info["icc_profile"])
    if table is None:
        curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round((gamma or 1) * 256)) + b"\0\0"
    else:
        curve = b"curv\0\0\0\0" + struct.pack(f">I{len(table)}H", len(table), *table)
    for index in range(struct.unpack_from(">I", profile, 128)[0]):
        name, _, _ = struct.unpack_from(">4sII", profile, 132 + 12 * index)
        if name == b"kTRC":
            struct.pack_into(">II", profile, 136 + 12 * index, len(profile), len(curve))
    profile += curve
    struct.pack_into(">I", profile, 0, len(profile))
    return bytes(profile)


RAMP = np.arange(256, dtype=np.uint8)[None].repeat(4, 0)
TABLE = (np.linspace(0, 1, 40) ** 1.7 * 65535).astype(int)


@pytest.mark.parametrize("profile", [gray_profile(1.0), gray_profile(2.2), gray_profile(None, TABLE)])
def test_gray_is_converted_by_its_profile_as_littlecms_does(profile):
    buffer = io.BytesIO()
    Image.fromarray(RAMP).save(buffer, "PNG", icc_profile=profile)
    loaded = decode_image(buffer.getvalue(), "gray.png")
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    expected = ImageCms.profileToProfile(
        Image.fromarray(RAMP), source, ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    assert expected is not None
    found = array_of(loaded.pixels).astype(int)
    np.testing.assert_allclose(found[:, 32:], np.asarray(expected, int)[:, 32:], atol=2)
    np.testing.assert_allclose(found, np.asarray(expected, int), atol=10)  # dark steps of linear gray: 8 bits
    assert loaded.notes == ("gray.png was converted from its gray profile to sRGB.",)
    assert loaded.icc_profile is None


def test_the_case_of_a_linear_gray_profile():
    loaded = read_image(CASES / "gray_g10.png")
    with Image.open(CASES / "gray_g10.png") as image:
        linear = np.asarray(image) / 255
    expected = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055) * 255
    np.testing.assert_allclose(array_of(loaded.pixels)[..., 0], expected, atol=1)


def test_deep_gray_keeps_its_depth_and_alpha_stays():
    buffer = io.BytesIO()
    deep = np.linspace(0, 65535, 300).astype(np.uint16)[None].repeat(3, 0)
    tifffile.imwrite(buffer, deep, photometric="minisblack", iccprofile=gray_profile(1.0))
    found = array_of(decode_image(buffer.getvalue()).pixels)
    assert found.dtype == np.uint16
    assert len(np.unique(found[0, :, 0])) > 290
    buffer = io.BytesIO()
    with_alpha = Image.merge("LA", (Image.fromarray(RAMP), Image.fromarray(RAMP[:, ::-1].copy())))
    with_alpha.save(buffer, "PNG", icc_profile=gray_profile(1.0))
    found = array_of(decode_image(buffer.getvalue()).pixels)
    assert found[0, :, 3].tolist() == RAMP[0, ::-1].tolist()
    assert found[0, 55, 0] > 120  # linear 0.2 is brighter than it looks


# --- sample types and places ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dtype", "says"),
    [
        ("i1", "8-bit signed"),
        ("i2", "16-bit signed"),
        ("i4", "32-bit signed"),
        ("c8", "64-bit complex numbers"),
    ],
)
def test_signed_and_complex_samples_are_refused_by_name(dtype, says):
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, np.zeros((4, 4), dtype), photometric="minisblack")
    assert says in refused(buffer.getvalue()).message


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_the_full_picture_is_taken_and_not_the_reduced_one_in_front(dtype, compression):
    full = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (40, 60, 3), dtype)
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as tiff:
        tiff.write(full[::4, ::4], photometric="rgb", subfiletype=1)
        tiff.write(full, photometric="rgb", compression=compression)
    np.testing.assert_array_equal(array_of(decode_image(buffer.getvalue()).pixels), full)


def test_the_pages_of_a_pyramid_are_one_picture():
    full = np.random.default_rng(0).integers(0, 65535, (40, 60, 3), np.uint16)
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as tiff:
        tiff.write(full, photometric="rgb")
        tiff.write(full[::2, ::2], photometric="rgb", subfiletype=1)
    assert decode_image(buffer.getvalue()).notes == ()


@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_a_deep_bigtiff_is_sound(byteorder):
    values = np.random.default_rng(0).integers(0, 65536, (20, 30, 3), np.uint16)
    buffer = io.BytesIO()
    tags = [(315, "s", 0, "An artist", True)]
    tifffile.imwrite(buffer, values, bigtiff=True, byteorder=byteorder, photometric="rgb", extratags=tags)
    loaded = decode_image(buffer.getvalue())
    np.testing.assert_array_equal(array_of(loaded.pixels), values)
    if byteorder == "<":  # Pillow knows no other BigTIFF's tags
        exif = Image.Exif()
        exif.load(loaded.exif)
        assert exif[315] == "An artist"


def saved_tiff(array: np.ndarray, **options) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, array, metadata=None, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_a_big_endian_bigtiff_is_read_upright_with_its_words(dtype):
    array = (np.random.default_rng(0).random((5, 7, 3)) * 255).astype(dtype)
    tags = [(274, "H", 1, 6, True), (315, "s", 0, "Anna", True), (700, "B", 9, b"<x:xmpmeta", True)]
    data = saved_tiff(array, photometric="rgb", byteorder=">", bigtiff=True, extratags=tags)
    found = decode_image(data, "picture")
    assert np.array_equal(array_of(found.pixels), array.swapaxes(0, 1)[:, ::-1])
    exif = Image.Exif()
    exif.load(found.exif)
    assert exif[315] == "Anna"


def test_gray_and_alpha_in_planes_of_their_own_are_both_read():
    array = np.random.default_rng(0).integers(0, 256, (2, 5, 7), dtype=np.uint8)
    options = {"photometric": "minisblack", "extrasamples": ["unassalpha"], "planarconfig": "separate"}
    found = array_of(decode_image(saved_tiff(array, **options), "picture").pixels)
    assert np.array_equal(found[..., 0], array[0])
    assert np.array_equal(found[..., 3], array[1])


def test_a_raw_file_is_not_its_thumbnail():
    data = (CASES / "raw.nef").read_bytes()
    assert kind_of_data(data, "raw.nef") == "raw"
    loaded = decode_image(data, "raw.nef")
    assert max(loaded.pixels.extent) >= 150  # the thumbnail is 40x30
    assert loaded.pixels.format.dtype == "u16"
    assert "was developed" in loaded.notes[0]


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"FUJIFILMCCD-RAW 0201", "raw"), (b"II*\0\x10\0\0\0CR\x02\0", "raw"), (b"\0\0\0\x18ftypcrx ", "raw"),
        (b"IIU\0\x08\0\0\0", "raw"), (b"IIRO\x08\0\0\0", "raw"), (b"\0\0\0\x0cJXL \r\n", "JPEG XL"),
        (b"\xff\x0a\xfa\x1f", "JPEG XL"), (b"\0\0\0\x0cjP  \r\n", "JPEG 2000"),
    ],
)  # fmt: skip
def test_what_is_not_read_is_called_by_its_kind(head, kind, monkeypatch):
    monkeypatch.setitem(sys.modules, "rawpy", None)
    monkeypatch.setattr("scumble_daemon.image_formats.is_installed", lambda module: False)
    error = refused(head + bytes(400))
    assert error.message == f"picture is a picture of the kind {kind}."
    assert kind != "raw" or error.hint.startswith("Develop it first")


def test_without_its_extra_a_heic_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr("scumble_daemon.image_formats.is_installed", lambda module: False)
    assert "pip install pillow-heif" in refused((CASES / "x.heic").read_bytes()).hint


@pytest.mark.parametrize("name", ["x.heic", "x.avif"])
def test_heic_and_avif_are_read(name):
    loaded = read_image(CASES / name)
    assert tuple(loaded.pixels.extent) == (160, 120)
    assert array_of(loaded.pixels).std() > 10
    if name == "x.heic":
        import pillow_heif

        expected = np.asarray(pillow_heif.open_heif(CASES / name).to_pillow())
    else:
        expected = np.asarray(Image.open(CASES / name).convert("RGB"))
    np.testing.assert_array_equal(array_of(loaded.pixels), expected)


def test_heic_of_ten_bits_is_read_whole_and_upright():
    import pillow_heif

    deep = np.linspace(0, 65535, 128).astype(np.uint16)[None, :, None].repeat(64, 0).repeat(3, 2)
    buffer = io.BytesIO()
    heif = pillow_heif.from_bytes("RGB;16", (128, 64), deep.tobytes())
    heif.save(buffer, quality=-1, format="HEIF")
    pixels = decode_image(buffer.getvalue()).pixels
    assert pixels.format.dtype == "u16"
    np.testing.assert_allclose(array_of(pixels)[8].astype(int), deep[8].astype(int), atol=600)


def test_exr_is_read_in_colour_and_brought_to_srgb(tmp_path):
    import OpenEXR

    linear = np.random.default_rng(0).uniform(0, 4, (8, 12, 3)).astype(np.float32)
    OpenEXR.File({"type": OpenEXR.scanlineimage}, {"RGB": linear}).write(str(tmp_path / "a.exr"))
    loaded = read_image(tmp_path / "a.exr")
    expected = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    np.testing.assert_allclose(array_of(loaded.pixels), expected, rtol=1e-4)
    assert "linear light" in loaded.notes[0]


@pytest.mark.parametrize("channels", [1, 3])
def test_pnm_of_16_bits_keeps_them(channels):
    values = np.random.default_rng(0).integers(0, 65536, (5, 7, channels)).astype(">u2")
    head = b"P5\n" if channels == 1 else b"P6\n# a comment\n"
    loaded = decode_image(head + b"7 5\n65535\n" + values.tobytes())
    expected = values if channels == 3 else values.repeat(3, 2)
    np.testing.assert_array_equal(array_of(loaded.pixels), expected)


# --- what comes along -------------------------------------------------------------------------


def test_long_texts_do_not_make_a_png_damaged_and_come_along(tmp_path):
    loaded = read_image(CASES / "bigtext.png")
    assert tuple(loaded.pixels.extent) == (160, 120)
    assert write_image(tmp_path / "out.png", loaded.pixels, like=loaded) == []
    data = (tmp_path / "out.png").read_bytes()
    assert data.count(b"zTXtworkflow\0") == 1
    assert data.count(b"iTXtparameters\0") == 1
    notes = write_image(tmp_path / "out.jpg", loaded.pixels, like=loaded)
    assert notes == ["out.jpg cannot hold everything that came with the picture; left out: PNG texts."]


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
def test_gps_xmp_and_iptc_are_kept_or_named(tmp_path, suffix):
    loaded = read_image(CASES / "m.jpg")
    assert b"dc:rights" in loaded.carried.xmp
    assert b"caption" in loaded.carried.iptc
    path = tmp_path / f"out.{suffix}"
    notes = write_image(path, loaded.pixels, like=loaded)
    again = read_image(path)
    assert b"dc:rights" in again.carried.xmp
    exif = Image.Exif()
    exif.load(again.exif)
    assert exif.get_ifd(34853)[2] == (55.0, 30.0, 0.0)
    keeps = suffix in ("jpg", "tif")
    assert (b"caption" in again.carried.iptc) == keeps
    left = f"out.{suffix} cannot hold everything that came with the picture; left out: IPTC captions."
    assert notes == ([] if keeps else [left])


def test_xmp_does_not_turn_the_picture_again(tmp_path):
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/' tiff:Orientation=\"6\"><tiff:Orientation>8</tiff:Orientation>"
    exif = Image.Exif()
    exif[274] = 6
    Image.new("RGB", (6, 4)).save(tmp_path / "a.jpg", xmp=xmp, exif=exif.tobytes())
    loaded = read_image(tmp_path / "a.jpg")
    assert tuple(loaded.pixels.extent) == (4, 6)
    assert b'tiff:Orientation="1"' in loaded.carried.xmp
    assert b"<tiff:Orientation>1<" in loaded.carried.xmp


def test_xmp_of_a_gain_map_is_left_out_and_said(tmp_path):
    Image.new("RGB", (6, 4)).save(tmp_path / "a.jpg", xmp=b"<x hdrgm:Version='1.0'/>")
    loaded = read_image(tmp_path / "a.jpg")
    assert loaded.carried.xmp == b""
    assert "gain map" in loaded.notes[0]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_png_s_words_on_colour_are_kept_in_png_and_named_elsewhere(tmp_path, dtype):
    info = PngImagePlugin.PngInfo()
    info.add(b"cICP", bytes([9, 16, 0, 1]))
    info.add(b"gAMA", struct.pack(">I", 45455))
    info.add_text("Title", "Holiday")
    Image.new("RGB", (6, 4)).save(tmp_path / "a.png", pnginfo=info)
    loaded = read_image(tmp_path / "a.png")
    pixels = loaded.pixels
    if dtype == np.uint16:
        pixels = LoadedImage(_deep(pixels)).pixels
    assert write_image(tmp_path / "out.png", pixels, like=loaded) == []
    data = (tmp_path / "out.png").read_bytes()
    assert data.index(b"cICP\x09\x10\0\x01") < data.index(b"IDAT")
    assert data.index(b"gAMA") < data.index(b"IDAT")
    with Image.open(tmp_path / "out.png") as image:
        image.load()
        assert image.info["Title"] == "Holiday"
    notes = write_image(tmp_path / "out.tif", pixels, like=loaded)
    assert notes[0].endswith("left out: PNG texts, colour tags (cICP).")


def _deep(pixels: Pixels) -> Pixels:
    from scumble import PixelFormat

    return Pixels(pixels.extent, PixelFormat("u16", "RGB"), bytes(2 * len(bytes(pixels.data))))


def test_a_comment_is_kept(tmp_path):
    Image.new("RGB", (6, 4)).save(tmp_path / "a.jpg", comment=b"for you")
    loaded = read_image(tmp_path / "a.jpg")
    for suffix in ("jpg", "png"):
        assert write_image(tmp_path / f"out.{suffix}", loaded.pixels, like=loaded) == []
        assert b"for you" in (tmp_path / f"out.{suffix}").read_bytes()


def test_a_psd_is_its_merged_picture():
    """The smallest PSD: header, no colour map, no resources, no layers, then raw planes."""
    planes = np.random.default_rng(0).integers(0, 256, (3, 4, 6), np.uint8)
    head = b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 4, 6, 8, 3) + bytes(4)

    def psd(resources: bytes) -> bytes:
        return head + struct.pack(">I", len(resources)) + resources + bytes(4) + b"\0\0" + planes.tobytes()

    found = array_of(decode_image(psd(b"")).pixels)
    np.testing.assert_array_equal(found, np.moveaxis(planes, 0, -1))
    deep = psd(b"")[:22] + b"\0\x10" + psd(b"")[24:]
    assert "more than 8 bits" in refused(deep).message
    not_merged = b"8BIM" + struct.pack(">H", 1057) + b"\0\0" + struct.pack(">I", 6) + b"\0\0\0\1\0\0"
    assert "maximized compatibility" in refused(psd(not_merged)).hint
