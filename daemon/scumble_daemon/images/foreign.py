"""Pictures that neither Pillow nor tifffile decodes: known by their bytes, read by an extra or refused."""

from __future__ import annotations

import io
from typing import Any, NamedTuple

import numpy as np

from scumble.errors import ScumbleError

from ..image_formats import RAW, extra_for
from .limits import check_size
from .transfer import srgb_of

_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
_RAW_HEADS = (
    b"FUJIFILMCCD-RAW",
    b"IIU\0",
    b"IIRO",
    b"IIRS",
    b"MMOR",
    b"FOVb",
    b"\0MRM",
    b"II\x1a\0\0\0HEAPCCDR",
)
_CFA, _LINEAR_RAW = 32803, 34892
_DNG_VERSION = 50706


class Foreign(NamedTuple):
    """HxWxC samples, upright; bytes of its EXIF, profile and XMP, empty for none; and notes."""

    array: np.ndarray
    exif: bytes
    profile: bytes | None
    xmp: bytes
    notes: tuple[str, ...]
    kind: str


def kind_of_data(data: bytes, name: str) -> str:
    """`HEIC`, `JPEG XL`, `JPEG 2000`, `EXR` or `raw`; empty for what others decode, or nobody."""
    brand = data[8:12] if data[4:8] == b"ftyp" else b""
    if brand == b"crx " or data.startswith(_RAW_HEADS) or data[8:12] == b"CR\x02\0":
        return "raw"
    if brand in _HEIF_BRANDS and b"avif" not in data[8:64]:
        return "HEIC"
    if data.startswith((b"\xff\x0a", b"\0\0\0\x0cJXL ")):
        return "JPEG XL"
    if data.startswith((b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51")):
        return "JPEG 2000"
    if data.startswith(b"v/1\x01"):
        return "EXR"
    if data[:4] in (b"II*\0", b"MM\0*") and _holds_raw(data, name):
        return "raw"
    return ""


def decode_foreign(data: bytes, name: str, kind: str, most_pixels: int) -> Foreign:
    """Decode by the extra for this kind.

    Raises ScumbleError `unsupported-format` where there is none, or it is not installed, and whatever
    the decoder raises for damage.
    """
    command = extra_for(kind)
    decode = {"HEIC": _heic, "raw": _raw, "EXR": _exr}.get(kind)
    if decode is None or command:
        hint = "Install what reads it: {command}" if command else "Save it as TIFF, PNG or JPEG first."
        if kind == "raw":
            hint = "Develop it first in a raw converter, or install what does: {command}"
        raise ScumbleError(
            "unsupported-format",
            "{file} is a picture of the kind {kind}.",
            hint=hint,
            file=name,
            kind=kind,
            command=command,
        )
    return decode(data, name, most_pixels)


def _heic(data: bytes, name: str, most_pixels: int) -> Foreign:
    import pillow_heif

    image = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=False)
    check_size(name, *image.size, most_pixels)
    array = np.asarray(image)
    notes = []
    transfer = (image.info.get("nclx_profile") or {}).get("transfer_characteristics", 0)
    if transfer in (16, 18):
        notes.append(f"{name} is HDR: its values are stylized as they are, and no format here says so.")
    profile = image.info.get("icc_profile") or None
    exif, xmp = image.info.get("exif") or b"", image.info.get("xmp") or b""
    if array.ndim == 2:
        array = array[..., None]
    return Foreign(array, exif, profile, xmp, tuple(notes), "HEIC")


def _raw(data: bytes, name: str, most_pixels: int) -> Foreign:
    import rawpy

    with rawpy.imread(io.BytesIO(data)) as raw:
        check_size(name, raw.sizes.width, raw.sizes.height, most_pixels)
        array = raw.postprocess(use_camera_wb=True, output_bps=16)
    note = f"{name} was developed with the camera's white balance: a raw converter does it as you like."
    return Foreign(array, b"", None, b"", (note,), "raw")


def _exr(data: bytes, name: str, most_pixels: int) -> Foreign:
    import tempfile
    from pathlib import Path

    import OpenEXR

    with tempfile.TemporaryDirectory(prefix="scumble-") as folder:  # it reads files only
        path = Path(folder) / "picture.exr"
        path.write_bytes(data)
        header: Any = OpenEXR.File(str(path), header_only=True).header()
        low, high = header["dataWindow"]
        check_size(name, int(high[0] - low[0] + 1), int(high[1] - low[1] + 1), most_pixels)
        channels = OpenEXR.File(str(path)).channels()
    pixels = next((channels[key].pixels for key in ("RGBA", "RGB") if key in channels), None)
    if pixels is None and "Y" in channels:
        pixels = channels["Y"].pixels[..., None]
    if pixels is None:
        found = ", ".join(sorted(channels)[:6])
        raise ScumbleError(
            "unsupported-format",
            "{file} holds no red, green and blue, but {found}.",
            hint="Export it as RGB.",
            file=name,
            found=found,
        )
    array = pixels.astype(np.float32)
    colour = array[..., : 3 if array.shape[2] >= 3 else 1]
    colour[...] = srgb_of(colour)
    note = f"{name} was brought from linear light to sRGB."
    return Foreign(array, b"", None, b"", (note,), "EXR")


def _holds_raw(data: bytes, name: str) -> bool:
    """Whether a TIFF is what a camera's sensor saw, with a small picture in front."""
    import tifffile

    try:
        with tifffile.TiffFile(io.BytesIO(data)) as tiff:
            first = tiff.pages.first
            if _DNG_VERSION in first.tags or first.photometric in (_CFA, _LINEAR_RAW):
                return True
            if first.subifds and any(
                p.aspage().photometric in (_CFA, _LINEAR_RAW) for p in first.pages or ()
            ):
                return True
            return name.lower().endswith(tuple(RAW - {".raw"})) and bool(first.subfiletype & 1)
    except Exception:  # damage is for the decoder to find
        return False
