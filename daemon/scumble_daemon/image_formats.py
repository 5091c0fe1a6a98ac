"""Which image formats are written and read, by extension. Imports nothing large: `--help` is quick."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from scumble.errors import ScumbleError

EXTENSIONS = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".png": "PNG",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WebP",
}
"""What is written."""

_RAW = ("3fr arw cr2 cr3 crw dcr dng erf fff iiq kdc mef mos mrw nef nrw orf pef raf raw "
        "rw2 rwl sr2 srf srw x3f")  # fmt: skip
RAW = frozenset(f".{name}" for name in _RAW.split())
"""Files of cameras that have not been developed."""

_KINDS = {
    **dict.fromkeys((".heic", ".heif", ".hif"), "HEIC"),
    **dict.fromkeys(RAW, "raw"),
    ".exr": "EXR",
    ".avif": "AVIF",
    ".jxl": "JPEG XL",
    **dict.fromkeys((".jp2", ".j2k", ".jpx", ".jpf"), "JPEG 2000"),
    **dict.fromkeys((".psd", ".psb"), "PSD"),
    **dict.fromkeys((".xcf", ".kra", ".ora", ".afphoto", ".clip"), "layered files of an editor"),
    **dict.fromkeys((".svg", ".pdf", ".eps", ".ai"), "vector"),
    **dict.fromkeys((".hdr", ".tga", ".dds", ".ico", ".pcx", ".fits", ".dcm", ".jxr", ".qoi"), "other image"),
    **dict.fromkeys((".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi"), "video"),
}
_READERS = {"HEIC": ("pillow-heif", "pillow_heif"), "raw": ("rawpy", "rawpy"), "EXR": ("OpenEXR", "OpenEXR")}
"""By kind the package that reads it, and the module that it brings."""


def extra_for(kind: str) -> str:
    """The command that installs what reads this kind; empty where nothing does, or it is installed."""
    name, module = _READERS.get(kind, ("", ""))
    return f"pip install {name}" if name and not is_installed(module) else ""


def way_out(path: Path) -> str:
    """What to do with a file that is no image to us, by its name: one sentence, or nothing."""
    kind = kind_of(path.suffix)
    hint = "Export it as PNG or TIFF in the program that made it." if kind else ""
    if kind == "video":
        hint = "A film is painted by scumble video."
    return hint


def kind_of(suffix: str) -> str:
    """What a file of that extension is, for people, where it is not one of `EXTENSIONS`; else empty."""
    return _KINDS.get(suffix.lower(), "")


def is_installed(module: str) -> bool:
    """Whether a module could be imported; it is not."""
    return importlib.util.find_spec(module) is not None


def _readable() -> frozenset[str]:
    read = {*EXTENSIONS, ".gif", ".bmp", ".ppm", ".pgm", ".pnm", ".avif", ".psd"}
    for suffix, kind in _KINDS.items():
        if kind in _READERS and is_installed(_READERS[kind][1]):
            read.add(suffix)
    return frozenset(read)


READABLE = _readable()
"""Those that a folder is searched for; a file that is named may have any."""


def output_format(path: Path) -> str:
    """`JPEG`, `PNG`, `TIFF` or `WebP`, by extension. Raises ScumbleError `unsupported-format`."""
    kind = EXTENSIONS.get(path.suffix.lower())
    if kind is None:
        raise ScumbleError(
            "unsupported-format",
            "{file} ends in {suffix}, which is no format that Scumble writes."
            if path.suffix
            else "{file} has no extension of a format that Scumble writes.",
            hint="Use one of {choices}.",
            file=path,
            suffix=path.suffix,
            choices=", ".join(EXTENSIONS),
        )
    return kind
