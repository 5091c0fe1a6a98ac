"""A plug-in as an editor loads it: its own files, a copy of the client, and compiled translations."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import scumble
from scumble.errors import ScumbleError
from scumble.files import atomic_file
from scumble.install.bundle import FOLDER, MANIFEST

from .catalogue import compile_mo, read_po

GIMP = "scumble-gimp"
KRITA = "scumble_krita"
KRITA_DOMAIN = "scumble-krita"
KRITA_BESIDE = (f"{KRITA}.desktop", f"{KRITA}.action")
"""What Krita wants beside the plug-in's folder: who it is, and its shortcuts."""
CLIENT = Path(scumble.__file__).parent
# Scripts use pyzmq, and a wheel may be there; in an editor nothing but the standard library is.
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "*.po", "*.pot", "transport_pyzmq.py")


def gimp_sources() -> Path:
    """The GIMP plug-in's own files: in the checkout, or where the package was installed.

    Raises ScumbleError `plugin-missing` where they are in neither place.
    """
    return _sources("GIMP", f"plugin_gimp/{GIMP}", GIMP, f"{GIMP}.py")


def krita_sources() -> Path:
    """The folder that holds the Krita plug-in's `scumble_krita` and its .desktop and .action files.

    Raises ScumbleError `plugin-missing` as `gimp_sources`.
    """
    return _sources("Krita", "plugin_krita", "scumble-krita", f"{KRITA}.desktop")


def _sources(editor: str, checkout: str, installed: str, needed: str) -> Path:
    places = (
        Path(__file__).resolve().parents[3] / checkout,
        Path(sys.prefix) / "share" / "scumble" / "plugins" / installed,
    )
    for folder in places:
        if (folder / needed).is_file():
            return folder
    raise ScumbleError(
        "plugin-missing",
        "The files of the {editor} plug-in are not in this installation of Scumble.",
        hint="Install Scumble again, or use the plug-in's zip file.",
        editor=editor,
    )


def assemble_gimp(folder: Path) -> Path:
    """Write the complete GIMP plug-in as ``folder/scumble-gimp`` and return that; it must not exist.

    Raises OSError, and ScumbleError `plugin-missing`.
    """
    sources = gimp_sources()
    target = folder / GIMP
    shutil.copytree(sources, target, ignore=_LEFT_OUT)
    shutil.copytree(CLIENT, target / "scumble", ignore=_LEFT_OUT)
    _compile_locale(sources / "locale", target / "locale", GIMP)
    (target / f"{GIMP}.py").chmod(0o755)  # GIMP passes over a file that is not executable
    return target


def assemble_krita(folder: Path) -> Path:
    """Write the complete Krita plug-in as ``folder/scumble_krita`` and return that; it must not exist.

    Its .desktop and .action files come to lie beside it, in `folder`.

    Raises OSError, and ScumbleError `plugin-missing`.
    """
    sources = krita_sources()
    target = folder / KRITA
    shutil.copytree(sources / KRITA, target, ignore=_LEFT_OUT)
    shutil.copytree(CLIENT, target / "lib" / "scumble", ignore=_LEFT_OUT)
    _compile_locale(sources / KRITA / "locale", target / "locale", KRITA_DOMAIN)
    for name in KRITA_BESIDE:
        shutil.copyfile(sources / name, folder / name)
    return target


def add_engine(
    plugin: Path, wheel: Path, uv: Path, lock: Path, sizes: Mapping[str, Mapping[str, int]]
) -> None:
    """Put what installs the engine into an assembled plug-in: our wheel, uv's, and the lock with hashes.

    `sizes` has ``download`` and ``room`` in bytes by build, ``cpu`` or ``cuda``. Raises OSError.
    """
    beside = plugin / "lib" if (plugin / "lib").is_dir() else plugin
    folder = beside / FOLDER
    folder.mkdir()
    for file in (wheel, uv, lock):
        shutil.copyfile(file, folder / file.name)
    manifest = {
        "version": wheel.name.split("-")[1],
        "wheel": wheel.name,
        "uv": uv.name,
        "lock": lock.name,
        "sha256": {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in (wheel, uv)},
        "sizes": {build: row["download"] for build, row in sizes.items()},
        "room": {build: row["room"] for build, row in sizes.items()},
    }
    hashes = f"scumble=={manifest['version']} \\\n    --hash=sha256:{manifest['sha256'][wheel.name]}\n"
    with (folder / lock.name).open("a", encoding="utf-8") as out:
        out.write(hashes)
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def _compile_locale(sources: Path, target: Path, domain: str) -> None:
    for po in sorted(sources.glob("*.po")):
        messages = target / po.stem / "LC_MESSAGES"
        messages.mkdir(parents=True)
        (messages / f"{domain}.mo").write_bytes(compile_mo(read_po(po)))


def zip_folder(folder: Path, archive: Path, *beside: str) -> None:
    """Pack a folder under its own name, and files that lie beside it. Raises OSError.

    The same input gives the same bytes. Folders have entries of their own: Krita's importer looks for one.
    """
    archive.parent.mkdir(parents=True, exist_ok=True)
    parent = folder.parent
    files = [folder, *sorted(folder.rglob("*")), *(parent / name for name in beside)]
    with atomic_file(archive) as whole, zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in files:
            name = file.relative_to(parent).as_posix()
            entry = zipfile.ZipInfo(f"{name}/" if file.is_dir() else name, (2025, 1, 1, 0, 0, 0))
            executable = file.is_dir() or file.stat().st_mode & 0o100
            kind = 0o040000 if file.is_dir() else 0o100000
            entry.external_attr = (kind | (0o755 if executable else 0o644)) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, b"" if file.is_dir() else file.read_bytes())
