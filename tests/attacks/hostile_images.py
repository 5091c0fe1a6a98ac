"""Pictures made by hand: small files that claim, or are, far more than they look like."""

from __future__ import annotations

import functools
import lzma
import struct
import zlib

PNG = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@functools.cache
def zeros(pieces: int) -> bytes:
    """So many times 16 MiB of zeros, deflated: a thousandth of them."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = deflate.compress(bytes(1 << 24)) + deflate.flush(zlib.Z_FULL_FLUSH)
    total = (pieces << 24) % 65_521 << 16 | 1  # Adler-32 of zeros
    return b"\x78\x9c" + piece * pieces + b"\x03\x00" + struct.pack(">I", total)


def png(width: int, height: int, content: bytes, *extra: bytes, depth: int = 8) -> bytes:
    """An RGB PNG with that deflated content, and chunks before it."""
    header = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)
    return PNG + b"".join([chunk(b"IHDR", header), *extra, chunk(b"IDAT", content), chunk(b"IEND", b"")])


def tiff(
    strip: bytes, compression: int = 1, size: tuple[int, int] = (64, 64), bits: int = 16,
    tile: tuple[int, int] | None = None, count: int = 0, loop: bool = False,
) -> bytes:  # fmt: skip
    """An RGB TIFF of one strip or tile; `count` is claimed for a tag, `loop` makes its next page itself."""
    place = [(273, 4, 1, 8), (278, 4, 1, size[1]), (279, 4, 1, len(strip))]
    if tile is not None:
        place = [(322, 4, 1, tile[0]), (323, 4, 1, tile[1]), (324, 4, 1, 8), (325, 4, 1, len(strip))]
    tags = [(256, 4, 1, size[0]), (257, 4, 1, size[1]), (258, 4, 1, bits), (259, 4, 1, compression)]
    tags += [(262, 4, 1, 2), (277, 4, 1, 3), *place]
    tags += [(700, 1, count, 8)] if count else []
    at = 8 + len(strip)
    entries = b"".join(struct.pack("<HHII", *tag) for tag in sorted(tags))
    page = struct.pack("<H", len(tags)) + entries + struct.pack("<I", at if loop else 0)
    return b"II*\0" + struct.pack("<I", at) + strip + page


def webp(width: int, height: int) -> bytes:
    """A WebP of one colour, in 32 bytes."""
    bits: list[int] = []
    for value, count in ((width - 1, 14), (height - 1, 14), (1, 1), (0, 3), (0, 3)):
        bits += [value >> i & 1 for i in range(count)]
    bits += [1, 0, 0, 0] * 5  # five codes of one symbol: a pixel needs no bit
    bits += [0] * (-len(bits) % 8)
    coded = bytes(sum(bit << i for i, bit in enumerate(bits[at : at + 8])) for at in range(0, len(bits), 8))
    return _riff(b"VP8L", b"\x2f" + coded + bytes(4))


def webp_canvas(width: int, height: int) -> bytes:
    """A WebP whose canvas claims that size, around a small picture."""
    canvas = struct.pack("<I", 0) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    inner = webp(8, 8)[12:]
    return _riff(b"VP8X", canvas, inner)


def _riff(kind: bytes, body: bytes, rest: bytes = b"") -> bytes:
    content = kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) & 1) + rest
    return b"RIFF" + struct.pack("<I", 4 + len(content)) + b"WEBP" + content


def bombs() -> dict[str, bytes]:
    """All of them by what they are."""
    gibibyte = zeros(64)
    text = chunk(b"zTXt", b"Comment\0\0" + zeros(16))
    profile = chunk(b"iCCP", b"profile\0\0" + zeros(16))
    good = zlib.compress(bytes(8 * 25))
    return {
        "PNG of 60,000 x 60,000": png(60_000, 60_000, gibibyte),
        "PNG of 2^31 x 2^31": png((1 << 31) - 1, (1 << 31) - 1, good),
        "PNG of 60,000 x 60,000 x 16 bits": png(60_000, 60_000, gibibyte, depth=16),
        "PNG of 8 x 8 and a gibibyte": png(8, 8, gibibyte),
        "PNG of 8 x 8 x 16 bits and a gibibyte": png(8, 8, gibibyte, depth=16),
        "PNG with a text of 256 MiB": png(8, 8, good, text),
        "PNG with a profile of 256 MiB": png(8, 8, good, profile),
        "TIFF of 60,000 x 60,000": tiff(bytes(100), size=(60_000, 60_000), bits=8),
        "TIFF of 60,000 x 60,000 x 16 bits": tiff(bytes(100), size=(60_000, 60_000)),
        "TIFF with a deflated gibibyte": tiff(gibibyte, 8),
        "TIFF with a deflated gibibyte, 8 bits": tiff(gibibyte, 8, bits=8),
        "TIFF with 256 MiB by LZMA": tiff(lzma.compress(bytes(1 << 28), preset=0), 34925),
        "TIFF with 256 MiB by PackBits": tiff(b"\x81\0" * (1 << 21), 32773),
        "TIFF with a tile of 60,000 x 60,000": tiff(gibibyte, 8, tile=(60_000, 60_000)),
        "TIFF with a tag of 2^32 bytes": tiff(bytes(64 * 64 * 6), count=(1 << 32) - 1),
        "TIFF that is its own next page": tiff(bytes(64 * 64 * 6), loop=True),
        "WebP of 16,383 x 16,383 in 32 bytes": webp(16_383, 16_383),
        "WebP with a canvas of 2^24 x 2^24": webp_canvas(1 << 24, 1 << 24),
        "WebP with a canvas of 60,000 x 60,000": webp_canvas(60_000, 60_000),
    }
