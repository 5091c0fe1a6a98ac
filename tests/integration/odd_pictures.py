"""A generator of odd pictures: samples, depths, orientations, containers, each as some program writes it.

``python tests/integration/odd_pictures.py FOLDER [SEED]`` writes them all, to be tried with anything.
"""

from __future__ import annotations

import io
import itertools
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import tifffile
from PIL import Image

#: By EXIF's number how stored rows and columns are turned to be seen.
UPRIGHT: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: a.swapaxes(0, 1)[:, ::-1],
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: a.swapaxes(0, 1)[::-1],
}


@dataclass(frozen=True)
class Odd:
    """One file.

    Attributes:
        expected: what it shows: ``(H, W, 4)`` float64 in 0..1, straight alpha.
        tolerance: how far another decoder may be, in 0..1.
    """

    name: str
    data: bytes
    expected: np.ndarray
    tolerance: float


def odd_pictures(seed: int) -> Iterator[Odd]:
    """All kinds, with sizes and contents by chance."""
    chance = random.Random(seed)
    rng = np.random.default_rng(seed)
    for maker in (_png, _deep_png, _tiff, _pillow, _jpeg, _netpbm):
        yield from maker(chance, rng)


def _picture(chance: random.Random, rng: np.random.Generator, channels: int, dtype: str) -> np.ndarray:
    height, width = chance.choice([(1, 1), (3, 7), (17, 16), (40, 33), (8, 96)])
    values = rng.random((height, width, channels))
    if dtype.startswith("f"):
        return values.astype(dtype)
    return np.round(values * np.iinfo(dtype).max).astype(dtype)


def _shown(array: np.ndarray) -> np.ndarray:
    """Gray or colour, with alpha or without, as RGBA in 0..1."""
    scale = 1.0 if array.dtype.kind == "f" else float(np.iinfo(array.dtype).max)
    values = array.astype(np.float64) / scale
    alpha = values[..., -1:] if values.shape[2] in (2, 4) else np.ones((*values.shape[:2], 1))
    colour = values[..., :1].repeat(3, 2) if values.shape[2] < 3 else values[..., :3]
    return np.concatenate([colour, alpha], 2)


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _png(chance: random.Random, rng: np.random.Generator) -> Iterator[Odd]:
    for mode, channels in (("L", 1), ("LA", 2), ("RGB", 3), ("RGBA", 4)):
        array = _picture(chance, rng, channels, "uint8")
        image = Image.fromarray(array[..., 0] if channels == 1 else array, mode)
        yield Odd(f"png-{mode}.png", _saved(image, "PNG"), _shown(array), 0.0)
    bits = rng.random((9, 21)) < 0.5
    yield Odd("png-1bit.png", _saved(Image.fromarray(bits), "PNG"), _shown(bits[..., None].astype("f8")), 0.0)
    indices = rng.integers(0, 16, (12, 13), dtype=np.uint8)
    colours = rng.integers(0, 256, (16, 3), dtype=np.uint8)
    palette = Image.fromarray(indices, "P")
    palette.putpalette(colours.tobytes())
    shown = _shown(colours[indices])
    yield Odd("png-palette.png", _saved(palette, "PNG"), shown, 0.0)
    clear = shown.copy()
    clear[indices == 5, 3] = 0.0
    yield Odd("png-palette-clear.png", _saved(palette, "PNG", transparency=5), clear, 0.0)


def _deep_png(chance: random.Random, rng: np.random.Generator) -> Iterator[Odd]:
    """Sixteen bits, by FFmpeg's encoder."""
    for pixels, channels in (("gray16be", 1), ("rgb48be", 3), ("rgba64be", 4)):
        array = _picture(chance, rng, channels, "uint16")
        codec = av.CodecContext.create("png", "w")
        codec.height, codec.width = array.shape[:2]
        codec.pix_fmt, codec.time_base = pixels, 1
        given = array[..., 0] if channels == 1 else array
        frame = av.VideoFrame.from_ndarray(given, format=pixels)
        data = b"".join(bytes(packet) for packet in [*codec.encode(frame), *codec.encode(None)])
        yield Odd(f"png-{pixels}.png", data, _shown(array), 0.0)


def _tiff(chance: random.Random, rng: np.random.Generator) -> Iterator[Odd]:
    kinds = itertools.product(("uint8", "uint16", "float16", "float32"), (1, 2, 3, 4))
    for number, (dtype, channels) in enumerate(kinds):
        array = _picture(chance, rng, channels, dtype)
        orientation = chance.randint(1, 8)
        options: dict[str, object] = {
            "photometric": "rgb" if channels > 2 else "minisblack",
            "compression": chance.choice([None, "zlib"]),
            "byteorder": chance.choice("<>"),
            "bigtiff": chance.random() < 0.3,
            "extratags": [(274, "H", 1, orientation, True)],
        }
        if channels in (2, 4):
            options["extrasamples"] = ["unassalpha"]
        shape = chance.choice(["strips", "tiles", "one strip"])
        if shape == "tiles":
            options["tile"] = (16, 16)
        elif shape == "strips":
            options["rowsperstrip"] = 1
        planar = channels > 1 and chance.random() < 0.4
        stored = array[..., 0] if channels == 1 else array
        if planar:
            options["planarconfig"] = "separate"
            stored = np.ascontiguousarray(array.transpose(2, 0, 1))
        buffer = io.BytesIO()
        tifffile.imwrite(buffer, stored, metadata=None, **options)
        expected = UPRIGHT[orientation](_shown(array))
        # What has no 16 bits in the file has them in the result.
        yield Odd(f"tiff-{number:02}-{dtype}-{channels}.tif", buffer.getvalue(), expected, 1 / 65535)
    dark = _picture(chance, rng, 1, "uint8")
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, dark[..., 0], photometric="miniswhite", metadata=None)
    yield Odd("tiff-miniswhite.tif", buffer.getvalue(), _shown(255 - dark), 0.0)


def _pillow(chance: random.Random, rng: np.random.Generator) -> Iterator[Odd]:
    for kind, mode, suffix, options in (
        ("TIFF", "RGB", "tiff", {"compression": "tiff_lzw"}),
        ("TIFF", "L", "tiff", {"compression": "packbits"}),
        ("TIFF", "RGBA", "tiff", {"compression": "tiff_adobe_deflate"}),
        ("BMP", "L", "bmp", {}),
        ("BMP", "RGB", "bmp", {}),
        ("WEBP", "RGB", "webp", {"lossless": True, "exact": True}),
        ("WEBP", "RGBA", "webp", {"lossless": True, "exact": True}),
        ("GIF", "L", "gif", {}),
    ):
        channels = {"L": 1, "RGB": 3, "RGBA": 4}[mode]
        array = _picture(chance, rng, channels, "uint8")
        image = Image.fromarray(array[..., 0] if channels == 1 else array, mode)
        yield Odd(f"{kind.lower()}-{mode}.{suffix}", _saved(image, kind, **options), _shown(array), 0.0)


def _jpeg(chance: random.Random, rng: np.random.Generator) -> Iterator[Odd]:
    rows, columns = np.mgrid[0:48, 0:40] / 48
    smooth = np.stack([rows, columns, 1 - rows], 2)
    smooth = np.round(255 * (0.1 + 0.8 * smooth + 0.05 * rng.random(smooth.shape))).astype(np.uint8)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[274] = orientation
        options = {
            "quality": 95,
            "subsampling": chance.choice([0, 1, 2]),
            "progressive": chance.random() < 0.5,
            "exif": exif,
        }
        data = _saved(Image.fromarray(smooth), "JPEG", **options)
        yield Odd(f"jpeg-{orientation}.jpg", data, UPRIGHT[orientation](_shown(smooth)), 16 / 255)
    gray = smooth[..., 0]
    yield Odd(
        "jpeg-gray.jpg", _saved(Image.fromarray(gray), "JPEG", quality=95), _shown(gray[..., None]), 0.1
    )


def _netpbm(chance: random.Random, rng: np.random.Generator) -> Iterator[Odd]:
    for letter, channels, largest in ((b"P5", 1, 255), (b"P6", 3, 255), (b"P5", 1, 65535), (b"P6", 3, 65535)):
        array = _picture(chance, rng, channels, "uint8" if largest == 255 else "uint16")
        head = b"%s\n# a comment\n%d %d\n%d\n" % (letter, array.shape[1], array.shape[0], largest)
        body = array.astype(">u2").tobytes() if largest > 255 else array.tobytes()
        suffix = "pgm" if channels == 1 else "ppm"
        yield Odd(f"netpbm-{largest}-{channels}.{suffix}", head + body, _shown(array), 0.0)


def main() -> None:
    """Write all of them."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for odd in odd_pictures(int(sys.argv[2]) if len(sys.argv) > 2 else 0):
        (folder / odd.name).write_bytes(odd.data)


if __name__ == "__main__":
    main()
