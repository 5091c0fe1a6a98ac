"""What comes with a picture besides pixels, EXIF and profile: XMP, IPTC, texts, a PNG's words on colour."""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass
from typing import Any

from PIL import Image, PngImagePlugin

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_COLOUR = (b"cICP", b"gAMA", b"cHRM", b"sRGB")
_XMP_TEXT = b"XML:com.adobe.xmp\0"
_RAW_PROFILE = b"Raw profile type "  # ImageMagick's way to keep EXIF: Pillow reads it, and it travels as such
_MOST_XMP = 16 << 20
#: XMP that speaks of what lies behind the picture in its file, which does not come along.
_POINTERS = (b"hdrgm:", b"Container:Directory", b"MicroVideo", b"MotionPhoto")


@dataclass(frozen=True)
class Carried:
    """Each empty where there is none.

    Attributes:
        xmp: a packet, orientation upright.
        iptc: an IIM record, as in Photoshop's resource 0x0404.
        comment: a JPEG's.
        texts, colour: a PNG's chunks, kind and body, as they lay in the file.
    """

    xmp: bytes = b""
    iptc: bytes = b""
    comment: bytes = b""
    texts: tuple[tuple[bytes, bytes], ...] = ()
    colour: tuple[tuple[bytes, bytes], ...] = ()


NOTHING = Carried()


def split_png(data: bytes) -> tuple[bytes, Carried]:
    """A PNG without its texts, which Pillow refuses from a megabyte on, and what was taken out.

    Damage is left to the decoder to find. Nothing is unfolded but XMP, to `_MOST_XMP`.
    """
    kept, texts, colour, xmp = [data[:8]], [], [], b""
    at = 8
    while at + 12 <= len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        body, end = data[at + 8 : at + 8 + length], at + 12 + length
        if kind in _TEXTS and not body.startswith(_RAW_PROFILE) and len(body) == length:
            if body.startswith(_XMP_TEXT):
                xmp = _itxt(body)
            else:
                texts.append((kind, body))
        else:
            if kind in _COLOUR:
                colour.append((kind, body))
            kept.append(data[at:end])
        at = end
    kept.append(data[at:])
    whole = b"".join(kept) if texts or xmp else data
    return whole, Carried(_upright(xmp), texts=tuple(texts), colour=tuple(colour))


def carried_by(image: Image.Image, png: Carried | None = None) -> Carried:
    """What an opened picture holds; `png` is what was taken out of a PNG before."""
    if png is not None:
        return png
    resources = image.info.get("photoshop")
    iptc = resources.get(0x0404, b"") if isinstance(resources, dict) else b""
    comment = image.info.get("comment", b"") if image.format == "JPEG" else b""
    return Carried(_upright(_bytes(image.info.get("xmp"))), _bytes(iptc), _bytes(comment))


def carried_in_tags(tags: Any) -> Carried:
    """What the first directory of a TIFF holds, by the numbers of its tags."""
    return Carried(_upright(_bytes(tags.get(700))), _bytes(tags.get(33723)))


def has_pointers(carried: Carried) -> bool:
    """Whether its XMP speaks of a gain map or a film behind the picture."""
    return any(word in carried.xmp for word in _POINTERS)


def photoshop_segment(iptc: bytes) -> bytes:
    """A JPEG's APP13 with an IPTC record; empty for what does not fit one."""
    body = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(iptc)) + iptc
    body += b"\0" * (len(iptc) % 2)
    return b"\xff\xed" + struct.pack(">H", len(body) + 2) + body if len(body) <= 65_533 else b""


def png_info(carried: Carried, has_profile: bool) -> PngImagePlugin.PngInfo:
    """For Pillow's encoder."""
    info = PngImagePlugin.PngInfo()
    for kind, body in png_chunks(carried, has_profile):
        info.add(kind, body)
    return info


def png_chunks(carried: Carried, has_profile: bool) -> list[tuple[bytes, bytes]]:
    """Chunks for a PNG, those on colour first; a profile outdoes gAMA, cHRM and sRGB but not cICP."""
    chunks = [c for c in carried.colour if c[0] == b"cICP" or not has_profile]
    chunks += carried.texts
    if carried.xmp:
        chunks.append((b"iTXt", _XMP_TEXT + b"\0\0\0\0" + carried.xmp))
    if carried.comment:
        chunks.append((b"tEXt", b"Comment\0" + carried.comment.replace(b"\0", b" ")))
    return chunks


def left_out(carried: Carried, kind: str) -> str:
    """What a file of the format `kind` does not hold of it, for people; empty for nothing."""
    parts = []
    if carried.iptc and kind in ("PNG", "WebP"):
        parts.append("IPTC captions")
    if carried.texts and kind != "PNG":
        parts.append("PNG texts")
    if carried.comment and kind in ("WebP", "TIFF"):
        parts.append("the comment")
    if any(name == b"cICP" for name, _ in carried.colour) and kind != "PNG":
        parts.append("colour tags (cICP)")
    elif any(name == b"gAMA" for name, _ in carried.colour) and kind != "PNG":
        parts.append("gamma")
    return ", ".join(parts)


def _itxt(body: bytes) -> bytes:
    """The text of an iTXt chunk, unfolded where it is; empty for damage."""
    rest = body[len(_XMP_TEXT) :]
    folded, texts = rest[:1] == b"\1", rest[2:].split(b"\0", 2)
    if len(texts) < 3:
        return b""
    if not folded:
        return texts[2]
    try:
        return zlib.decompressobj().decompress(texts[2], _MOST_XMP)
    except zlib.error:
        return b""


def _upright(xmp: bytes) -> bytes:
    """The pixels have been turned: its word on that must not turn them again."""
    xmp = re.sub(rb'(tiff:Orientation\s*=\s*["\'])\d', rb"\g<1>1", xmp)
    return re.sub(rb"(<tiff:Orientation>\s*)\d", rb"\g<1>1", xmp)


def _bytes(value: Any) -> bytes:
    if isinstance(value, tuple) and value and all(isinstance(v, int) for v in value):
        # A TIFF's tag of LONGs, as some write IPTC.
        return (
            b"".join(struct.pack("<I", v & 0xFFFFFFFF) for v in value) if max(value) > 255 else bytes(value)
        )
    if isinstance(value, str):
        return value.encode("latin-1", "replace")
    return bytes(value) if isinstance(value, bytes | bytearray) else b""
