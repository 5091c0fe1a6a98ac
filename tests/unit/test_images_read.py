"""Reading pictures: every depth, every orientation, every kind of damage."""

from __future__ import annotations

import contextlib
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import png
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageDraw

from scumble import Extent, Pixels, ScumbleError
from scumble_daemon.images import decode_image, read_image, read_mask

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
_DTYPES = {"u8": np.uint8, "u16": np.uint16, "f16": np.float16, "f32": np.float32}


def array_of(pixels: Pixels) -> np.ndarray:
    samples = np.frombuffer(pixels.data, _DTYPES[pixels.format.dtype])
    return samples.reshape(pixels.extent.height, pixels.extent.width, -1)


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def deep_gradient(channels: int, width: int = 600, height: int = 5) -> np.ndarray:
    """Neighbours differ by 3 of 65535: at eight bits all would be one of ten grays."""
    ramp = 30_000 + 3 * np.arange(width, dtype=np.uint16)
    planes = [np.roll(ramp, 7 * c) for c in range(channels)]
    rows = np.stack(planes, -1)[None].repeat(height, 0)
    return rows + np.arange(height, dtype=np.uint16)[:, None, None]


def png16(array: np.ndarray, *, interlace: bool = False, transparent=None) -> bytes:
    height, width, channels = array.shape
    buffer = io.BytesIO()
    png.Writer(
        width,
        height,
        bitdepth=16,
        greyscale=channels < 3,
        alpha=channels in (2, 4),
        interlace=interlace,
        transparent=transparent,
    ).write(buffer, array.reshape(height, -1).tolist())
    return buffer.getvalue()


def png16_filtered(array: np.ndarray, filter_type: int) -> bytes:
    """A 16-bit PNG whose rows all use one of the five filters, after the specification."""
    height, width, channels = array.shape
    step = channels * 2
    rows = array.astype(">u2").reshape(height, -1).view(np.uint8).astype(int)
    above = np.vstack([np.zeros_like(rows[:1]), rows[:-1]])
    left = np.hstack([np.zeros_like(rows[:, :step]), rows[:, :-step]])
    corner = np.hstack([np.zeros_like(above[:, :step]), above[:, :-step]])
    guess = left + above - corner
    a, b, c = abs(guess - left), abs(guess - above), abs(guess - corner)
    paeth = np.where((a <= b) & (a <= c), left, np.where(b <= c, above, corner))
    prediction = [0 * rows, left, above, (left + above) // 2, paeth][filter_type]
    coded = ((rows - prediction) & 255).astype(np.uint8)
    raw = np.hstack([np.full((height, 1), filter_type, np.uint8), coded]).tobytes()
    colour_type = {1: 0, 2: 4, 3: 2, 4: 6}[channels]

    def chunk(kind: bytes, body: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + checksum

    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("filter_type", range(5))
def test_every_sample_of_a_16_bit_png_is_read(channels, filter_type):
    noise = np.random.default_rng(filter_type).integers(0, 65536, (9, 13, channels), np.uint16)
    for source in (deep_gradient(channels), noise):
        pixels = decode_image(png16_filtered(source, filter_type)).pixels
        expected = source if channels >= 3 else np.dstack([source[..., :1]] * 3 + [source[..., 1:]])
        assert pixels.format.dtype == "u16"
        np.testing.assert_array_equal(array_of(pixels), expected)


def test_a_slow_16_bit_gradient_keeps_all_its_levels():
    pixels = decode_image(png16(deep_gradient(3, 2000, 1))).pixels
    assert len(np.unique(array_of(pixels)[..., 0])) == 2000


def test_an_interlaced_16_bit_png_is_read():
    source = deep_gradient(3, 40, 9)
    interlaced = png16(source, interlace=True)
    np.testing.assert_array_equal(array_of(decode_image(interlaced).pixels), source)


def test_the_key_colour_of_a_16_bit_png_becomes_transparent():
    source = deep_gradient(3, 8, 1)
    pixels = decode_image(png16(source, transparent=tuple(int(v) for v in source[0, 3]))).pixels
    assert pixels.format.channels == "RGBA"
    assert array_of(pixels)[0, :, 3].tolist() == [65535] * 3 + [0] + [65535] * 4


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("dtype", [np.uint16, np.float16, np.float32])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_every_sample_of_a_deep_tiff_is_read(byteorder, compression, dtype, channels):
    source = deep_gradient(channels, 60)
    if dtype != np.uint16:
        source = ((source - 30_000.0) / 500 - 0.5).astype(dtype)  # goes below 0 and above 1
    buffer = io.BytesIO()
    photometric = "rgb" if channels >= 3 else "minisblack"
    stored = source if channels > 1 else source[..., 0]
    tifffile.imwrite(buffer, stored, byteorder=byteorder, compression=compression, photometric=photometric)
    pixels = decode_image(buffer.getvalue()).pixels
    expected = source if channels >= 3 else source.repeat(3, -1)
    assert array_of(pixels).dtype == dtype
    np.testing.assert_array_equal(array_of(pixels), expected)


def test_a_planar_16_bit_tiff_is_read():
    source = deep_gradient(3, 30)
    buffer = io.BytesIO()
    planes = np.moveaxis(source, -1, 0)
    tifffile.imwrite(buffer, planes, photometric="rgb", planarconfig="separate")
    np.testing.assert_array_equal(array_of(decode_image(buffer.getvalue()).pixels), source)


def test_a_premultiplied_16_bit_tiff_becomes_straight():
    straight = np.array([[[60_000, 30_000, 12_000, 32_768], [0, 0, 0, 0]]], np.uint16)
    premultiplied = straight.astype(float)
    premultiplied[..., :3] *= straight[..., 3:] / 65535
    buffer = io.BytesIO()
    tifffile.imwrite(
        buffer,
        premultiplied.round().astype(np.uint16),
        photometric="rgb",
        extrasamples=["assocalpha"],
    )
    result = array_of(decode_image(buffer.getvalue()).pixels)
    np.testing.assert_allclose(result, straight, atol=2)


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_16_bit_tiff_with_lzw_is_read(orientation):
    source = deep_gradient(3, 20, 4)
    expected = source if orientation == 1 else np.rot90(source, -1)
    pixels = decode_image(lzw_tiff(source, orientation)).pixels
    np.testing.assert_array_equal(array_of(pixels), expected)


def lzw_tiff(array: np.ndarray, orientation: int) -> bytes:
    """A 16-bit LZW TIFF coded by hand, since no encoder here writes one.

    A clear code before every byte is legal LZW and needs no table.
    """
    bits = "".join(f"{256:09b}{byte:09b}" for byte in array.astype("<u2").tobytes()) + f"{257:09b}"
    bits += "0" * (-len(bits) % 8)
    strip = int(bits, 2).to_bytes(len(bits) // 8, "big")
    height, width, channels = array.shape
    depth_at = 8 + 2 + 11 * 12 + 4
    strip_at = depth_at + 6
    tags = [
        (256, 4, 1, width), (257, 4, 1, height), (258, 3, 3, depth_at), (259, 3, 1, 5),
        (262, 3, 1, 2), (273, 4, 1, strip_at), (274, 3, 1, orientation),
        (277, 3, 1, channels), (278, 4, 1, height), (279, 4, 1, len(strip)), (284, 3, 1, 1),
    ]  # fmt: skip
    directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *t) for t in tags)
    return (
        b"II*\0" + struct.pack("<I", 8) + directory + bytes(4) + struct.pack("<3H", 16, 16, 16)
        + strip
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_and_reset(kind, orientation):
    upright = Image.new("RGB", (48, 32), "gray")
    ImageDraw.Draw(upright).rectangle((0, 0, 15, 15), fill="red")
    ImageDraw.Draw(upright).rectangle((32, 16, 47, 31), fill="blue")
    stored = upright
    for operation in {
        2: [Image.Transpose.FLIP_LEFT_RIGHT],
        3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.TRANSPOSE],
        6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_270],
    }.get(orientation, []):
        stored = stored.transpose(operation)
    exif = Image.Exif()
    exif[274] = orientation
    exif[315] = "An artist"
    loaded = decode_image(encoded(stored, kind, exif=exif.tobytes()))
    assert loaded.pixels.extent == Extent(48, 32)
    difference = np.abs(array_of(loaded.pixels).astype(int) - np.asarray(upright, int))
    assert difference.mean() < 4
    carried = Image.Exif()
    carried.load(loaded.exif)
    assert carried.get(274, 1) == 1
    assert carried[315] == "An artist"


@given(st.integers(1, 8), st.integers(1, 9), st.integers(1, 9))
def test_orientation_agrees_with_pillow_at_every_size(orientation, width, height):
    from PIL import ImageOps

    samples = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    exif = Image.Exif()
    exif[274] = orientation
    data = encoded(Image.fromarray(samples), "PNG", exif=exif.tobytes())
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    np.testing.assert_array_equal(array_of(decode_image(data).pixels), expected)


@pytest.mark.parametrize(
    ("mode", "channels"),
    [("1", "RGB"), ("L", "RGB"), ("LA", "RGBA"), ("P", "RGB"), ("RGB", "RGB"), ("RGBA", "RGBA")],
)
def test_every_pillow_mode_arrives_in_colour(mode, channels):
    picture = Image.linear_gradient("L").convert("RGB").convert(mode)
    pixels = decode_image(encoded(picture, "PNG")).pixels
    assert pixels.format.channels == channels
    np.testing.assert_array_equal(array_of(pixels), np.asarray(picture.convert(channels)))


def test_a_palette_with_transparency_keeps_it():
    picture = Image.new("P", (2, 1))
    picture.putpalette([255, 0, 0, 0, 0, 255])
    picture.putdata([0, 1])
    pixels = decode_image(encoded(picture, "PNG", transparency=1)).pixels
    assert array_of(pixels).tolist() == [[[255, 0, 0, 255], [0, 0, 255, 0]]]


def test_cmyk_is_converted_and_said():
    loaded = decode_image(encoded(Image.new("CMYK", (4, 4), (0, 255, 255, 0)), "JPEG"), "ad.jpg")
    red, green, blue = array_of(loaded.pixels)[0, 0]
    assert red > 200
    assert max(green, blue) < 60
    assert loaded.notes == ("ad.jpg was converted from CMYK to RGB.",)


def test_the_colour_profile_comes_along():
    loaded = decode_image(encoded(Image.new("RGB", (4, 4)), "PNG", icc_profile=SRGB))
    assert loaded.icc_profile == SRGB
    assert loaded.pixels.profile == SRGB


def test_a_profile_for_gray_does_not_come_along_with_rgb():
    gray = bytearray(SRGB)
    gray[16:20] = b"GRAY"
    loaded = decode_image(encoded(Image.new("L", (4, 4)), "PNG", icc_profile=bytes(gray)))
    assert loaded.icc_profile is None
    assert len(loaded.notes) == 1


def test_only_the_first_frame_is_used_and_said():
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    loaded = decode_image(data, "walk.gif")
    assert array_of(loaded.pixels)[0, 0].tolist()[:3] == [255, 0, 0]
    assert loaded.notes == ("walk.gif has 2 pages or frames: the first one is used.",)


def test_the_thumbnail_of_the_unstyled_picture_stays_behind():
    thumbnail = encoded(Image.new("RGB", (16, 16), "red"), "JPEG")
    # IFD0: orientation, then IFD1 with the offset and length of a JPEG thumbnail.
    first = struct.pack("<HHHIII", 1, 274, 3, 1, 6, 26)
    second = struct.pack("<H", 2)
    second += struct.pack("<HHII", 513, 4, 1, 56) + struct.pack("<HHII", 514, 4, 1, len(thumbnail))
    exif = b"Exif\0\0II*\0" + struct.pack("<I", 8) + first + second + bytes(4) + thumbnail
    data = encoded(Image.new("RGB", (8, 8)), "JPEG", exif=exif)
    assert thumbnail in data
    loaded = decode_image(data)
    assert loaded.exif is not None
    assert thumbnail not in loaded.exif


def test_damaged_exif_costs_the_exif_only():
    data = encoded(Image.new("RGB", (8, 8)), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff garbage")
    assert decode_image(data).pixels.extent == Extent(8, 8)


# --- bad input -------------------------------------------------------------------------------


def refused(code: str, data: bytes) -> ScumbleError:
    with pytest.raises(ScumbleError) as caught:
        decode_image(data, "picture.png")
    assert caught.value.code == code
    assert caught.value.message.startswith("picture.png")
    assert caught.value.message.count(". ") == 0
    return caught.value


def test_an_empty_file_is_refused():
    refused("not-an-image", b"")


@pytest.mark.parametrize("data", [b"hello", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"])
def test_what_is_not_an_image_is_refused(data):
    refused("not-an-image", data)


NOISE = Image.fromarray(np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "GIF", "BMP"])
def test_a_truncated_image_is_refused(kind):
    data = encoded(NOISE, kind)
    refused("image-truncated", data[: len(data) // 2])


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.9])
def test_truncated_deep_images_are_refused(keep):
    source = np.random.default_rng(1).integers(0, 65536, (64, 64, 3), np.uint16)
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, source, photometric="rgb", compression="zlib")
    for data in (png16(source), buffer.getvalue()):
        refused("image-truncated", data[: int(len(data) * keep)])


@given(st.sampled_from(["JPEG", "PNG", "TIFF", "WEBP", "GIF", "BMP"]), st.data())
def test_damage_anywhere_is_refused_or_decoded_but_never_escapes(kind, draw):
    data = bytearray(encoded(NOISE.resize((9, 9)), kind))
    for _ in range(draw.draw(st.integers(1, 4))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    with contextlib.suppress(ScumbleError):  # and nothing else
        decode_image(bytes(data))


def test_integers_of_32_bits_are_refused():
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, np.zeros((4, 4, 3), np.uint32), photometric="rgb")
    refused("unsupported-format", buffer.getvalue())


def test_a_missing_file_suggests_the_near_name(tmp_path: Path):
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(ScumbleError) as caught:
        read_image(tmp_path / "holyday.jpg")
    assert caught.value.code == "file-missing"
    assert "holiday.jpg" in caught.value.hint


@pytest.mark.parametrize(("name", "code"), [("", "is-a-directory"), ("a\0b", "cannot-read")])
def test_paths_that_are_no_files_are_refused(tmp_path: Path, name, code):
    with pytest.raises(ScumbleError) as caught:
        read_image(f"{tmp_path}/{name}")
    assert caught.value.code == code


def test_a_mask_is_read_as_coverage(tmp_path: Path):
    Image.new("RGB", (3, 2), "white").save(tmp_path / "mask.png")
    assert read_mask(tmp_path / "mask.png", Extent(3, 2)) == b"\xff" * 6


def test_a_mask_of_another_size_is_refused(tmp_path: Path):
    Image.new("L", (3, 2)).save(tmp_path / "mask.png")
    with pytest.raises(ScumbleError, match="3x2, but the picture is 4x2") as caught:
        read_mask(tmp_path / "mask.png", Extent(4, 2))
    assert caught.value.code == "bad-mask"
