"""PNG with sixteen bits per sample, written here because Pillow writes at most eight for RGB."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import numpy as np

_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
_UP = 2
_STRIP_BYTES = 1 << 22


def write_png16(
    file: BinaryIO,
    array: np.ndarray,
    *,
    profile: bytes | None = None,
    exif: bytes | None = None,
    dpi: tuple[float, float] | None = None,
    chunks: Sequence[tuple[bytes, bytes]] = (),
) -> None:
    """Write an HxWxC uint16 array (C: 1 gray, 2 gray+alpha, 3 RGB, 4 RGBA) as a PNG.

    `exif` are TIFF-structured bytes, with or without the `Exif` prefix of JPEG; `chunks` are further ones.
    """
    height, width, channels = array.shape
    file.write(b"\x89PNG\r\n\x1a\n")
    header = struct.pack(">IIBBBBB", width, height, 16, _COLOUR_TYPES[channels], 0, 0, 0)
    _write_chunk(file, b"IHDR", header)
    for kind, body in chunks:
        _write_chunk(file, kind, body)
    if profile:
        _write_chunk(file, b"iCCP", b"ICC profile\0\0" + zlib.compress(profile))
    if dpi:
        per_metre = [max(1, round(float(d) / 0.0254)) for d in dpi]
        _write_chunk(file, b"pHYs", struct.pack(">IIB", *per_metre, 1))
    if exif:
        _write_chunk(file, b"eXIf", exif.removeprefix(b"Exif\0\0"))
    compressor = zlib.compressobj(4, zlib.DEFLATED, 15, 9, zlib.Z_FILTERED)
    for strip in _filtered_strips(array):
        compressed = compressor.compress(strip)
        if compressed:
            _write_chunk(file, b"IDAT", compressed)
    _write_chunk(file, b"IDAT", compressor.flush())
    _write_chunk(file, b"IEND", b"")


def _filtered_strips(array: np.ndarray) -> Iterator[bytes]:
    """Rows as bytes, each minus the row above it: what deflate finds small in photographs."""
    height = array.shape[0]
    row_bytes = array.shape[1] * array.shape[2] * 2
    rows_per_strip = max(1, _STRIP_BYTES // row_bytes)
    above = np.zeros((1, row_bytes), np.uint8)
    for top in range(0, height, rows_per_strip):
        samples = array[top : top + rows_per_strip].astype(">u2")
        rows = samples.reshape(samples.shape[0], -1).view(np.uint8)
        strip = np.empty((rows.shape[0], row_bytes + 1), np.uint8)
        strip[:, 0] = _UP
        np.subtract(rows, np.concatenate([above, rows[:-1]]), out=strip[:, 1:])
        above = rows[-1:]
        yield strip.tobytes()


def _write_chunk(file: BinaryIO, kind: bytes, body: bytes) -> None:
    file.write(struct.pack(">I", len(body)) + kind + body)
    file.write(struct.pack(">I", zlib.crc32(body, zlib.crc32(kind))))
